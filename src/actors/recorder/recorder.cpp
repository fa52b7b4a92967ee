#include "actors/recorder/recorder.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include <caf/init_global_meta_objects.hpp>

#include "actors/recorder/root.hpp"
#include "core/result.hpp"
#include "keeper/keeper.hpp"
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

  // One that is still writing, of a keeper that was killed, reads the same pipes: wait until it has ended.
  const os::unique_fd turn{::open(place->path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  while (turn && ::flock(turn.get(), LOCK_EX) != 0 && errno == EINTR)
    continue;
  pollfd lost{keeper.get(), 0, 0};
  if (::poll(&lost, 1, 0) > 0 && (lost.revents & POLLHUP) != 0)
    return static_cast<int>(exit_code::done); // meanwhile the keeper was lost too: whoever follows has the same pipes

  caf::init_global_meta_objects<caf::id_block::procvisor_recorder>();
  loop_config config;
  drain_pool pool;
  caf::actor_system system{config};
  // An actor that nobody refers to ends; an armed fd is no reference.
  const bool leaves_files = std::getenv(keeper::traceless_variable) == nullptr;
  const auto root =
      system.spawn<root_impl>(std::move(keeper), leaves_files ? place->daemon_log : "/dev/null", pool, leaves_files);
  event_loop::of(system).run();
  return static_cast<int>(exit_code::done);
}

} // namespace procvisor::recorder
