// Random commands, crashes, deaths of the daemon and delays, against a machine of make-believe: whatever happens in
// whatever order, no process is there twice, everybody is answered, and the end is what was asked for last.
#include <doctest/doctest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "actors/registry.hpp"
#include "fixture.hpp"
#include "os/memfd.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

constexpr std::array app_names = {"web", "mail", "cron"};

/// The machine below the registry: keeper, launcher and tree_ender at once. What it has to say it says when the test
/// wants it to.
struct model_fixture : actor_fixture {
  struct process {
    generation gen{};
    pid_t pid = 0;
    app_actor app;
    bool is_told = false; ///< the app knows of it; its end comes after that
    bool is_over = false;
    bool is_deaf = false; ///< to everything but SIGKILL
    bool is_ending = false;
    exit_status status{};
  };
  struct wish {
    bool is_up = false;
    bool is_listed = false;
    std::optional<size_t> count = {}; ///< by a scale that nothing has made uncertain since
  };

  std::mt19937 random;
  std::map<process_id, process> alive_or_zombie;
  std::vector<std::function<void()>> to_happen;
  std::map<std::string, wish> wishes;
  shared_fd deposited;
  pid_t newest_pid = 0x3000'0000; ///< no process has such a number: signals to it go nowhere
  size_t asked = 0;
  size_t answered = 0;
  size_t launches = 0;
  std::string broken; ///< what ought never to be, and was

  unsigned below(unsigned limit) { return std::uniform_int_distribution<unsigned>{0, limit - 1}(random); }
  bool once_in(unsigned times) { return below(times) == 0; }
  void must(bool holds, const std::string& what) {
    if (!holds && broken.empty())
      broken = what;
  }

  void end(process_id id, generation gen, exit_status status) {
    const auto at = alive_or_zombie.find(id);
    if (at == alive_or_zombie.end() || at->second.gen != gen || at->second.is_over)
      return;
    if (!at->second.is_told) {
      to_happen.push_back([this, id, gen, status] { end(id, gen, status); });
      return;
    }
    at->second.is_over = true;
    at->second.status = status;
    if (at->second.app)
      caf::anon_send(at->second.app, process_exited{gen, status, once_in(2)});
  }
  void end_later(process_id id, exit_status status) {
    auto& one = alive_or_zombie.at(id);
    if (status.signal != SIGKILL && std::exchange(one.is_ending, true))
      return;
    to_happen.push_back([this, id, gen = one.gen, status] { end(id, gen, status); });
  }

  launcher_actor launcher = sys.spawn([this](launcher_actor::pointer self) -> launcher_actor::behavior_type {
    return {
        [this, self](const launch_order& order) {
          const auto app = caf::actor_cast<app_actor>(self->current_sender());
          ++launches;
          must(!alive_or_zombie.contains(order.id), "launched although the last one was not reaped");
          alive_or_zombie[order.id] = {.gen = order.gen, .pid = ++newest_pid, .app = app, .is_deaf = once_in(5)};
          to_happen.push_back([this, app, order, pid = newest_pid] {
            if (const auto at = alive_or_zombie.find(order.id);
                at != alive_or_zombie.end() && at->second.gen == order.gen)
              at->second.is_told = true;
            caf::anon_send(app, launch_done{order.gen, pid});
          });
        },
        [this](const reap_order& order) {
          const auto at = alive_or_zombie.find(order.id);
          if (at == alive_or_zombie.end() || at->second.gen != order.gen)
            return; // said twice
          must(at->second.is_over, "reaped although it is alive");
          alive_or_zombie.erase(at);
        },
        [this, self](const claim_launch& claim) {
          const auto at = alive_or_zombie.find(claim.id);
          if (at == alive_or_zombie.end() || at->second.gen != claim.gen)
            return;
          at->second.app = caf::actor_cast<app_actor>(self->current_sender());
          if (at->second.is_over)
            caf::anon_send(at->second.app, process_exited{claim.gen, at->second.status, once_in(2)});
        },
        [](const look_order&) {},
        [](const keep_socket&) {},
        [this](const deposit_state& deposit) { deposited = deposit.file; },
        [](const end_keeper&) {},
        [](const give_way_to&) -> std::string { return {}; },
        [](const fd_ready&) {},
    };
  });
  tree_ender_actor tree_ender = sys.spawn([this](tree_ender_actor::pointer self) -> tree_ender_actor::behavior_type {
    return {
        [this, self](const tree_order& order) {
          const auto at = alive_or_zombie.find(order.id);
          if (at == alive_or_zombie.end() || at->second.gen != order.gen)
            return;
          if (order.leader_is_over) {
            const auto app = caf::actor_cast<app_actor>(self->current_sender());
            to_happen.push_back([app, gen = order.gen] { caf::anon_send(app, tree_ended{gen, 1}); });
          } else if (order.signal == SIGKILL || !at->second.is_deaf) {
            end_later(order.id, {0, order.signal});
          }
        },
        [](const tree_settled&) {},
        [](const orphans_seen&) {},
        [](const fd_ready&) {},
    };
  });
  recorder_link_actor recorder = sys.spawn([](recorder_link_actor::pointer) -> recorder_link_actor::behavior_type {
    return {[](const recorder_packet&) {},
            [](const tail_stderr&) { return std::string{}; },
            [](const recorder_order&) { return order_outcome{}; },
            [](const save_file&) { return std::string{}; },
            [](const new_recorder&) {},
            [](const fd_ready&) {}};
  });
  registry_actor registry = sys.spawn<registry_impl>(
      "/home", saved_state{}, registry_peers{.launcher = launcher, .recorder = recorder, .tree_ender = tree_ender});

