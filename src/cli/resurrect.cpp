#include <cstdlib>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/boot.hpp"
#include "cli/conclude.hpp"
#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/outcome.hpp"
#include "cli/saved_list.hpp"
#include "config/moved_interpreters.hpp"
#include "os/home.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::resurrect(invocation& call) {
  bool is_at_boot = false;
  call.flag("--boot", is_at_boot, "as init systems run it: nothing saved is no failure, and systemd is told the end");
  if (auto ended = call.parse())
    return *ended;
  auto place = os::find_home();
  if (!place)
    return fail(std::move(place.error()));
  auto list = !call.targets().empty() ? read_list_file(call.targets().front())
              : is_at_boot            ? list_at_boot(*place)
                                      : read_saved_list(*place);
  if (!list)
    return fail(std::move(list.error()));
  const char* search_path = std::getenv("PATH");
  for (std::string& note : config::find_moved_interpreters(list->state, search_path != nullptr ? search_path : ""))
    list->warnings.push_back(std::move(note));
  for (const std::string& warning : list->warnings)
    call.out().warn(warning);
  auto daemon = start_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (is_at_boot)
    if (auto own = check_is_own(*daemon); !own)
      return fail(std::move(own.error()));

  auto answer = daemon->call(rpc::method::resurrect, {{"state", list_file_text(list->state)}}, rpc::unlimited);
  if (!answer)
    return fail(std::move(answer.error()));
  outcome reached;
  reached.add(*answer);
  for (const error& e : list->left_out)
    reached.add_failure({}, e);
  const auto skipped = answer->value("skipped", std::vector<std::string>{});
  if (!skipped.empty())
    call.out().warn(fmt::format("in the list already, and left as it is: {}", fmt::join(skipped, ", ")));
  if (is_at_boot)
    if (auto told = tell_systemd(*daemon); !told)
      return fail(std::move(told.error()));
  return conclude(call, *daemon, reached, "resurrected");
}

} // namespace procvisor::cli
