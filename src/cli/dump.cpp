#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/saved_list.hpp"
#include "os/home.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::dump(invocation& call) {
  bool is_forced = false;
  call.flag("-f,--force", is_forced, "save the list even where it is empty");
  if (auto ended = call.parse())
    return *ended;
  auto place = os::find_home();
  if (!place)
    return fail(std::move(place.error()));
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));

  size_t saved = 0;
  if (*daemon) {
    auto answer = (*daemon)->call(rpc::method::dump, {{"force", is_forced}}, rpc::unlimited);
    if (!answer)
      return fail(std::move(answer.error()));
    saved = answer->value("saved", size_t{0});
  } else if (is_forced) {
    if (auto written = write_empty_list(*place); !written)
      return fail(std::move(written.error()));
  }
  if (saved == 0 && !is_forced) {
    call.out().warn(fmt::format("the list is empty: '{}' is left as it is; --force saves the empty list", place->dump));
    return exit_code::done;
  }
  call.out().talk(fmt::format("saved {} {} in {}", saved, saved == 1 ? "process" : "processes", place->dump));
  return exit_code::done;
}

} // namespace procvisor::cli
