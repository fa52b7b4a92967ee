#include <doctest/doctest.h>

#include <string>

#include "core/state.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

process_record record_of(uint32_t id, const char* name, const shared_environment& caller) {
  auto spec = std::make_shared<app_spec>();
  spec->name = name;
  spec->exec_path = "/srv/über \"app\".js";
  spec->env = {{"PORT", "80"}};
  spec->kill_timeout = 5s;
  process_record record{.id = process_id{id}, .instance = static_cast<int>(id), .spec = spec, .caller = caller};
  auto& s = record.state;
  s.phase = life_phase::waiting_restart;
  s.next = after_exit::relaunch;
  s.gen = generation{7 + id};
  s.pid = 4711;
  s.stop_stage = 2;
  s.restarts = 3;
  s.unstable_restarts = 2;
  s.asked_at = {steady_time{123'456'789ns}, wall_clock::time_point{1'700'000'000'123ms}};
  s.started_at = {steady_time{5s}, wall_clock::time_point{1'700'000'001'000ms}};
  s.delay = 150ms;
  s.due = steady_time{99ns};
  s.launch_is_automatic = true;
  s.last_exit = {4, 9};
  s.cause = {restart_kind::watch, "src/a \"b\".js changed"};
  s.restarts_by = {1, 0, 2, 0, 5, 1};
  s.recent_exits = {steady_time{1s}, steady_time{2s}};
  s.slowdown = 400ms;
  s.reason = "line\none, \xff and 'quotes'";
  return record;
}

saved_state two_apps() {
  const auto caller =
      std::make_shared<const environment>(environment{{"HOME", "/root"}, {"A", "a=b\t\"\\"}, {"BYTES\xff", "\xfe"}});
  saved_state state;
  state.boot_id = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";
  state.processes[process_id{0}] = record_of(0, "web", caller);
  state.processes[process_id{4}] = record_of(4, "mail", caller);
  state.next_id = 9;
  state.newest = generation{12};
  return state;
}

std::string file_of(const saved_state& state) {
  const auto written = write_state(state);
  return written.text + end_entry(written.lines);
}

} // namespace

TEST_CASE("state: what was written is read, member by member") {
  const auto read = read_state(file_of(two_apps()));

  REQUIRE_MESSAGE(read, read.error().what);
  CHECK(read->boot_id == two_apps().boot_id);
  CHECK(read->next_id == 9);
  CHECK(read->newest == generation{12});
  REQUIRE(read->processes.size() == 2);
  const auto& mail = read->processes.at(process_id{4});
  CHECK(mail.id == process_id{4});
  CHECK(mail.instance == 4);
  CHECK(*mail.spec == *two_apps().processes.at(process_id{4}).spec);
  CHECK(*mail.caller == environment{{"HOME", "/root"}, {"A", "a=b\t\"\\"}, {"BYTES\xff", "\xfe"}});
  const auto expected = record_of(4, "mail", nullptr).state;
  CHECK(mail.state.phase == expected.phase);
  CHECK(mail.state.next == expected.next);
  CHECK(mail.state.gen == expected.gen);
  CHECK(mail.state.pid == expected.pid);
  CHECK(mail.state.stop_stage == expected.stop_stage);
  CHECK(mail.state.restarts == expected.restarts);
  CHECK(mail.state.unstable_restarts == expected.unstable_restarts);
  CHECK(mail.state.asked_at.steady == expected.asked_at.steady);
  CHECK(mail.state.asked_at.wall == expected.asked_at.wall);
  CHECK(mail.state.started_at.steady == expected.started_at.steady);
  CHECK(mail.state.started_at.wall == expected.started_at.wall);
  CHECK(mail.state.delay == expected.delay);
  CHECK(mail.state.due == expected.due);
  CHECK(mail.state.launch_is_automatic == expected.launch_is_automatic);
  CHECK(mail.state.last_exit.code == expected.last_exit.code);
  CHECK(mail.state.last_exit.signal == expected.last_exit.signal);
  CHECK(mail.state.cause.kind == expected.cause.kind);
  CHECK(mail.state.cause.text == expected.cause.text);
  CHECK(mail.state.restarts_by == expected.restarts_by);
  CHECK(mail.state.recent_exits == expected.recent_exits);
  CHECK(mail.state.slowdown == expected.slowdown);
  CHECK(mail.state.reason == "line\none, \xc3\xbf and 'quotes'");
}

