#include "cli/set.hpp"

namespace procvisor::cli {

result<exit_code> run::conf(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  const auto& typed = call.targets();
  if (typed.size() == 2)
    return change_settings(call, {{typed[0], typed[1]}});
  return print_settings(call, typed.empty() ? "" : typed.front());
}

} // namespace procvisor::cli
