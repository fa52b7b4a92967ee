#include <fmt/format.h>

#include "cli/invocation.hpp"
#include "cli/show_list.hpp"

namespace procvisor::cli {

result<exit_code> run::pid(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto found = call.targets().empty() ? list_of_all() : list_of_target(call.targets().front());
  if (!found)
    return fail(std::move(found.error()));
  bool is_json = call.out().behaviour().json;
  std::string text;
  for (const rpc::process_row& row : found->processes)
    text += fmt::format("{}{}", row.pid, is_json ? "," : "\n");
  if (is_json) {
    if (!text.empty())
      text.pop_back();
    text = fmt::format("[{}]\n", text);
  }
  return call.out().data(text);
}

} // namespace procvisor::cli