  explicit model_fixture(unsigned seed) : random(seed) {
    caf::anon_send(registry, held_launches{});
    loop.run_until_quiet();
  }
  ~model_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(registry), caf::actor_cast<caf::actor>(launcher),
                            caf::actor_cast<caf::actor>(recorder), caf::actor_cast<caf::actor>(tree_ender)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  /// Nobody waits for the answer before the next command.
  template <class Question>
  void ask(Question question) {
    ++asked;
    sys.spawn([this, question](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, question)
          .then([this](const outcome&) { ++answered; }, [this](const caf::error&) { ++answered; });
    });
    loop.run_until_quiet();
  }
  static shared_spec spec_of(const std::string& name) {
    auto spec = std::make_shared<app_spec>();
    spec->name = name;
    spec->exec_path = "/bin/true";
    spec->cwd = "/";
    spec->instances = 2;
    spec->max_restarts = 1'000'000;
    return spec;
  }

  void start(const std::string& name) {
    ask(start_apps{{spec_of(name)}, std::make_shared<environment>(), when_running::restart, once_in(2)});
    wishes[name] = {.is_up = true, .is_listed = true};
  }
  void act(const std::string& name, app_verb verb) {
    auto& wished = wishes[name];
    if (!wished.is_listed)
      return; // or it would overtake the delete where that is still under way
    ask(act_on{.verb = verb, .targets = {name}, .until_they_run = once_in(2)});
    if (verb != app_verb::reset)
      wished.count.reset(); // what is being deleted by a scale stays if it is asked for something else
    if (verb == app_verb::remove)
      wished = {};
    else if (verb != app_verb::reset)
      wished.is_up = verb != app_verb::stop;
  }
  void scale(const std::string& name) {
    auto& wished = wishes[name];
    if (!wished.is_up)
      return; // the new ones would be up, and the others not
    const auto wanted = 1 + below(4);
    ask(scale_app{name, static_cast<int>(wanted), false});
    wished.count = wanted;
  }
  void crash() {
    if (alive_or_zombie.empty())
      return;
    auto at = alive_or_zombie.begin();
    std::advance(at, below(static_cast<unsigned>(alive_or_zombie.size())));
    end_later(at->first, once_in(2) ? exit_status{static_cast<int>(below(3)), 0} : exit_status{0, SIGKILL});
  }
  /// The daemon is killed, and the next one goes on from what the keeper holds.
  void lose_daemon() {
    caf::anon_send_exit(registry, caf::exit_reason::kill);
    loop.run_until_quiet();
    for (auto& [id, one] : alive_or_zombie)
      one.app = app_actor{}, one.is_told = true;
    auto earlier = deposited ? replay_state(os::read_whole(deposited->get())).state : saved_state{};
    held_launches held;
    for (const auto& [id, one] : alive_or_zombie)
      held.launches.push_back({id, one.gen, one.pid, one.is_over, one.status, {}});
    registry =
        sys.spawn<registry_impl>("/home", std::move(earlier),
                                 registry_peers{.launcher = launcher, .recorder = recorder, .tree_ender = tree_ender});
    caf::anon_send(registry, std::move(held));
    loop.run_until_quiet();
  }
  void let_happen() {
    if (to_happen.empty())
      return;
    const auto which = below(static_cast<unsigned>(to_happen.size()));
    const auto what = std::move(to_happen[which]);
    to_happen.erase(to_happen.begin() + which);
    what();
    loop.run_until_quiet();
  }
  void settle() {
    for (int i = 0; i < 200; ++i) {
      while (!to_happen.empty())
        let_happen();
      loop.advance(1s);
    }
  }

  void one_step(bool with_scale) {
    const std::string name = app_names[below(app_names.size())];
    switch (below(20)) {
      case 0:
      case 1:
        return start(name);
      case 2:
        return act(name, app_verb::start);
      case 3:
        return act(name, app_verb::stop);
      case 4:
        return act(name, app_verb::restart);
      case 5:
        return act(name, app_verb::remove);
      case 6:
        return act(name, app_verb::reset);
      case 7:
        return with_scale ? scale(name) : crash();
      case 8:
      case 9:
        return crash();
      case 10:
        return loop.advance(std::chrono::milliseconds{below(3000)});
      case 11:
        if (once_in(10))
          lose_daemon();
        return;
      default:
        return let_happen();
    }
  }

  std::map<std::string, std::vector<process_view>> listed() {
    std::map<std::string, std::vector<process_view>> all;
    sys.spawn([&, this](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, find_processes{})
          .then(
              [&](const found_processes& found) {
                for (const auto& one : found.processes)
                  all[one.spec->name].push_back(one.view);
              },
              [](const caf::error&) {});
    });
    loop.run_until_quiet();
    return all;
  }
};

