#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/invocation.hpp"
#include "cli/render/describe.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::describe(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto processes = ask_about(call.targets().front(), rpc::method::describe);
  if (!processes)
    return fail(std::move(processes.error()));
  if (call.out().behaviour().json)
    return call.out().data(processes->dump() + "\n");
  std::string text;
  for (const nlohmann::json& process : *processes)
    text += render_describe(process, call.out().data_canvas());
  return call.out().data(text);
}

} // namespace procvisor::cli