TEST_CASE("state: an environment that processes share is written once, and shared again when read") {
  const auto text = file_of(two_apps());
  CHECK(text.find("\"HOME\"") == text.rfind("\"HOME\""));
  const auto read = read_state(text);
  REQUIRE(read);
  CHECK(read->processes.at(process_id{0}).caller == read->processes.at(process_id{4}).caller);
}

TEST_CASE("state: a file that is cut at any byte is refused, and says where") {
  const auto text = file_of(two_apps());
  for (size_t length = 0; length < text.size(); ++length) {
    const auto read = read_state(std::string_view{text}.substr(0, length));
    REQUIRE_MESSAGE(!read, "cut at ", length);
    CHECK_FALSE(read.error().what.empty());
  }
}

TEST_CASE("state: a file with any byte changed is refused") {
  const auto text = file_of(two_apps());
  for (size_t at = 0; at < text.size(); ++at)
    for (const int mask : {0x01, 0x20, 0x80, 0xff}) {
      auto changed = text;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      REQUIRE_MESSAGE(!read_state(changed), "byte ", at, " xor ", mask);
    }
}

TEST_CASE("state: a file with a line twice, missing or behind its end is refused") {
  const auto text = file_of(two_apps());
  const auto second = text.find('\n') + 1;
  const auto third = text.find('\n', second) + 1;
  const auto line = text.substr(second, third - second);
  CHECK_FALSE(read_state(text.substr(0, second) + line + text.substr(second)));
  CHECK_FALSE(read_state(text.substr(0, second) + text.substr(third)));
  CHECK_FALSE(read_state(text + line));
  CHECK_FALSE(read_state(text + "x"));
}

TEST_CASE("state: replayed from memory, it has every change before the cut") {
  auto state = two_apps();
  auto text = write_state(state).text;
  auto& web = state.processes.at(process_id{0});
  web.state.phase = life_phase::online;
  web.state.pid = 99;
  text += lifecycle_entry(process_id{0}, web.state);
  text += removed_entry(process_id{4}, generation{20});
  const auto whole = text.size();
  web.state.pid = 100;
  text += lifecycle_entry(process_id{0}, web.state);

  for (size_t cut = whole; cut < text.size(); ++cut) {
    const auto replayed = replay_state(std::string_view{text}.substr(0, cut));
    CHECK(replayed.broken.empty() == (cut == whole));
    REQUIRE(replayed.state.processes.size() == 1);
    CHECK(replayed.state.processes.at(process_id{0}).state.pid == 99);
    CHECK(replayed.state.newest == generation{20});
    CHECK(replayed.state.next_id == 9);
  }
  CHECK(replay_state(text).state.processes.at(process_id{0}).state.pid == 100);
}

TEST_CASE("state: the counters begin anew when the last process is removed, but for the generation") {
  saved_state state = two_apps();
  const auto text = write_state(state).text + removed_entry(process_id{0}, generation{30})
                    + removed_entry(process_id{4}, generation{11});
  const auto replayed = replay_state(text);
  CHECK(replayed.broken.empty());
  CHECK(replayed.state.next_id == 0);
  CHECK(replayed.state.newest == generation{30});
}

TEST_CASE("state: of an empty list is a file as well, and a text of anything else is none") {
  saved_state nothing;
  nothing.boot_id = "x";
  const auto read = read_state(file_of(nothing));
  REQUIRE(read);
  CHECK(read->processes.empty());
  CHECK_FALSE(read_state(""));
  CHECK_FALSE(read_state("[]\n"));
  CHECK_FALSE(read_state("{\"procvisor_state\":1}\n"));
}
