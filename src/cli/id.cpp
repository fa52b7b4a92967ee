#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/invocation.hpp"
#include "cli/show_list.hpp"

namespace procvisor::cli {

result<exit_code> run::id(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto found = list_of_target(call.targets().front());
  std::vector<int64_t> ids;
  if (found)
    for (const rpc::process_row& row : found->processes)
      ids.push_back(row.id);
  std::string text = "[]\n"; // where there is none, for scripts that look at it; beside the error
  if (!ids.empty())
    text = call.out().behaviour().json ? fmt::format("[{}]\n", fmt::join(ids, ","))
                                       : fmt::format("[ {} ]\n", fmt::join(ids, ", "));
  auto printed = call.out().data(text);
  if (!found)
    return fail(std::move(found.error()));
  return printed;
}

} // namespace procvisor::cli
