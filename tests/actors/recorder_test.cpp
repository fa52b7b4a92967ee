#include <doctest/doctest.h>

#include <sys/stat.h>

#include <caf/send.hpp>

#include "recorder_fixture.hpp"

using namespace procvisor;
using namespace procvisor::recorder;
using namespace std::chrono_literals;
using json = nlohmann::json;

TEST_CASE_FIXTURE(recorder_fixture, "recorder: the keeper's end ends it when all is written") {
  const auto app = open();
  write(app.out, "last words\n");

  keeper.reset();
  loop.run_until_quiet();

  CHECK(content(path("out.log")) == "last words\n");
  CHECK(sys.registry().running() == 0);
}

TEST_CASE_FIXTURE(recorder_fixture, "recorder: end takes first what the daemon has said") {
  auto out = make_pipe();
  auto err = make_pipe();
  const auto packet = open_packet(0, 1).dump();
  write(out.write, "last words\n");
  const int fds[] = {out.read.get(), err.read.get()};
  REQUIRE(os::send_packet(daemon.get(), std::as_bytes(std::span{packet}), fds) == 0);

  from_keeper(keeper::notice{.what = keeper::op::end, .padding = 0, .key = {}});

  CHECK(content(path("out.log")) == "last words\n");
  CHECK(sys.registry().running() == 0);
}

TEST_CASE_FIXTURE(recorder_fixture, "recorder: without a daemon it goes on, and the next one is answered") {
  const auto app = open();
  daemon.reset();
  loop.run_until_quiet();
  write_and_run(app.out, "meanwhile\n");
  CHECK(content(path("out.log")) == "meanwhile\n");

  introduce_daemon(keeper::notice{.what = keeper::op::peer, .padding = 0, .key = {}});
  send({{"op", "ended"}, {"id", 0}, {"generation", 1}});

  CHECK(answer()["op"] == "drained");
}

TEST_CASE_FIXTURE(recorder_fixture, "recorder: an open that a new daemon repeats changes nothing") {
  const auto app = open();
  write_and_run(app.out, "one\n");

  send(open_packet(0, 1));
  write_and_run(app.out, "two\n");

  CHECK(content(path("out.log")) == "one\ntwo\n");
}

