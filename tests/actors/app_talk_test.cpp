// What an app's actor says and hears on the IPC channel of its program.
#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "actors/app.hpp"
#include "actors/app_talk.hpp"
#include "fixture.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

/// An app's actor whose program is this test, at the other end of the channel.
struct talk_fixture : actor_fixture {
  static constexpr pid_t nobody = 0x3fff'fff0; ///< no process has this number: signals to it go nowhere
  os::unique_fd program;                       ///< of the newest launch
  generation newest{};
  shared_offers offers;
  std::string journal;

  launcher_actor launcher = sys.spawn([](launcher_actor::pointer) -> launcher_actor::behavior_type {
    return {[](const launch_order&) {}, [](const reap_order&) {},
            [](const claim_launch&) {}, [](const deposit_state&) {},
            [](const look_order&) {},   [](const keep_socket&) {},
            [](const end_keeper&) {},   [](const give_way_to&) -> std::string { return {}; },
            [](const fd_ready&) {}};
  });
  tree_ender_actor tree_ender = sys.spawn([](tree_ender_actor::pointer) -> tree_ender_actor::behavior_type {
    return {[](const tree_order&) {}, [](const tree_settled&) {}, [](const orphans_seen&) {}, [](const fd_ready&) {}};
  });
  recorder_link_actor recorder = sys.spawn([this](recorder_link_actor::pointer) -> recorder_link_actor::behavior_type {
    return {[this](const recorder_packet& packet) { journal += packet.json + "\n"; },
            [](const tail_stderr&) { return std::string{}; },
            [](const recorder_order&) { return order_outcome{}; },
            [](const save_file&) { return std::string{}; },
            [](const new_recorder&) {},
            [](const fd_ready&) {}};
  });
  registry_actor registry = sys.spawn([this](registry_actor::pointer self) -> registry_actor::behavior_type {
    return {[](const start_apps&) { return outcome{}; },
            [](const act_on&) { return outcome{}; },
            [](const dump_list&) { return dumped{}; },
            [](const resurrect_list&) { return outcome{}; },
            [](const scale_app&) { return outcome{}; },
            [](const pass_on_to&) { return outcome{}; },
            [](const find_processes&) { return found_processes{}; },
            [](const process_changed&) {},
            [this](const offers_changed& changed) { offers = changed.offers; },
            [](const process_removed&) {},
            [this, self](const launch_order& order) {
              int ends[2];
              REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
              program.reset(ends[0]);
              newest = order.gen;
              self->send(caf::actor_cast<app_actor>(self->current_sender()),
                         launch_done{order.gen, nobody, std::make_shared<os::unique_fd>(ends[1])});
            },
            [](const reap_order&) {},
            [](const held_launches&) {},
            [](const recorder_restarted&) {},
            [](const hold_connections&) {},
            [](const files_changed&) {},
            [](const watch_trouble&) {},
            [](const memory_exceeded&) {},
            [](const app_said&) {},
            [](const follow_events&) { return true; }};
  });
  std::shared_ptr<app_spec> spec = std::make_shared<app_spec>();
  app_actor app;

