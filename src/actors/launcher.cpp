#include "actors/launcher.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "actors/recorder_link.hpp"
#include "actors/support.hpp"
#include "keeper/inheritance.hpp"
#include "os/mounts.hpp"

namespace procvisor {

namespace {

constexpr int keeper_end_takes_ms = 500; ///< at most, of one that is being killed

keeper::launch_key key_of(const launch_order& order) {
  return {.id = static_cast<uint32_t>(order.id), .padding = 0, .generation = static_cast<uint64_t>(order.gen)};
}

/// One struct of the keeper's wire out of a packet that may hold several.
template <class T>
T read_as(std::span<const std::byte> bytes) {
  T packet;
  std::memcpy(&packet, bytes.data(), sizeof packet);
  return packet;
}

bool is_transient(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

/// The ends of a launch's descriptors that are the child's, and of its IPC channel the other one.
struct child_descriptors {
  os::unique_fd in;
  os::output_pipe out;
  os::output_pipe err;
  std::vector<int> passed; ///< of launch_order::sockets
  os::unique_fd channel;   ///< the child's end; empty: it gets none
  shared_fd our_channel;
};

/// nullopt: errno says why.
std::optional<child_descriptors> make_descriptors(bool with_channel) {
  child_descriptors made;
  made.in = os::make_input_pipe();
  auto out = made.in ? os::make_output_pipe() : std::nullopt;
  auto err = out ? os::make_output_pipe() : std::nullopt;
  if (!err)
    return std::nullopt;
  made.out = std::move(*out);
  made.err = std::move(*err);
  if (!with_channel)
    return made;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return std::nullopt;
  made.our_channel = std::make_shared<os::unique_fd>(ends[0]);
  made.channel.reset(ends[1]);
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) // of ours alone: what the child's end does is the program's affair
    return std::nullopt;
  return made;
}

os::spawn_plan plan_of(const launch_order& order, const launch_recipe& recipe, const child_descriptors& fds, int report,
                       const rlimit& open_files) {
  const auto& spec = *order.spec;
  os::spawn_plan plan;
  plan.path = recipe.path();
  plan.argv = recipe.argv();
  plan.envp = recipe.envp();
  plan.cwd = spec.cwd.c_str();
  plan.in_fd = fds.in.get();
  plan.out_fd = fds.out.child_end.get();
  plan.err_fd = fds.err.child_end.get();
  plan.passed_fds = fds.passed;
  plan.channel_fd = fds.channel.get();
  plan.pid_text = recipe.pid_text();
  plan.report_fd = report;
  plan.key = key_of(order);
  plan.open_files = open_files;
  plan.uid = spec.uid;
  plan.gid = spec.gid;
  if (spec.gid)
    plan.groups = std::span{&*spec.gid, 1};
  plan.wait_for_exec = !spec.uid && !os::may_block(spec.cwd) && !os::may_block(plan.path);
  return plan;
}

} // namespace

launcher_state::launcher_state(launcher_actor::pointer self, std::shared_ptr<launcher_setup> setup,
                               recorder_link_actor recorder, root_actor root)
  : self_(self), recorder_(std::move(recorder)), root_(std::move(root)), loop_(event_loop::of(self->system())),
    home_(setup->home), keeper_(loop_, std::move(setup->keeper), caf::weak_actor_ptr{self->ctrl()}),
    report_(std::move(setup->report)), open_files_(setup->open_files), capacity_(setup->capacity),
    setup_(std::move(setup)), cgroups_(setup_->cgroups), makes_cgroups_(cgroups_->are_made()) {
  cgroups_->sweep(); // what the last daemon has left empty
}

launcher_actor::behavior_type launcher_state::make_behavior() {
  keep_quiet(self_);
  return {
      [this](const launch_order& order) { on_order(order); },
      [this](const reap_order& order) {
        reap({.id = static_cast<uint32_t>(order.id), .padding = 0, .generation = static_cast<uint64_t>(order.gen)});
      },
      [this](const look_order&) {
        looking_ = caf::actor_cast<tree_ender_actor>(self_->current_sender());
        keeper_.send(bytes_of(keeper::notice{.what = keeper::op::look, .key = {}}));
      },
      [this](const claim_launch& claim) { on_claim(claim); },
      [this](const deposit_state& state) {
        state_ = state.file;
        const std::array fds{state.file->get()};
        keeper_.send(bytes_of(keeper::notice{.what = keeper::op::state, .key = {}}), fds);
      },
      [this](const keep_socket& socket) { keep(socket); },
      [this](const give_way_to& order) {
        auto answer = self_->make_response_promise<std::string>();
        on_give_way(order, answer);
        return answer;
      },
      [this](const end_keeper&) {
        keeper_.send(bytes_of(keeper::notice{.what = keeper::op::end, .key = {}}));
        keeper_.drain(); // this process ends now, and without that word the keeper would start another one
        cgroups_->sweep();
        self_->quit();
      },
      [this](const fd_ready& ready) { on_ready(ready); },
  };
}

void launcher_state::on_order(const launch_order& order) {
  if (is_leaving_)
    return;
  auto app = caf::actor_cast<app_actor>(self_->current_sender());
  if (waiting_.empty() && keeper_.is_drained())
    create(order, app);
  else
    waiting_.emplace_back(order, std::move(app));
}

void launcher_state::create(const launch_order& order, const app_actor& app) {
  if (held_.size() >= capacity_) {
    refuse(app, order, fmt::format("the keeper can hold {} processes, and so many there are", capacity_), 0);
    return;
  }
  auto fds = make_descriptors(has_channel(*order.spec));
  if (!fds) {
    const int why = errno;
    refuse(app, order, fmt::format("making its pipes failed: {}", ::strerrordesc_np(why)), why);
    return;
  }
  if (order.sockets)
    for (const auto& socket : *order.sockets)
      fds->passed.push_back(socket->get());
  const auto key = key_of(order);
  std::vector<int> deposit{fds->out.read_end.get(), fds->err.read_end.get()};
  if (fds->our_channel)
    deposit.push_back(fds->our_channel->get());
  auto& held = held_.insert_or_assign({key.id, key.generation}, known_launch{.app = app}).first->second;
  if (fds->our_channel)
    held.channel = os::duplicate(fds->our_channel->get());
  keeper_.send(bytes_of(keeper::intend{.fd_count = static_cast<uint32_t>(deposit.size()), .key = key}), deposit);

  const auto recipe = recipe_for(*order.spec, *order.caller, {order.id, order.gen, order.instance, home_});
  const auto plan = plan_of(order, recipe, *fds, report_.get(), open_files_);
  auto child = spawn(order, plan);
  if (!child && child.error().stage == os::spawn_stage::report && child.error().error == EPIPE)
    return; // the keeper is lost: the next daemon makes this launch, which is written down
  if (!child) {
    fail_launch(app, order, child.error());
    reap(key);
    return;
  }
  keeper_.send(bytes_of(keeper::launched{.pid = child->pid, .key = key}));
  held.pid = child->pid;
  held.start_ticks = start_of(child->pid);
  tell_recorder(order, child->pid, std::move(fds->out.read_end), std::move(fds->err.read_end));
  if (!plan.wait_for_exec) {
    auto& slow =
        slow_.emplace_back(slow_launch{watched_fd{loop_, std::move(child->outcome), caf::weak_actor_ptr{self_->ctrl()}},
                                       child->pid, fds->our_channel, order, app});
    slow.outcome.arm(EPOLLIN);
    return;
  }
  self_->send(app, launch_done{order.gen, child->pid, fds->our_channel, held.start_ticks});
}

/// In a cgroup of its own where it is to have one and can.
tl::expected<os::spawned, os::spawn_error> launcher_state::spawn(const launch_order& order, os::spawn_plan plan) {
  auto made = makes_cgroups_ && order.spec->treekill
                  ? cgroups_->make(static_cast<uint32_t>(order.id), static_cast<uint64_t>(order.gen))
                  : std::nullopt;
  if (!made)
    return spawner_.spawn(plan);
  plan.cgroup_fd = made->fd.get();
  auto child = spawner_.spawn(plan);
  const bool is_in_it = child || child.error().pid > 0 || is_transient(child.error().error);
  if (is_in_it) {
    held_.at({static_cast<uint32_t>(order.id), static_cast<uint64_t>(order.gen)}).cgroup = std::move(made->folder);
    return child;
  }
  // A hierarchy that processes may not be created in: a container's clone3, a threaded cgroup, processes beside controllers.
  makes_cgroups_ = false;
  os::remove_cgroup(made->folder);
  self_->send(recorder_, journal_packet(severity::info, "procvisor", getpid(),
                                        fmt::format("apps get no cgroups: creating a process in '{}' failed: {}",
                                                    made->folder, ::strerrordesc_np(child.error().error))));
  plan.cgroup_fd = -1;
  return spawner_.spawn(plan);
}

void launcher_state::refuse(const app_actor& app, const launch_order& order, std::string reason, int error) {
  self_->send(app, launch_refused{order.gen, std::move(reason), is_transient(error)});
}

void launcher_state::fail_launch(const app_actor& app, const launch_order& order, const os::spawn_error& failure) {
  const auto recipe = recipe_for(*order.spec, *order.caller, {order.id, order.gen, order.instance, home_});
  const auto plan = plan_of(order, recipe, {}, -1, open_files_);
  if (failure.pid > 0)
    keeper_.send(bytes_of(keeper::launched{.pid = failure.pid, .key = key_of(order)}));
  refuse(app, order, os::describe(failure, plan), failure.error);
}

void launcher_state::reap(const keeper::launch_key& key) {
  const auto at = held_.find({key.id, key.generation});
  if (at == held_.end())
    return; // done before: the exit of a launch that failed may be told after its end is known
  if (!at->second.cgroup.empty())
    os::remove_cgroup(at->second.cgroup);
  held_.erase(at);
  keeper_.send(bytes_of(keeper::reap{.key = key}));
}

void launcher_state::tell_recorder(const launch_order& order, pid_t pid, os::unique_fd out, os::unique_fd err) {
  self_->send(
      recorder_,
      open_packet(order.id, order.gen, pid, *order.spec, resolve_log_paths(*order.spec, order.id, home_),
                  {std::make_shared<os::unique_fd>(std::move(out)), std::make_shared<os::unique_fd>(std::move(err))}));
}

void launcher_state::on_ready(const fd_ready& ready) {
  if (!keeper_.owns(ready)) {
    settle_slow_launch([&](const slow_launch& one) { return one.outcome.token() == ready.token; });
    return;
  }
  if (!keeper_.on_ready([this](os::packet& received) { on_packet(received); })) {
    leave([this] {
      succeed_keeper();
      self_->send(root_, keeper_lost{});
    });
    return;
  }
  while (!is_leaving_ && !waiting_.empty() && keeper_.is_drained()) {
    const auto [order, app] = std::move(waiting_.front());
    waiting_.pop_front();
    create(order, app);
  }
}

void launcher_state::settle_slow_launch(const std::function<bool(const slow_launch&)>& is_it) {
  const auto at = std::ranges::find_if(slow_, is_it);
  if (at == slow_.end())
    return;
  const auto slow = std::move(*at);
  slow_.erase(at);
  if (const auto failure = os::read_outcome(slow.outcome.get(), slow.pid)) {
    fail_launch(slow.app, slow.order, *failure);
    reap(key_of(slow.order));
    return;
  }
  self_->send(slow.app, launch_done{slow.order.gen, slow.pid, slow.channel, start_of(slow.pid)});
}

void launcher_state::on_packet(os::packet& received) {
  std::span<const std::byte> bytes{received.bytes};
  if (bytes.size() < sizeof(keeper::op))
    return;
  switch (read_as<keeper::op>(bytes)) {
    case keeper::op::exited:
      for (; bytes.size() >= sizeof(keeper::exited); bytes = bytes.subspan(sizeof(keeper::exited)))
        on_exited(read_as<keeper::exited>(bytes));
      return;
    case keeper::op::peer:
      if (received.fds.size() == 1)
        self_->send(recorder_, new_recorder{std::make_shared<os::unique_fd>(std::move(received.fds.front()))});
      self_->send(root_, recorder_restarted{});
      return;
    case keeper::op::terminate:
      self_->send(root_, terminate_requested{});
      return;
    case keeper::op::held:
      if (bytes.size() >= sizeof(keeper::held))
        on_held(read_as<keeper::held>(bytes), std::move(received.fds));
      return;
    case keeper::op::orphans:
      if (bytes.size() >= sizeof(keeper::orphans))
        on_orphans(bytes);
      return;
    case keeper::op::socket:
      on_held_socket(received);
      return;
    case keeper::op::held_all:
      adopt_survivors();
      if (adopted_)
        self_->send(root_, std::move(*adopted_));
      adopted_.reset();
      return;
    case keeper::op::leave:
      leave([this] {
        keeper_.drain();
        ::_exit(0); // as by a kill, but for what `leave` has waited for
      });
      return;
    case keeper::op::refused:
      if (asker_) {
        const auto why = bytes.subspan(std::min(sizeof(keeper::notice), bytes.size()));
        asker_->deliver(std::string(reinterpret_cast<const char*>(why.data()), why.size()));
        asker_.reset();
      }
      return;
    case keeper::op::rejected:
    case keeper::op::adopt:
    case keeper::op::update:
    case keeper::op::state:
    case keeper::op::hello:
    case keeper::op::intend:
    case keeper::op::launched:
    case keeper::op::reap:
    case keeper::op::look:
    case keeper::op::end:
    case keeper::op::reopen:
      return;
  }
}

void launcher_state::on_held(const keeper::held& left, std::vector<os::unique_fd> fds) {
  auto& held = held_.insert_or_assign({left.key.id, left.key.generation}, known_launch{.pid = left.pid}).first->second;
  held.start_ticks = left.is_foster != 0 ? left.start_ticks : start_of(left.pid);
  if (left.is_foster != 0)
    held.cgroup = cgroups_->of_launch(left.key.id, left.key.generation);
  else if (left.pid > 0)
    held.cgroup = cgroups_->of(left.pid);
  if (fds.size() > 2)
    held.channel = os::duplicate(fds[2].get());
  held_launch launch{.id = process_id{left.key.id},
                     .gen = generation{left.key.generation},
                     .pid = left.pid,
                     .is_over = left.is_over != 0,
                     .status = {left.exit_code, left.signal},
                     .start_ticks = held.start_ticks,
                     .is_foster = left.is_foster != 0};
  for (auto& fd : fds)
    launch.fds.push_back(std::make_shared<os::unique_fd>(std::move(fd)));
  if (adopted_)
    adopted_->launches.push_back(std::move(launch));
  else
    self_->send(root_, held_launches{{std::move(launch)}});
}

void launcher_state::keep(const keep_socket& socket) {
  if (socket.text.size() > keeper::held_socket::longest)
    return;
  const keeper::held_socket first{.length = static_cast<uint32_t>(socket.text.size())};
  std::string packet{bytes_of(first)};
  packet += socket.text;
  std::vector<int> fds;
  if (socket.fd)
    fds.push_back(socket.fd->get());
  keeper_.send(packet, fds);
  if (socket.fd)
    sockets_.insert_or_assign(socket.text, os::duplicate(socket.fd->get()));
  else
    sockets_.erase(socket.text);
}

void launcher_state::on_held_socket(os::packet& received) {
  if (!adopted_ || received.bytes.size() < sizeof(keeper::held_socket) || received.fds.size() != 1)
    return;
  const auto* text = reinterpret_cast<const char*>(received.bytes.data()) + sizeof(keeper::held_socket);
  std::string socket_text{text, received.bytes.size() - sizeof(keeper::held_socket)};
  sockets_.insert_or_assign(socket_text, os::duplicate(received.fds.front().get()));
  adopted_->sockets.push_back(
      {std::move(socket_text), std::make_shared<os::unique_fd>(std::move(received.fds.front()))});
}

uint64_t launcher_state::start_of(pid_t pid) const {
  const auto seen = pid > 0 ? proc_.stat(pid) : std::nullopt; // the keeper has not reaped it, so the number is its own
  return seen ? seen->start_ticks : 0;
}

void launcher_state::adopt_survivors() {
  for (auto& one : std::exchange(setup_->survivors, {})) {
    const keeper::launch_key key{
        .id = static_cast<uint32_t>(one.id), .padding = 0, .generation = static_cast<uint64_t>(one.gen)};
    if (!adopted_ || held_.contains({key.id, key.generation}) || held_.size() >= capacity_)
      continue; // a daemon before this one has got so far
    const std::array fds{one.pidfd.get(), one.out.get(), one.err.get()};
    keeper_.send(
        bytes_of(keeper::adopt{.pid = one.pid, .key = key, .parent = one.parent, .start_ticks = one.start_ticks}), fds);
    auto& held = held_[{key.id, key.generation}];
    held.pid = one.pid;
    held.start_ticks = one.start_ticks;
    held.cgroup = cgroups_->of_launch(key.id, key.generation);
    adopted_->launches.push_back({.id = one.id,
                                  .gen = one.gen,
                                  .pid = one.pid,
                                  .fds = {std::make_shared<os::unique_fd>(std::move(one.out)),
                                          std::make_shared<os::unique_fd>(std::move(one.err))},
                                  .start_ticks = one.start_ticks,
                                  .is_foster = true,
                                  .is_taken_back = true});
  }
}

void launcher_state::on_give_way(const give_way_to& order, caf::typed_response_promise<std::string> answer) {
  if (asker_) {
    answer.deliver(std::string{"another update is under way"});
    return;
  }
  asker_ = std::move(answer);
  const std::array fds{order.program->get()};
  keeper_.send(bytes_of(keeper::notice{.what = keeper::op::update, .key = {}}), fds);
}

template <class F>
void launcher_state::leave(F end) {
  if (std::exchange(is_leaving_, true))
    return;
  self_->request(root_, caf::infinite, hold_connections{}).then([end] { end(); }, [end](const caf::error&) { end(); });
}

void launcher_state::succeed_keeper() {
  constexpr uint32_t too_many_losses = 30; // in ten seconds: the next keeper counts them
  if (!state_ || setup_->losses >= too_many_losses)
    return; // nothing was taken over yet: the next command starts a keeper, which finds everything by state.json
  // Its descriptors are closed before its children have got their next parent, whom the next keeper has to know.
  pollfd ended{setup_->keeper_end.get(), POLLIN, 0};
  ::poll(&ended, 1, keeper_end_takes_ms);
  keeper::inheritance what;
  what.head.from = keeper::inherited_from::daemon;
  what.head.listening = setup_->listener;
  what.head.state = state_->get();
  what.head.daemon_restarts = setup_->restarts + 1;
  what.head.recorder_restarts = setup_->restarts + 1;
  what.head.losses = setup_->losses;
  what.head.losses_since = setup_->losses_since;
  what.head.open_files = open_files_.rlim_cur;
  what.head.open_files_hard = open_files_.rlim_max;
  std::vector<survivor> alive; // whose descriptors stay open until execve
  for (const auto& [key, held] : held_) {
    const auto& [id, gen] = key;
    const instance_mark mark{process_id{id}, generation{gen}};
    const bool is_known = held.pid > 0; // otherwise the keeper would have told it, of a launch of an earlier daemon's
    const pid_t pid = is_known ? held.pid : find_launch(proc_, home_, mark).value_or(0);
    auto one = hold_survivor(proc_, mark, pid, is_known ? held.start_ticks : start_of(pid));
    if (!one)
      continue; // its exit status is lost with the keeper
    what.launches.push_back({.key = {.id = id, .padding = 0, .generation = gen},
                             .pid = one->pid,
                             .is_foster = 1,
                             .foster_parent = one->parent,
                             .start_ticks = one->start_ticks,
                             .pidfd = one->pidfd.get(),
                             .out = one->out.get(),
                             .err = one->err.get(),
                             .channel = held.channel.get()});
    alive.push_back(std::move(*one));
  }
  for (const auto& [text, fd] : sockets_)
    what.sockets.push_back({text, fd.get()});
  const os::unique_fd own{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  keeper::exec_keeper(own.get(), std::move(what));
}

void launcher_state::on_claim(const claim_launch& claim) {
  const auto at = held_.find({static_cast<uint32_t>(claim.id), static_cast<uint64_t>(claim.gen)});
  if (at == held_.end())
    return;
  at->second.app = caf::actor_cast<app_actor>(self_->current_sender());
  if (const auto ended = std::exchange(at->second.unclaimed_exit, {}))
    self_->send(at->second.app, *ended);
}

void launcher_state::on_orphans(std::span<const std::byte> bytes) {
  const auto head = read_as<keeper::orphans>(bytes);
  bytes = bytes.subspan(sizeof head);
  if (head.is_first != 0)
    orphans_.clear();
  for (uint32_t i = 0; i < head.count && bytes.size() >= sizeof(pid_t); ++i, bytes = bytes.subspan(sizeof(pid_t)))
    orphans_.push_back(read_as<pid_t>(bytes));
  if (head.is_last != 0)
    self_->send(looking_, orphans_seen{std::exchange(orphans_, {})});
}

void launcher_state::on_exited(const keeper::exited& ended) {
  // A program may be over before its execve has been heard of.
  settle_slow_launch([&](const slow_launch& one) { return key_of(one.order) == ended.key; });
  const auto at = held_.find({ended.key.id, ended.key.generation});
  if (at == held_.end())
    return; // reaped by now
  const process_exited exit{
      generation{ended.key.generation}, {ended.exit_code, ended.signal}, ended.may_have_left != 0};
  if (at->second.app)
    self_->send(at->second.app, exit);
  else
    at->second.unclaimed_exit = exit;
}

} // namespace procvisor