TEST_CASE_FIXTURE(recorder_fixture,
                  "recorder: an open that a new daemon repeats when the pipes have ended is harmless") {
  auto app = open();
  write(app.out, "one\n");
  app = {};
  loop.run_until_quiet();

  send(open_packet(0, 1));
  const auto next = open(0, 2);
  write_and_run(next.out, "two\n");

  CHECK(content(path("out.log")) == "one\ntwo\n");
}
TEST_CASE_FIXTURE(recorder_fixture, "recorder: pipes from the keeper wait for the daemon to say where they go") {
  auto out = make_pipe();
  auto err = make_pipe();
  write(out.write, "while nobody read\n");
  keeper::held held;
  held.key = {.id = 4, .padding = 0, .generation = 9};

  from_keeper(held, {out.read.get(), err.read.get()});
  CHECK(!exists(path("out.log")));
  send(open_packet(4, 9));

  CHECK(content(path("out.log")) == "while nobody read\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "recorder: the end of a launch that it never knew is answered") {
  send({{"op", "ended"}, {"id", 3}, {"generation", 8}});

  CHECK(answer() == json{{"op", "drained"}, {"id", 3}, {"generation", 8}});
}

TEST_CASE_FIXTURE(recorder_fixture, "recorder: more answers than the socket takes are sent as it is read") {
  std::vector<app_ends> apps;
  constexpr uint32_t count = 2000;
  for (uint32_t id = 0; id < count; ++id)
    send({{"op", "ended"}, {"id", id}, {"generation", 1}});

  for (uint32_t id = 0; id < count; ++id)
    REQUIRE(answer() == json{{"op", "drained"}, {"id", id}, {"generation", 1}});
}

TEST_CASE_FIXTURE(recorder_fixture,
                  "recorder: packets that it does not understand are ignored with a line in the journal") {
  const auto app = open();
  auto pipe = make_pipe();
  const std::pair<json, const char*> rows[] = {
      {{{"op", "dance"}}, "'dance'"},
      {{{"op", "ended"}, {"id", 0}}, "generation"},
      {{{"op", "ended"}, {"id", "zero"}, {"generation", 1}}, "number"},
      {{{"no", "op"}}, "op"},
      {json::array({1}), "not understood"},
  };
  for (const auto& [packet, said] : rows) {
    CAPTURE(packet.dump());
    std::filesystem::resize_file(path("procvisor.log"), 0);
    send(packet);
    const auto journal = content(path("procvisor.log"));
    CHECK(journal.find(" warning recorder: ") != std::string::npos);
    CHECK(journal.find(said) != std::string::npos);
  }

  std::filesystem::resize_file(path("procvisor.log"), 0);
  send_text("\xff{");
  send_text("[[[[");
  send(open_packet(1, 1), {pipe.read.get()});
  CHECK(content(path("procvisor.log")).find("with 1 descriptors") != std::string::npos);
  write_and_run(app.out, "alive\n");

  CHECK(content(path("out.log")) == "alive\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "recorder: a log writer that failed is started anew with its pipes") {
  auto out = make_pipe();
  auto err = make_pipe();
  auto pipes = std::make_shared<launch_pipes>(launch_pipes{std::move(out.read), std::move(err.read)});
  const launch_opened launch{
      .gen = generation{1}, .pid = 0, .out = path("out.log"), .err = path("err.log"), .pid_file = "", .pipes = pipes};
  write(out.write, "still there\n");

  caf::anon_send(root, writer_failed{process_id{0}, "a bug", {launch}});
  loop.run_until_quiet();

  CHECK(content(path("out.log")) == "still there\n");
  CHECK(content(path("procvisor.log")).find("a bug") != std::string::npos);
}

// -- upkeep of log files ------------------------------------------------------

TEST_CASE_FIXTURE(recorder_fixture, "recorder: flush empties files without a hole, and is answered when it has") {
  const auto app = open();
  write_and_run(app.out, "before\n");
  send({{"op", "journal"}, {"line", "of the daemon"}});

  send({{"op", "flush"},
        {"tag", 5},
        {"files", {path("out.log"), path("never made.log"), path("no folder/x.log"), "/dev/null"}},
        {"journal", true}});

  CHECK(answer() == json{{"op", "flush"}, {"tag", 5}, {"failed", json::array()}});
  CHECK(content(path("procvisor.log")) == "");
  write_and_run(app.out, "after\n");
  send({{"op", "journal"}, {"line", "anew"}});
  CHECK(content(path("out.log")) == "after\n");
  CHECK(content(path("procvisor.log")) == "anew\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "recorder: what flush cannot empty it says") {
  std::filesystem::create_symlink(path("loop.log"), path("loop.log"));

  send({{"op", "flush"}, {"tag", 1}, {"files", {path("loop.log")}}, {"journal", false}});

  CHECK(answer()["failed"]
        == json::array({"cannot empty '" + path("loop.log") + "': Too many levels of symbolic links"}));
}

TEST_CASE_FIXTURE(recorder_fixture, "recorder: files that were moved away are left alone once they are opened anew") {
  auto packet = open_packet(0, 1);
  packet["log"] = path("all.log");
  const auto app = open(packet);
  write_and_run(app.out, "one\n");
  send({{"op", "journal"}, {"line", "one"}});
  for (const char* file : {"out.log", "err.log", "all.log", "procvisor.log"})
    std::filesystem::rename(path(file), path(file) + ".1");
  write_and_run(app.out, "two\n");
  CHECK(content(path("out.log.1")) == "one\ntwo\n");

  send({{"op", "reopen"}, {"tag", 9}});

  CHECK(answer() == json{{"op", "reopen"}, {"tag", 9}, {"failed", json::array()}});
  write_and_run(app.out, "three\n");
  write_and_run(app.err, "error\n");
  send({{"op", "journal"}, {"line", "two"}});
  CHECK(content(path("out.log")) == "three\n");
  CHECK(content(path("err.log")) == "error\n");
  CHECK(content(path("all.log")) == "three\nerror\n");
  CHECK(content(path("procvisor.log")) == "two\n");
  CHECK(content(path("out.log.1")) == "one\ntwo\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "recorder: a file that cannot be opened anew is told") {
  const auto app = open();
  std::filesystem::remove(path("out.log"));
  std::filesystem::create_directory(path("out.log"));

  send({{"op", "reopen"}, {"tag", 1}});

  const auto failed = answer()["failed"];
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].get<std::string>().starts_with("cannot open '" + path("out.log") + "': Is a directory"));
}

// -- journal ------------------------------------------------------------------

TEST_CASE_FIXTURE(recorder_fixture, "journal: lines of the daemon are appended as they are") {
  send({{"op", "journal"}, {"line", "2026-11-22T10:00:00Z info web:0 started"}});
  send({{"op", "journal"}, {"line", "second"}});

  CHECK(content(path("procvisor.log")) == "2026-11-22T10:00:00Z info web:0 started\nsecond\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "journal: a file of 10 MiB is moved away, three are kept") {
  const std::string line(100 * 1024 - 1, 'j');
  const auto write_generation = [&](char tag) {
    send({{"op", "journal"}, {"line", std::string(1, tag)}});
    for (int i = 0; i < 102; ++i)
      send({{"op", "journal"}, {"line", line}});
    send({{"op", "journal"}, {"line", std::string(10 * 1024 * 1024 - 2 - 102 * 100 * 1024 - 1, 'j')}}); // full
  };
  for (const char tag : {'a', 'b', 'c', 'd'})
    write_generation(tag);
  send({{"op", "journal"}, {"line", "now"}});

  CHECK(content(path("procvisor.log")) == "now\n");
  CHECK(content(path("procvisor.log.1")).starts_with("d\n"));
  CHECK(content(path("procvisor.log.2")).starts_with("c\n"));
  CHECK(content(path("procvisor.log.3")).starts_with("b\n"));
  CHECK(!exists(path("procvisor.log.4")));
}

// -- state files --------------------------------------------------------------

namespace {

json save_packet(const std::string& path, const std::string& content, uint64_t tag = 1) {
  return {{"op", "save"}, {"path", path}, {"size", content.size()}, {"tag", tag}};
}

} // namespace

TEST_CASE_FIXTURE(recorder_fixture, "state_file: new content replaces the old one, which is kept beside it") {
  const auto first = os::sealed_memfd("state", "first");
  const auto second = os::sealed_memfd("state", "second");
  send(save_packet(path("state.json"), "first", 7), {first.get()});
  CHECK(answer() == json{{"op", "saved"}, {"path", path("state.json")}, {"tag", 7}, {"failed", ""}});
  loop.advance(1s);
  send(save_packet(path("state.json"), "second"), {second.get()});

  CHECK(content(path("state.json")) == "second");
  CHECK(content(path("state.json.bak")) == "first");
  CHECK(!exists(path("state.json.new")));
  CHECK(!exists(path("state.json.bak.new")));
  struct stat about {};
  REQUIRE(stat(path("state.json").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
}

TEST_CASE_FIXTURE(recorder_fixture, "state_file: only so many bytes as were asked for, of a file that grows on") {
  const auto state = os::growing_memfd("state");
  REQUIRE(os::write_at(state.get(), "whole and more", 0));

  send(save_packet(path("state.json"), "whole"), {state.get()});

  CHECK(content(path("state.json")) == "whole");
}

TEST_CASE_FIXTURE(recorder_fixture, "state_file: one write a second, with the newest content") {
  for (int i = 0; i < 10; ++i) {
    const auto state = os::sealed_memfd("state", std::to_string(i));
    send(save_packet(path("state.json"), "0", static_cast<uint64_t>(i)), {state.get()});
  }

  CHECK(content(path("state.json")) == "0");
  CHECK(answer()["op"] == "saved");
  CHECK(answer() == nullptr);
  loop.advance(1s);
  CHECK(content(path("state.json")) == "9");
  CHECK(content(path("state.json.bak")) == "0");
  CHECK(answer()["op"] == "saved");
  loop.advance(1s);
  CHECK(answer() == nullptr);
  CHECK(loop.clock().next_due() == loop_clock::time_point::max());
}

TEST_CASE_FIXTURE(recorder_fixture, "state_file: what waits for its second is written at the end") {
  const auto first = os::sealed_memfd("state", "first");
  const auto second = os::sealed_memfd("state", "second");
  send(save_packet(path("state.json"), "first"), {first.get()});
  send(save_packet(path("state.json"), "second"), {second.get()});

  keeper.reset();
  loop.run_until_quiet();

  CHECK(content(path("state.json")) == "second");
}

TEST_CASE_FIXTURE(recorder_fixture, "state_file: a failure is told and leaves the old content") {
  std::filesystem::create_directory(path("state.json"));
  std::ofstream{path("state.json/in the way")} << "x";
  const auto state = os::sealed_memfd("state", "new");

  send(save_packet(path("state.json"), "new"), {state.get()});

  CHECK(answer() == json{{"op", "saved"}, {"path", path("state.json")}, {"tag", 1}, {"failed", "Is a directory"}});
  CHECK(exists(path("state.json/in the way")));
  CHECK(!exists(path("state.json.new")));
}
