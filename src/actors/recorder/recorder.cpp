#include "actors/recorder/recorder.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <caf/init_global_meta_objects.hpp>

#include "actors/recorder/root.hpp"
#include "core/result.hpp"
#include "os/heap.hpp"
#include "os/home.hpp"
#include "os/limits.hpp"
#include "os/signals.hpp"

namespace procvisor::recorder {

int run_recorder(int keeper_fd) {
  os::unique_fd keeper{keeper_fd};
  const auto place = os::find_home();
  if (!place)
    return static_cast<int>(place.error().code);
  // It ends when the keeper does: whoever tells a whole session or machine to end still wants the last lines.
  os::ignore_signals({SIGHUP, SIGINT, SIGTERM, SIGPIPE});
  umask(0077);
  os::raise_open_files();
  os::return_large_blocks();

  caf::init_global_meta_objects<caf::id_block::procvisor_recorder>();
  loop_config config;
  drain_pool pool;
  caf::actor_system system{config};
  // An actor that nobody refers to ends; an armed fd is no reference.
  const auto root = system.spawn<root_impl>(std::move(keeper), place->daemon_log, pool);
  event_loop::of(system).run();
  return static_cast<int>(exit_code::done);
}

} // namespace procvisor::recorder