void run_model(unsigned seed, int steps) {
  CAPTURE(seed);
  model_fixture machine{seed};
  for (int i = 0; i < steps && machine.broken.empty(); ++i) {
    CAPTURE(i);
    machine.one_step(true);
  }
  REQUIRE_MESSAGE(machine.broken.empty(), machine.broken);

  machine.settle();

  REQUIRE_MESSAGE(machine.broken.empty(), machine.broken);
  CHECK(machine.answered == machine.asked);
  CHECK(machine.launches > static_cast<size_t>(steps) / 50);
  auto listed = machine.listed();
  size_t running = 0;
  for (const std::string name : app_names) {
    CAPTURE(name);
    const auto& wished = machine.wishes[name];
    const auto& found = listed[name];
    CHECK(found.empty() == !wished.is_listed);
    if (wished.count && wished.is_up)
      CHECK(found.size() == *wished.count);
    for (const auto& one : found) {
      CHECK(one.status == (wished.is_up ? process_status::online : process_status::stopped));
      const auto at = machine.alive_or_zombie.find(one.id);
      CHECK((at != machine.alive_or_zombie.end()) == wished.is_up);
      if (at != machine.alive_or_zombie.end()) {
        CHECK(at->second.pid == one.pid);
        CHECK_FALSE(at->second.is_over);
        ++running;
      }
    }
  }
  CHECK(machine.alive_or_zombie.size() == running); // nobody runs that is not listed
}

} // namespace

TEST_CASE("lifecycle model: whatever happens in whatever order, it ends as was asked for last") {
  if (const char* seed = std::getenv("PROCVISOR_TEST_SEED")) {
    run_model(static_cast<unsigned>(std::strtoul(seed, nullptr, 10)), 2000);
    return;
  }
  for (unsigned seed = 1; seed <= 20; ++seed)
    run_model(seed, 300);
  const auto seed = std::random_device{}();
  MESSAGE("PROCVISOR_TEST_SEED=", seed, " repeats the last one");
  run_model(seed, 2000);
}