  talk_fixture() {
    spec->name = "web";
    spec->exec_path = "/bin/true";
    spec->cwd = "/";
    spec->treekill = false;
    spec->wait_ready = true;
    spec->shutdown_with_message = true;
  }
  ~talk_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(app), caf::actor_cast<caf::actor>(launcher),
                            caf::actor_cast<caf::actor>(recorder), caf::actor_cast<caf::actor>(tree_ender),
                            caf::actor_cast<caf::actor>(registry)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  template <class Request>
  std::shared_ptr<std::vector<app_answer>> ask(Request request) {
    auto answers = std::make_shared<std::vector<app_answer>>();
    sys.spawn([=, this](caf::event_based_actor* self) {
      self->request(app, caf::infinite, request)
          .then([=](const app_answer& answer) { answers->push_back(answer); }, [](const caf::error&) {});
    });
    loop.run_until_quiet();
    return answers;
  }
  std::shared_ptr<std::vector<app_answer>> start() {
    app = sys.spawn<app_impl>(
        app_setup{
            .id = process_id{3}, .spec = spec, .caller = std::make_shared<environment>(), .home = "/home", .state = {}},
        launcher, recorder, tree_ender, cron_scheduler_actor{}, registry);
    return ask(app_request{app_verb::start});
  }
  void say(std::string_view text) {
    REQUIRE(::write(program.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    loop.run_until_quiet();
  }
  std::string hear() {
    std::array<char, 4096> buffer;
    const ssize_t got = ::read(program.get(), buffer.data(), buffer.size());
    return got > 0 ? std::string{buffer.data(), static_cast<size_t>(got)} : "";
  }
  void exits() {
    caf::anon_send(app, process_exited{newest, {0, 0}});
    loop.run_until_quiet();
  }
  size_t complaints() const {
    size_t count = 0;
    for (auto at = journal.find("IPC channel"); at != std::string::npos; at = journal.find("IPC channel", at + 1))
      ++count;
    return count;
  }
};

constexpr const char* offers_hi = "{\"type\":\"axm:action\",\"data\":{\"action_name\":\"hi\"}}\n";

} // namespace

TEST_CASE_FIXTURE(talk_fixture,
                  "app: with wait_ready its start is answered when it says ready, in one piece or in two") {
  const auto answers = start();
  loop.advance(2s);
  CHECK(answers->empty());
  say("\"rea");
  CHECK(answers->empty());

  say("dy\"\n\"ready\"\n");

  REQUIRE(answers->size() == 1);
  CHECK(!answers->front().failure);
  CHECK(answers->front().view.status == process_status::online);
}

TEST_CASE_FIXTURE(talk_fixture, "app: one that is not ready in time answers with a failure, and runs on") {
  const auto answers = start();
  loop.advance(3s);

  REQUIRE(answers->size() == 1);
  REQUIRE(answers->front().failure);
  CHECK(answers->front().failure->code == exit_code::not_ready);
  CHECK(answers->front().view.status == process_status::online);
}

TEST_CASE_FIXTURE(talk_fixture, "app: shutdown_with_message says so, and a closed channel makes it a signal") {
  start();
  say("\"ready\"\n");
  const auto stopped = ask(app_request{app_verb::stop});
  CHECK(hear() == "\"shutdown\"\n");
  exits();
  CHECK(stopped->size() == 1);

  ask(app_request{app_verb::start});
  program.reset();
  loop.run_until_quiet();
  ask(app_request{app_verb::stop});
  loop.advance(1600ms);
  CHECK(journal.find("sending SIGKILL") != std::string::npos); // it went the usual way
}

TEST_CASE_FIXTURE(talk_fixture, "app: a trigger reaches the program and is answered by its reply") {
  start();
  say(std::string{"\"ready\"\n"} + offers_hi);
  REQUIRE(offers);
  CHECK(offers->actions.size() == 1);

  const auto answers = ask(pass_on{action_order{"hi", "a b"}});
  CHECK(hear() == "{\"msg\":\"hi\",\"opts\":\"a b\"}\n");
  CHECK(answers->empty());
  say("{\"type\":\"axm:reply\",\"data\":{\"action_name\":\"other\",\"return\":0}}\n");
  CHECK(answers->empty());
  say("{\"type\":\"axm:reply\",\"data\":{\"action_name\":\"hi\",\"return\":{\"a\":1}}}\n");

  REQUIRE(answers->size() == 1);
  CHECK(answers->front().reply == "{\"a\":1}");
  say("{\"type\":\"axm:reply\",\"data\":{\"action_name\":\"hi\",\"return\":2}}\n"); // nobody waits
  CHECK(ask(pass_on{action_order{"ho", {}}})->front().failure->code == exit_code::not_found);
}

TEST_CASE_FIXTURE(talk_fixture, "app: a trigger without a reply fails after its limit, or when the program ends") {
  start();
  say(std::string{"\"ready\"\n"} + offers_hi);
  const auto slow = ask(pass_on{action_order{"hi", {}}});
  loop.advance(reply_limit - 1ms);
  CHECK(slow->empty());
  loop.advance(1ms);
  REQUIRE(slow->size() == 1);
  CHECK(slow->front().failure->what == "'web' has not replied within 10 s");

  const auto cut = ask(pass_on{action_order{"hi", {}}});
  exits();
  REQUIRE(cut->size() == 1);
  CHECK(cut->front().failure->what == "it ended before it replied to 'hi'");
  CHECK(offers->actions.empty());
}

TEST_CASE_FIXTURE(talk_fixture, "app: garbage and a message that is too large are dropped, and said once") {
  start();
  const auto bytes = std::string(100'000, 'x');
  for (int i = 0; i < 12; ++i)
    say(bytes);
  say("\nno json\n{\n");
  CHECK(complaints() == 1);

  say(offers_hi);
  REQUIRE(offers);
  CHECK(offers->actions.size() == 1);
}

TEST_CASE_FIXTURE(talk_fixture, "app: what a program says in the moment of its end still counts") {
  const auto answers = start();
  const std::string text = "\"ready\"\n";
  REQUIRE(::write(program.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  caf::anon_send(app, process_exited{newest, {0, 0}});
  loop.run_until_quiet();

  REQUIRE(answers->size() == 1);
  CHECK(!answers->front().failure);
}
