#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include "actors/event_desk.hpp"
#include "actors/event_stream.hpp"
#include "fixture.hpp"

using namespace procvisor;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// One client that follows, a stand-in for the registry that has a desk, and one for the recorder that answers when it is
/// told to.
struct stream_fixture : actor_fixture {
  std::unique_ptr<event_desk> desk;
  std::vector<caf::typed_response_promise<std::string>> asked; ///< for last words
  bool lets_in = true;

  recorder_link_actor recorder =
      sys.spawn([this](recorder_link_actor::pointer self) -> recorder_link_actor::behavior_type {
        return {[](const recorder_packet&) {},
                [this, self](const tail_stderr&) -> caf::result<std::string> {
                  asked.push_back(self->make_response_promise<std::string>());
                  return asked.back();
                },
                [](const recorder_order&) { return order_outcome{}; },
                [](const save_file&) { return std::string{}; },
                [](const new_recorder&) {},
                [](const fd_ready&) {}};
      });
  registry_actor registry = sys.spawn([this](registry_actor::pointer self) -> registry_actor::behavior_type {
    desk = std::make_unique<event_desk>(self, recorder);
    self->set_down_handler([this](const caf::down_msg& down) { desk->drop(down.source); });
    return {[](const start_apps&) { return outcome{}; },
            [](const act_on&) { return outcome{}; },
            [](const pass_on_to&) { return outcome{}; },
            [](const scale_app&) { return outcome{}; },
            [](const dump_list&) { return dumped{}; },
            [](const resurrect_list&) { return outcome{}; },
            [](const find_processes&) { return found_processes{}; },
            [](const offers_changed&) {},
            [](const process_changed&) {},
            [](const process_removed&) {},
            [](const launch_order&) {},
            [](const reap_order&) {},
            [](const held_launches&) {},
            [](const recorder_restarted&) {},
            [](const hold_connections&) {},
            [](const files_changed&) {},
            [](const watch_trouble&) {},
            [](const memory_exceeded&) {},
            [](const app_said&) {},
            [this](const follow_events& wanted) { return lets_in && desk->add(wanted.follower); }};
  });
  os::unique_fd client;
  event_stream_actor stream;
  bool has_ended = false;
  listed_process web;

  stream_fixture() {
    auto spec = std::make_shared<app_spec>();
    spec->name = "web";
    web.spec = spec;
    loop.run_until_quiet();
  }
  ~stream_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(stream), caf::actor_cast<caf::actor>(registry),
                            caf::actor_cast<caf::actor>(recorder)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  void follow() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    client = os::unique_fd{ends[0]};
    stream = sys.spawn<event_stream_impl>(std::make_shared<os::unique_fd>(ends[1]), json(7), registry);
    stream->attach_functor([this] { has_ended = true; });
    loop.run_until_quiet();
  }
  /// All that has come, a message each.
  std::vector<json> read() {
    std::string text;
    std::array<char, 65536> block{};
    for (;;) {
      loop.run_until_quiet();
      const auto n = ::read(client.get(), block.data(), block.size());
      if (n <= 0)
        break;
      text.append(block.data(), static_cast<size_t>(n));
    }
    std::vector<json> messages;
    for (size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      REQUIRE(end != std::string::npos);
      messages.push_back(json::parse(text.substr(at, end - at)));
      at = end + 1;
    }
    return messages;
  }
  lifecycle in(life_phase phase, uint64_t gen, pid_t pid) const {
    lifecycle state;
    state.phase = phase;
    state.gen = generation{gen};
    state.pid = pid;
    return state;
  }
  std::string events(const std::vector<json>& messages) const {
    std::string names;
    for (const auto& one : messages)
      names += one.at("params").at("event").get<std::string>() + " ";
    return names;
  }
};

} // namespace

TEST_CASE_FIXTURE(stream_fixture, "event_stream: the reply comes first, and then what happens") {
  follow();
  desk->on_changed(web, in(life_phase::launching, 1, 0), in(life_phase::online, 1, 9));
  const auto messages = read();
  REQUIRE(messages.size() == 2);
  CHECK(messages[0]["id"] == 7);
  CHECK(messages[0]["result"] == json::object());
  CHECK(messages[1]["method"] == "event");
  CHECK(messages[1]["params"]["event"] == "online");
}

TEST_CASE_FIXTURE(stream_fixture,
                  "event_stream: a crash waits for its last words, and what comes behind it waits too") {
  follow();
  read();
  desk->on_changed(web, in(life_phase::online, 1, 9), in(life_phase::launching, 2, 0));
  desk->on_changed(web, in(life_phase::launching, 2, 0), in(life_phase::online, 2, 10));
  CHECK(read().empty());
  REQUIRE(asked.size() == 1);
  asked[0].deliver(std::string{"first\nlast"});
  const auto messages = read();
  CHECK(events(messages) == "exit start online ");
  CHECK(messages[0]["params"]["last_lines"] == json{"first", "last"});
}

TEST_CASE_FIXTURE(stream_fixture, "event_stream: a recorder that does not answer does not hold up events without end") {
  follow();
  read();
  desk->on_changed(web, in(life_phase::online, 1, 9), in(life_phase::launching, 2, 0));
  for (size_t i = 0; i < event_desk::most_waiting; ++i)
    desk->on_removed(web, {});
  CHECK(read().size() >= event_desk::most_waiting);
  asked[0].deliver(std::string{"too late"});
  loop.run_until_quiet();
}

TEST_CASE_FIXTURE(stream_fixture,
                  "event_stream: one that does not read is told so and cut off, and nothing else is lost before") {
  follow();
  const app_said large{process_id{0}, generation{1}, {"process:msg", std::string(60'000, 'x')}};
  for (size_t i = 0; i * 60'000 < event_stream_state::most_waiting + 1'000'000; ++i)
    desk->on_said(web, large);
  loop.run_until_quiet();
  const auto messages = read();
  REQUIRE(messages.size() > 1);
  CHECK(messages.back()["method"] == "end");
  CHECK(messages.back()["params"]["reason"].get<std::string>().find("too slowly") != std::string::npos);
  CHECK(has_ended);
}

TEST_CASE_FIXTURE(stream_fixture, "event_stream: one that reads nothing for 30 seconds is cut off") {
  follow();
  const app_said large{process_id{0}, generation{1}, {"process:msg", std::string(60'000, 'x')}};
  for (int i = 0; i < 20; ++i)
    desk->on_said(web, large);
  loop.run_until_quiet();
  loop.advance(29s);
  CHECK(!has_ended);
  loop.advance(1s);
  CHECK(has_ended);
}

TEST_CASE_FIXTURE(stream_fixture, "event_stream: it ends with its client, and one too many is told so") {
  follow();
  client = {};
  loop.run_until_quiet();
  CHECK(has_ended);

  lets_in = false;
  follow();
  const auto messages = read();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0]["error"]["code"] == 7);
}
