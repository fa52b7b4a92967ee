#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "actors/recorder_link.hpp"
#include "fixture.hpp"
#include "os/packet_socket.hpp"

using namespace procvisor;
using namespace std::chrono_literals;
using json = nlohmann::json;

namespace {

/// The daemon's end of the talk with a recorder, which is the test.
struct link_fixture : actor_fixture {
  os::unique_fd recorder;
  recorder_link_actor link;

  link_fixture() {
    auto ends = os::make_packet_pair();
    REQUIRE(ends);
    recorder = std::move(ends->first);
    link = sys.spawn<recorder_link_impl>(std::make_shared<os::unique_fd>(std::move(ends->second)));
    loop.run_until_quiet();
  }
  ~link_fixture() {
    caf::anon_send_exit(link, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  /// The next packet for the recorder; null: there is none.
  json heard() {
    const auto packet = os::receive_packet(recorder.get());
    if (!packet || packet->bytes.empty())
      return nullptr;
    const auto* text = reinterpret_cast<const char*>(packet->bytes.data());
    return json::parse(text, text + packet->bytes.size());
  }
  void say(const json& packet) {
    const auto text = packet.dump();
    REQUIRE(os::send_packet(recorder.get(), std::as_bytes(std::span{text})) == 0);
    loop.run_until_quiet();
  }
  using answer_ptr = std::shared_ptr<std::optional<std::string>>;
  answer_ptr ask(uint32_t id, uint64_t gen) {
    auto answer = std::make_shared<std::optional<std::string>>();
    sys.spawn([=, this](caf::event_based_actor* self) {
      self->request(link, caf::infinite, tail_stderr{process_id{id}, generation{gen}, 20})
          .then([=](std::string& text) { *answer = std::move(text); }, [](const caf::error&) {});
    });
    loop.run_until_quiet();
    return answer;
  }
};

} // namespace

TEST_CASE_FIXTURE(link_fixture, "recorder_link: each question for last lines gets its own answer") {
  const auto first = ask(3, 7);
  const auto second = ask(4, 1);
  const auto first_packet = heard();
  const auto second_packet = heard();
  CHECK(first_packet["op"] == "tail");
  CHECK(first_packet["id"] == 3);
  CHECK(first_packet["generation"] == 7);
  CHECK(first_packet["lines"] == 20);

  say({{"op", "tail"}, {"tag", second_packet["tag"]}, {"text", "of four\n"}});
  CHECK(!first->has_value());
  CHECK(second->value() == "of four\n");
  say({{"op", "tail"}, {"tag", first_packet["tag"]}, {"text", "of three\n"}});
  CHECK(first->value() == "of three\n");
}

TEST_CASE_FIXTURE(link_fixture, "recorder_link: a stalled recorder is not waited for, and its late answer is dropped") {
  const auto asked = ask(3, 7);
  loop.advance(499ms);
  CHECK(!asked->has_value());

  loop.advance(1ms);
  CHECK(asked->value().empty());
  const auto packet = heard();
  say({{"op", "tail"}, {"tag", packet["tag"]}, {"text", "late\n"}});
  say({{"op", "tail"}, {"tag", packet["tag"]}, {"text", "and again\n"}});

  CHECK(asked->value().empty());
  CHECK(ask(3, 7)->has_value() == false); // and it goes on
}

TEST_CASE_FIXTURE(link_fixture, "recorder_link: a recorder that is gone answers nothing, at once") {
  const auto before = ask(3, 7);
  recorder.reset();
  loop.run_until_quiet();
  CHECK(before->value().empty());

  CHECK(ask(3, 7)->value().empty());
  CHECK(loop.clock().next_due() == loop_clock::time_point::max());
}

TEST_CASE_FIXTURE(link_fixture, "recorder_link: a new recorder does not answer what the old one was asked") {
  const auto before = ask(3, 7);
  auto ends = os::make_packet_pair();
  caf::anon_send(link, new_recorder{std::make_shared<os::unique_fd>(std::move(ends->second))});
  recorder = std::move(ends->first);
  loop.run_until_quiet();
  CHECK(before->value().empty());

  const auto after = ask(3, 8);
  say({{"op", "tail"}, {"tag", heard()["tag"]}, {"text", "anew\n"}});
  CHECK(after->value() == "anew\n");
}

TEST_CASE_FIXTURE(link_fixture,
                  "recorder_link: an order is answered when the recorder has carried it out, or in time") {
  struct seen {
    std::optional<order_outcome> outcome;
    bool has_failed = false;
  };
  const auto order = [this] {
    auto what = std::make_shared<seen>();
    sys.spawn([=, this](caf::event_based_actor* self) {
      self->request(link, caf::infinite, recorder_order{R"({"op":"reopen"})"})
          .then([=](const order_outcome& outcome) { what->outcome = outcome; },
                [=](const caf::error&) { what->has_failed = true; });
    });
    loop.run_until_quiet();
    return what;
  };
  const auto first = order();
  const auto packet = heard();
  CHECK(packet["op"] == "reopen");
  CHECK(!first->outcome);
  say({{"op", "reopen"}, {"tag", packet["tag"]}, {"failed", {"a file"}}});
  REQUIRE(first->outcome);
  CHECK(first->outcome->failed == std::vector<std::string>{"a file"});

  const auto stalled = order();
  loop.advance(5s);
  CHECK(stalled->has_failed);
  recorder.reset();
  loop.run_until_quiet();
  CHECK(order()->has_failed);
}

TEST_CASE_FIXTURE(link_fixture,
                  "recorder_link: what waits for a stalled recorder is bounded, in order, and its loss is told") {
  const auto line = [](const std::string& text) {
    return recorder_packet{.what = recorder_packet::role::line, .json = json{{"op", "journal"}, {"line", text}}.dump()};
  };
  const auto launch = [](recorder_packet::role what, uint32_t id, uint64_t gen, std::vector<shared_fd> fds = {}) {
    const char* const op = what == recorder_packet::role::launch       ? "open"
                           : what == recorder_packet::role::launch_end ? "ended"
                                                                       : "forget";
    return recorder_packet{.what = what,
                           .json = json{{"op", op}, {"id", id}, {"generation", gen}}.dump(),
                           .fds = std::move(fds),
                           .id = process_id{id},
                           .gen = generation{gen}};
  };
  using role = recorder_packet::role;
  const auto send = [&](recorder_packet packet) {
    caf::anon_send(link, std::move(packet));
    loop.run_until_quiet();
  };
  // Until the socket takes no more, and then more than may wait.
  const std::string filler(60'000, 'x');
  for (int i = 0; i < 20; ++i)
    send(line(filler));
  send(launch(role::launch, 1, 1)); // this one runs on
  for (uint64_t gen = 1; gen <= 100; ++gen) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    auto read_end = std::make_shared<os::unique_fd>(ends[0]);
    const os::unique_fd write_end{ends[1]};
    REQUIRE(::write(write_end.get(), "1234567", 7) == 7);
    send(launch(role::launch, 2, gen, {std::move(read_end)}));
    send(launch(role::launch_end, 2, gen));
  }
  send(launch(role::launch, 3, 1));
  send(launch(role::launch_end, 3, 1));
  send(launch(role::removal, 3, 1));
  for (int i = 0; i < 2000; ++i)
    send(line("short"));

  std::vector<json> packets;
  for (auto packet = heard(); !packet.is_null(); packet = heard()) {
    packets.push_back(std::move(packet));
    loop.run_until_quiet();
  }

  const auto count = [&](const char* op, uint32_t id) {
    return std::ranges::count_if(packets, [&](const json& one) { return one["op"] == op && one["id"] == id; });
  };
  CHECK(count("open", 1) == 1);
  CHECK(count("open", 2) == 63); // with the one of process 3 as many as may wait
  CHECK(count("ended", 2) == 63);
  CHECK(count("forget", 3) == 1);
  uint64_t newest = 0;
  for (const auto& packet : packets)
    if (packet["op"] == "open" && packet["id"] == 2) {
      CHECK(packet["generation"] > newest);
      newest = packet["generation"];
    }
  CHECK(newest == 100);
  const auto told = packets.back()["line"].get<std::string>();
  CHECK_MESSAGE(told.find("259 bytes of output of 37 processes that had ended, were lost") != std::string::npos, told);
  CHECK(std::ranges::count_if(packets, [](const json& one) { return one["op"] == "journal"; }) > 1000);
  CHECK(std::ranges::count_if(packets, [](const json& one) { return one["op"] == "journal"; }) < 1030);
}
