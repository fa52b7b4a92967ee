#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/saved_list.hpp"
#include "os/home.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::cleardump(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto place = os::find_home();
  if (!place)
    return fail(std::move(place.error()));
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (*daemon) {
    if (auto answer = (*daemon)->call(rpc::method::cleardump, nlohmann::json::object(), rpc::unlimited); !answer)
      return fail(std::move(answer.error()));
  } else if (auto written = write_empty_list(*place); !written) {
    return fail(std::move(written.error()));
  }
  call.out().talk(fmt::format("the list in {} is empty now", place->dump));
  return exit_code::done;
}

} // namespace procvisor::cli
