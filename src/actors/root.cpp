#include "actors/root.hpp"

#include <poll.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <caf/init_global_meta_objects.hpp>
#include <fmt/format.h>

#include "actors/cron_scheduler.hpp"
#include "actors/file_watcher.hpp"
#include "actors/memory_guard.hpp"
#include "actors/recorder_link.hpp"
#include "actors/registry.hpp"
#include "actors/rpc_server.hpp"
#include "actors/sampler.hpp"
#include "actors/support.hpp"
#include "actors/tree_ender.hpp"
#include "core/version.hpp"
#include "os/heap.hpp"
#include "os/limits.hpp"
#include "os/memfd.hpp"
#include "os/pidfd.hpp"
#include "os/signals.hpp"
#include "os/tree_memory.hpp"
#include "os/zones.hpp"

namespace procvisor {

namespace {

std::string_view described_origin(keeper::origin from, uint32_t restarts) {
  switch (from) {
    case keeper::origin::lost:
      return ", after the loss of another one with all that it held";
    case keeper::origin::handed_over:
      return ", which was a daemon until its keeper was lost";
    case keeper::origin::updated:
      return ", which has taken the place of an older one";
    case keeper::origin::returned:
      return ", which is back, for the newer one could not go on";
    case keeper::origin::new_home:
      break;
  }
  return restarts > 0 ? ", in place of one that has died" : "";
}

memory_guard_state::measure measure_by(std::shared_ptr<const os::launch_cgroups> cgroups) {
  return [cgroups = std::move(cgroups),
          proc = std::make_shared<const os::procfs>()](const std::vector<memory_entry>& entries) {
    std::vector<os::limited_tree> trees;
    for (const auto& one : entries)
      trees.push_back(
          {one.pid, cgroups->of_launch(static_cast<uint32_t>(one.id), static_cast<uint64_t>(one.gen)), one.limit});
    return os::tree_memory(*proc, trees);
  };
}

} // namespace

root_state::root_state(root_actor::pointer self, daemon_setup setup) : self_(self), listener_(setup.listener) {
  const auto me = caf::actor_cast<root_actor>(self);
  recorder_ = self->spawn<recorder_link_impl, caf::monitored>(setup.recorder);
  launcher_ = self->spawn<launcher_impl, caf::monitored>(setup.launcher, recorder_, me);
  tree_ender_ = self->spawn<tree_ender_impl, caf::monitored>(setup.home, launcher_, recorder_, setup.launcher->cgroups);
  cron_ = self->spawn<cron_scheduler_impl, caf::monitored>(os::find_time_zone, make_wall_alarm);
  file_watcher_ = self->spawn<file_watcher_impl, caf::monitored>();
  memory_guard_ = self->spawn<memory_guard_impl, caf::monitored>(measure_by(setup.launcher->cgroups));
  registry_ = self->spawn<registry_impl, caf::monitored>(setup.home, std::move(setup.state),
                                                         registry_peers{.launcher = launcher_,
                                                                        .recorder = recorder_,
                                                                        .tree_ender = tree_ender_,
                                                                        .cron = cron_,
                                                                        .file_watcher = file_watcher_,
                                                                        .memory_guard = memory_guard_});
  sampler_ = self->spawn<sampler_impl, caf::monitored>();
  peers_ = {registry_,
            sampler_,
            recorder_,
            launcher_,
            me,
            setup.home,
            setup.keeper_pid,
            setup.keeper_version,
            setup.from == keeper::origin::returned,
            std::make_shared<const std::vector<std::string>>(setup.found)};
  self->send(recorder_, journal_packet(severity::info, "procvisor", getpid(),
                                       fmt::format("daemon {} started by keeper {}{}", version(), setup.keeper_pid,
                                                   described_origin(setup.from, setup.restarts))));
  for (const auto& line : setup.found)
    self->send(recorder_, journal_packet(severity::warning, "procvisor", getpid(), line));
}

root_actor::behavior_type root_state::make_behavior() {
  keep_quiet(self_);
  self_->set_down_handler([this](const caf::down_msg& down) {
    self_->send(recorder_, journal_packet(severity::error, "procvisor", getpid(),
                                          fmt::format("an actor failed: {}", caf::to_string(down.reason))));
    end_all(caf::exit_reason::kill);
  });
  return {
      [this](const end_everything&) {
        self_->send(recorder_, journal_packet(severity::info, "procvisor", getpid(), "ending, as asked"));
        self_->send(launcher_, end_keeper{});
        end_all(caf::exit_reason::user_shutdown);
      },
      [this](const terminate_requested&) {
        self_->request(registry_, caf::infinite, act_on{.verb = app_verb::remove, .everything = true})
            .then([this](const outcome&) { self_->send(self_, end_everything{}); },
                  [this](const caf::error&) { self_->send(self_, end_everything{}); });
      },
      [this](const keeper_lost&) { end_all(caf::exit_reason::kill); },
      [this](const held_launches& held) { on_held(held); },
      [this](const recorder_restarted& again) { self_->send(registry_, again); },
      [this](const hold_connections& order) { return self_->delegate(registry_, order); },
  };
}

void root_state::on_held(const held_launches& held) {
  self_->send(registry_, held);
  if (listener_) // a request comes after what has just been sent
    rpc_server_ = self_->spawn<rpc_server_impl, caf::monitored>(std::exchange(listener_, {}), peers_);
}

void root_state::end_all(caf::exit_reason reason) {
  self_->set_down_handler([](const caf::down_msg&) {});
  // In the order of the messages that are still under way to them: the launcher tells the keeper, the recorder_link
  // passes on the last lines.
  self_->send_exit(rpc_server_, reason);
  self_->send_exit(sampler_, reason);
  self_->send_exit(registry_, reason);
  self_->send_exit(cron_, reason);
  self_->send_exit(file_watcher_, reason);
  self_->send_exit(memory_guard_, reason);
  self_->send_exit(tree_ender_, reason);
  self_->send_exit(launcher_, reason);
  self_->send_exit(recorder_, reason);
  self_->quit(reason);
}

namespace {

/// The first packet of the keeper, which it has sent before it created this process.
std::optional<os::packet> receive_hello(int socket) {
  pollfd ready{socket, POLLIN, 0};
  while (poll(&ready, 1, -1) < 0 && errno == EINTR) {
  }
  return os::receive_packet(socket);
}

} // namespace

namespace {

/// Everything that held them is gone: what is on disk says what there was, and the processes themselves what there is.
void find_survivors(daemon_setup& setup) {
  auto read = read_state_after_loss(setup.home + "/state.json");
  auto found = survivors_of(std::move(read.state), setup.home, read.is_of_this_boot);
  setup.state = std::move(found.state);
  setup.launcher->survivors = std::move(found.alive);
  setup.found = std::move(read.notes);
  setup.found.insert(setup.found.end(), found.notes.begin(), found.notes.end());
}

} // namespace

int run_daemon(const std::string& home, int keeper_fd) {
  // It ends when the keeper says so: a signal to a whole session or machine is the keeper's to hear.
  os::ignore_signals({SIGHUP, SIGINT, SIGTERM, SIGPIPE});
  os::return_large_blocks();
  os::unique_fd keeper_socket{keeper_fd};
  auto received = receive_hello(keeper_fd);
  keeper::hello hello;
  if (!received || received->bytes.size() != sizeof hello || received->fds.size() < 3)
    return static_cast<int>(exit_code::other);
  std::memcpy(&hello, received->bytes.data(), sizeof hello);
  if (hello.what != keeper::op::hello || hello.version != keeper::wire_version)
    return static_cast<int>(exit_code::other);

  auto launcher = std::make_shared<launcher_setup>();
  launcher->home = home;
  launcher->keeper = std::move(keeper_socket);
  launcher->report = std::move(received->fds[1]);
  launcher->capacity = hello.capacity;
  launcher->open_files = os::raise_open_files();
  // The variable is for tests of what is done where there are no cgroups.
  launcher->cgroups =
      std::make_shared<os::launch_cgroups>(home, std::getenv("PROCVISOR_TEST_WITHOUT_CGROUPS") == nullptr);
  launcher->listener = received->fds[0].get();
  launcher->keeper_end = os::open_pidfd(hello.keeper_pid);
  launcher->restarts = hello.restarts;
  launcher->losses = hello.losses;
  launcher->losses_since = hello.losses_since;
  daemon_setup setup{.home = home,
                     .keeper_pid = hello.keeper_pid,
                     .keeper_version = {hello.program_version.data(),
                                        ::strnlen(hello.program_version.data(), hello.program_version.size())},
                     .restarts = hello.restarts,
                     .from = hello.from,
                     .launcher = std::move(launcher),
                     .recorder = std::make_shared<os::unique_fd>(std::move(received->fds[2])),
                     .listener = std::make_shared<os::unique_fd>(std::move(received->fds[0])),
                     .state = {},
                     .found = {}};
  if (received->fds.size() > 3)
    setup.state = replay_state(os::read_whole(received->fds[3].get())).state;
  else if (hello.from == keeper::origin::lost)
    find_survivors(setup);

  caf::init_global_meta_objects<caf::id_block::procvisor_daemon>();
  loop_config config;
  caf::actor_system system{config};
  system.await_actors_before_shutdown(false);
  system.spawn<root_impl>(std::move(setup));
  event_loop::of(system).run();
  return static_cast<int>(exit_code::done);
}

} // namespace procvisor
