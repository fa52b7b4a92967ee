#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/render/colour.hpp"
#include "core/text.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::env(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto found = ask_about(call.targets().front(), rpc::method::env);
  if (!found)
    return fail(std::move(found.error()));
  const nlohmann::json variables = found->value("environment", nlohmann::json::object());
  if (call.out().behaviour().json)
    return call.out().data(variables.dump() + "\n");
  std::string text;
  for (const auto& [name, value] : variables.items())
    text += name + ": " + painted(printable(value.get<std::string>()), colour::green, call.out().data_canvas().coloured)
            + "\n";
  return call.out().data(text);
}

} // namespace procvisor::cli
