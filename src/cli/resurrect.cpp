#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/conclude.hpp"
#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/outcome.hpp"
#include "cli/saved_list.hpp"
#include "os/home.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::resurrect(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto place = os::find_home();
  if (!place)
    return fail(std::move(place.error()));
  auto list = call.targets().empty() ? read_saved_list(*place) : read_list_file(call.targets().front());
  if (!list)
    return fail(std::move(list.error()));
  for (const std::string& warning : list->warnings)
    call.out().warn(warning);
  auto daemon = start_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));

  auto answer = daemon->call(rpc::method::resurrect, {{"state", list_file_text(list->state)}}, rpc::unlimited);
  if (!answer)
    return fail(std::move(answer.error()));
  outcome reached;
  reached.add(*answer);
  for (const error& e : list->left_out)
    reached.add_failure({}, e);
  if (const auto skipped = answer->value("skipped", std::vector<std::string>{}); !skipped.empty())
    call.out().warn(fmt::format("in the list already, and left as it is: {}", fmt::join(skipped, ", ")));
  return conclude(call, *daemon, reached, "resurrected");
}

} // namespace procvisor::cli
