#include <doctest/doctest.h>

#include <optional>
#include <string>

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
