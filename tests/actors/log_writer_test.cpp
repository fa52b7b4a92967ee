#include <doctest/doctest.h>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include "actors/recorder/log_writer.hpp"
#include "recorder_fixture.hpp"

using namespace procvisor;
using namespace procvisor::recorder;
using namespace std::chrono_literals;
using json = nlohmann::json;

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: stdout and stderr go to their files, made for their owner alone") {
  auto packet = open_packet(0, 1);
  packet["out"] = path("logs/deep/out.log");
  const auto app = open(packet);

  write(app.out, "hello\n");
  write(app.err, "oops\n");
  loop.run_until_quiet();

  CHECK(content(path("logs/deep/out.log")) == "hello\n");
  CHECK(content(path("err.log")) == "oops\n");
  struct stat about {};
  REQUIRE(stat(path("logs/deep/out.log").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  REQUIRE(stat(path("logs/deep").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0700);
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: what is in the file stays") {
  std::ofstream{path("out.log")} << "before\n";

  const auto app = open();
  write_and_run(app.out, "after\n");

  CHECK(content(path("out.log")) == "before\nafter\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: one byte at a time arrives in order") {
  const auto app = open();
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text.push_back(static_cast<char>('a' + i % 26));
    write(app.out, text.substr(text.size() - 1));
    if (i % 7 == 0)
      loop.run_until_quiet();
  }

  loop.advance(2ms); // a flood: the pipe rests between reads

  CHECK(content(path("out.log")) == text);
}

TEST_CASE_FIXTURE(recorder_fixture,
                  "log_writer: a megabyte written just before _exit is in the file when drained is said") {
  auto out = make_pipe();
  auto err = make_pipe();
  fcntl(out.write.get(), F_SETPIPE_SZ, 1024 * 1024);
  send(open_packet(0, 1), {out.read.get(), err.read.get()});
  const std::string megabyte(1024 * 1024, 'x');
  const pid_t child = fork();
  if (child == 0)
    _exit(::write(out.write.get(), megabyte.data(), megabyte.size()) == static_cast<ssize_t>(megabyte.size()) ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  REQUIRE(status == 0);
  out.write.reset();

  send({{"op", "ended"}, {"id", 0}, {"generation", 1}});

  CHECK(answer() == json{{"op", "drained"}, {"id", 0}, {"generation", 1}});
  CHECK(content(path("out.log")).size() == megabyte.size());
}

TEST_CASE_FIXTURE(recorder_fixture,
                  "log_writer: a grandchild that keeps the pipe open delays nothing and is still read") {
  const auto app = open();
  write(app.out, "child\n");

  send({{"op", "ended"}, {"id", 0}, {"generation", 1}});
  CHECK(answer()["op"] == "drained");
  CHECK(content(path("out.log")) == "child\n");
  write_and_run(app.out, "grandchild\n");

  CHECK(content(path("out.log")) == "child\ngrandchild\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: the bytes of a launch stand before those of the next") {
  const auto first = open(0, 1);
  write(first.out, "one\n"); // not yet read when the next launch opens
  const auto second = open(0, 2);
  write_and_run(second.out, "two\n");

  CHECK(content(path("out.log")) == "one\ntwo\n");
}

TEST_CASE_FIXTURE(recorder_fixture,
                  "log_writer: a stream that fills its pipe goes first to the file, then the next launch") {
  auto out = make_pipe();
  auto err = make_pipe();
  const std::string earlier(64 * 1024, 'a');
  write(out.write, earlier);
  send(open_packet(0, 1), {out.read.get(), err.read.get()});
  write(out.write, earlier);

  const auto second = open(0, 2);
  write_and_run(second.out, "b");

  CHECK(content(path("out.log")) == earlier + earlier + "b");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: out and error may be the same file") {
  auto packet = open_packet(0, 1);
  packet["error"] = packet["out"];
  const auto app = open(packet);

  write_and_run(app.out, "o1\n");
  write_and_run(app.err, "e1\n");
  write_and_run(app.out, "o2\n");

  CHECK(content(path("out.log")) == "o1\ne1\no2\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: one more file has both streams, line by line") {
  auto packet = open_packet(0, 1);
  packet["log"] = path("all.log");
  packet["whole_lines"] = true;
  const auto app = open(packet);

  write_and_run(app.out, "o1\no");
  write_and_run(app.err, "e1\n");
  write_and_run(app.out, "2\nunfinished");
  CHECK(content(path("all.log")) == "o1\ne1\no2\n");
  send({{"op", "ended"}, {"id", 0}, {"generation", 1}});

  CHECK(content(path("all.log")) == "o1\ne1\no2\nunfinished");
  CHECK(content(path("out.log")) == "o1\no2\nunfinished");
  CHECK(content(path("err.log")) == "e1\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: the file of both may be the one of stdout as well") {
  auto packet = open_packet(0, 1);
  packet["log"] = packet["out"];
  packet["whole_lines"] = true;
  const auto app = open(packet);

  write_and_run(app.out, "o\n");
  write_and_run(app.err, "e\n");

  CHECK(content(path("out.log")) == "o\ne\n");
  CHECK(content(path("err.log")) == "e\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: a date stands before each line, one byte at a time or a megabyte") {
  auto packet = open_packet(0, 1);
  packet["log_date_format"] = "[now]";
  const auto app = open(packet);
  fcntl(app.out.get(), F_SETPIPE_SZ, 1024 * 1024);
  for (const char c : std::string{"ab\n\nc"})
    write_and_run(app.out, std::string(1, c));
  CHECK(content(path("out.log")) == "now: ab\nnow: \n");

  std::string lines;
  std::string expected = "now: ab\nnow: \nnow: c";
  for (int i = 0; i < 100'000; ++i)
    lines += "line\n";
  for (int i = 0; i < 100'000; ++i)
    expected += i == 0 ? "line\n" : "now: line\n";
  write(app.out, lines);
  loop.advance(2ms);

  CHECK(content(path("out.log")) == expected);
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: JSON has one object a line, with the time in UTC") {
  auto packet = open_packet(4, 1);
  packet["log_type"] = "json";
  const auto app = open(packet);

  write_and_run(app.err, "two\nlines and \xff");
  send({{"op", "ended"}, {"id", 4}, {"generation", 1}});

  std::ifstream file{path("err.log")};
  std::string first;
  std::string second;
  std::getline(file, first);
  std::getline(file, second);
  const auto line = json::parse(first);
  CHECK(line["message"] == "two");
  CHECK(line["type"] == "err");
  CHECK(line["process_id"] == 4);
  CHECK(line["app_name"] == "app");
  const auto time = line["timestamp"].get<std::string>();
  CHECK(time.size() == std::string{"2026-11-22T14:18:05.012Z"}.size());
  CHECK(time.ends_with("Z"));
  CHECK(json::parse(second)["message"] == "lines and \u00ff");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: an unfinished line of a dated log is written when the app ends") {
  auto packet = open_packet(0, 1);
  packet["log_date_format"] = "[now]";
  const auto app = open(packet);
  write_and_run(app.out, "prompt> ");
  CHECK(content(path("out.log")) == "");

  SUBCASE("the process is over, a grandchild has the pipe") {
    send({{"op", "ended"}, {"id", 0}, {"generation", 1}});
    write_and_run(app.out, "more\n");
    CHECK(content(path("out.log")) == "now: prompt> \nnow: more\n");
  }
  SUBCASE("the recorder is ended") {
    keeper.reset();
    loop.run_until_quiet();
    CHECK(content(path("out.log")) == "now: prompt> \n");
  }
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: a stream without a file is read and thrown away") {
  auto packet = open_packet(0, 1);
  packet["out"] = "";
  packet["error"] = "";
  const auto app = open(packet);
  fcntl(app.out.get(), F_SETFL, O_NONBLOCK);

  const std::string fill(64 * 1024, 'x');
  for (int i = 0; i < 10; ++i) {
    write(app.out, fill);
    loop.advance(2ms);
  }

  CHECK(answer() == nullptr);
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: the pid file lives as long as the newest launch") {
  const auto first = open(0, 1);
  CHECK(content(path("pids/app.pid")) == "101\n");
  const auto second = open(0, 2);
  CHECK(content(path("pids/app.pid")) == "102\n");

  send({{"op", "ended"}, {"id", 0}, {"generation", 1}});
  CHECK(exists(path("pids/app.pid")));
  send({{"op", "ended"}, {"id", 0}, {"generation", 2}});
  CHECK(!exists(path("pids/app.pid")));
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: a full disk is told once and stops nothing") {
  auto packet = open_packet(0, 1);
  packet["out"] = "/dev/full";
  const auto app = open(packet);

  write_and_run(app.out, "lost\n");
  write_and_run(app.out, "lost too\n");
  write_and_run(app.err, "not lost\n");

  CHECK(answer()
        == json{{"op", "trouble"},
                {"id", 0},
                {"text", "cannot write '/dev/full': No space left on device, counting what is lost until it "
                         "can be written"}});
  CHECK(answer() == nullptr);
  CHECK(content(path("err.log")) == "not lost\n");
}

TEST_CASE_FIXTURE(recorder_fixture,
                  "log_writer: what a log file could not take is counted in it as soon as it takes more") {
  REQUIRE(mkfifo(path("out.log").c_str(), 0600) == 0);
  const os::unique_fd reader{::open(path("out.log").c_str(), O_RDONLY | O_NONBLOCK)};
  const auto app = open();
  const std::string fill(64 * 1024, 'x');
  write_and_run(app.out, fill);

  write_and_run(app.out, "12345\n");
  CHECK(answer()["op"] == "trouble");
  std::string taken(fill.size(), '\0');
  REQUIRE(read(reader.get(), taken.data(), taken.size()) == static_cast<ssize_t>(taken.size()));
  write_and_run(app.out, "next\n");

  char text[200] = {};
  REQUIRE(read(reader.get(), text, sizeof text) > 0);
  CHECK(std::string{text} == "\n[procvisor] 6 bytes of output were lost: Resource temporarily unavailable\nnext\n");
}

TEST_CASE_FIXTURE(recorder_fixture,
                  "log_writer: a file that cannot be opened is tried again, and what it missed is counted") {
  REQUIRE(mkfifo(path("out.log").c_str(), 0600) == 0);
  const auto app = open(); // a FIFO without a reader: ENXIO
  const auto told = answer();
  CHECK(told["op"] == "trouble");
  write_and_run(app.out, "missed\n");

  const os::unique_fd reader{::open(path("out.log").c_str(), O_RDONLY | O_NONBLOCK)};
  loop.advance(1s);
  write_and_run(app.out, "next\n");

  char text[200] = {};
  REQUIRE(read(reader.get(), text, sizeof text) > 0);
  CHECK(std::string{text} == "[procvisor] 7 bytes of output were lost: No such device or address\nnext\n");
  CHECK(answer() == nullptr);
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: a flood enlarges the pipe, quiet shrinks it") {
  auto out = make_pipe();
  auto err = make_pipe();
  send(open_packet(0, 1), {out.read.get(), err.read.get()});
  const int usual = fcntl(out.write.get(), F_GETPIPE_SZ);
  for (int i = 0; i < 64; ++i)
    write_and_run(out.write, "line\n");
  CHECK(fcntl(out.write.get(), F_GETPIPE_SZ) == 1024 * 1024);

  loop.advance(1s); // the flood was in this second
  CHECK(fcntl(out.write.get(), F_GETPIPE_SZ) == 1024 * 1024);
  loop.advance(1s);

  CHECK(fcntl(out.write.get(), F_GETPIPE_SZ) == usual);
  CHECK(loop.clock().next_due() == loop_clock::time_point::max()); // idle: no timer
}

TEST_CASE_FIXTURE(recorder_fixture,
                  "log_writer: a stream that fills less than half of its pipe in a pause is paused again") {
  const auto app = open();
  for (int i = 0; i < 64; ++i)
    write_and_run(app.out, "line\n");
  const auto until_next = [this] { return loop.clock().next_due() - loop.clock().now(); };
  REQUIRE(until_next() == 1ms);

  write(app.out, std::string(300 * 1024, 'x'));
  loop.advance(1ms);
  CHECK(until_next() == 1ms);
  write(app.out, std::string(600 * 1024, 'x'));
  loop.advance(1ms);

  CHECK(until_next() > 1ms); // waits for the fd
  write_and_run(app.out, "end\n");
  CHECK(content(path("out.log")).ends_with("xend\n"));
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: slow lines are no flood") {
  const auto app = open();
  for (int i = 0; i < 200; ++i) {
    write_and_run(app.out, "line\n");
    loop.advance(2ms);
  }

  CHECK(fcntl(app.out.get(), F_GETPIPE_SZ) < 1024 * 1024);
  CHECK(loop.clock().next_due() == loop_clock::time_point::max());
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: tail gives the last errors of the newest launch only") {
  const auto first = open(0, 1);
  write_and_run(first.err, "old\n");
  const auto second = open(0, 2);
  write(second.err, "a\nb\nc\nunfinished");

  send({{"op", "tail"}, {"tag", 7}, {"id", 0}, {"generation", 2}, {"lines", 2}});

  CHECK(answer() == json{{"op", "tail"}, {"tag", 7}, {"id", 0}, {"text", "c\nunfinished\n"}});
  send({{"op", "tail"}, {"tag", 8}, {"id", 0}, {"generation", 2}, {"lines", 100}});
  CHECK(answer()["text"] == "a\nb\nc\nunfinished\n");
  send({{"op", "tail"}, {"tag", 9}, {"id", 0}, {"generation", 1}, {"lines", 100}});
  CHECK(answer()["text"] == ""); // overtaken by its successor
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: tail knows the errors that no file has alone and as they were") {
  auto no_file = open_packet(0, 1);
  no_file["error"] = "";
  auto both_in_one = open_packet(1, 1);
  both_in_one["error"] = both_in_one["out"];
  auto dated = open_packet(2, 1);
  dated["log_date_format"] = "[now]";
  for (const auto& packet : {no_file, both_in_one, dated}) {
    CAPTURE(packet.dump());
    const auto app = open(packet);
    write(app.out, "out\n");
    write(app.err, "a\nb\nc\nunfinished");

    send({{"op", "tail"}, {"tag", 1}, {"id", packet["id"]}, {"generation", 1}, {"lines", 3}});
    CHECK(answer()["text"] == "b\nc\nunfinished\n");
    send({{"op", "tail"}, {"tag", 1}, {"id", packet["id"]}, {"generation", 1}, {"lines", 100}});
    CHECK(answer()["text"] == "a\nb\nc\nunfinished\n");
    send({{"op", "tail"}, {"tag", 1}, {"id", packet["id"]}, {"generation", 1}, {"lines", 0}});
    CHECK(answer()["text"] == "");
  }
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: what tail remembers is bounded, and of the newest launch") {
  auto packet = open_packet(0, 1);
  packet["error"] = "";
  const auto first = open(packet);
  for (int i = 0; i < 20; ++i)
    write_and_run(first.err, std::string(20'000, 'x'));
  write_and_run(first.err, "\nlast\n");
  send({{"op", "tail"}, {"tag", 1}, {"id", 0}, {"generation", 1}, {"lines", 20}});
  const auto text = answer()["text"].get<std::string>();
  CHECK(text.ends_with("x\nlast\n"));
  CHECK(text.size() <= 16 * 1024);

  packet["generation"] = 2;
  const auto second = open(packet);
  write_and_run(first.err, "late\n");
  send({{"op", "tail"}, {"tag", 1}, {"id", 0}, {"generation", 2}, {"lines", 20}});
  CHECK(answer()["text"] == "");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: tail after the error log was flushed") {
  const auto app = open();
  write_and_run(app.err, "old\n");
  const auto second = open(0, 2);
  send({{"op", "flush"}, {"tag", 1}, {"files", {path("err.log")}}, {"journal", false}});
  CHECK(answer()["failed"].empty());
  write(second.err, "a\n");

  send({{"op", "tail"}, {"tag", 2}, {"id", 0}, {"generation", 2}, {"lines", 20}});
  CHECK(answer()["text"] == "a\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: tail of an unknown process is empty") {
  send({{"op", "tail"}, {"tag", 2}, {"id", 99}, {"generation", 1}, {"lines", 2}});
  CHECK(answer()["text"] == "");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: a forgotten app's writer ends when its pipes do") {
  auto app = open();
  const auto with_writer = sys.registry().running();

  send({{"op", "forget"}, {"id", 0}});
  write_and_run(app.out, "late\n");
  CHECK(content(path("out.log")) == "late\n");
  CHECK(sys.registry().running() == with_writer);
  app = {};
  loop.run_until_quiet();

  CHECK(sys.registry().running() == with_writer - 1);
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: one that fails hands its pipes over") {
  std::vector<writer_failed> last_words;
  const auto probe = sys.spawn([&](recorder_actor::pointer) -> recorder_actor::behavior_type {
    return {
        [](const fd_ready&) {},
        [](const launch_drained&) {},
        [](const trouble&) {},
        [](const saved&) {},
        [&](const writer_failed& failed) { last_words.push_back(failed); },
        [](const log_rotated&) {},
        [](const compression_failed&) {},
    };
  });
  const auto writer = sys.spawn<log_writer_impl>(process_id{5}, probe, pool);
  auto err = make_pipe();
  const int no_pipe = ::open(path("file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); // epoll_ctl: EPERM
  caf::anon_send(writer, launch_opened{.gen = generation{2},
                                       .pid = 102,
                                       .out = path("out.log"),
                                       .err = path("err.log"),
                                       .pid_file = path("app.pid"),
                                       .pipes = std::make_shared<launch_pipes>(
                                           launch_pipes{os::unique_fd{no_pipe}, std::move(err.read)})});
  loop.run_until_quiet();

  REQUIRE(last_words.size() == 1);
  CHECK(last_words[0].id == process_id{5});
  REQUIRE(last_words[0].launches.size() == 1);
  const auto& launch = last_words[0].launches[0];
  CHECK(launch.gen == generation{2});
  CHECK(launch.pid == 102);
  CHECK(launch.err == path("err.log"));
  CHECK(launch.pipes->out.get() == no_pipe);
  CHECK(launch.pipes->err);
  caf::anon_send_exit(probe, caf::exit_reason::user_shutdown);
  loop.run_until_quiet();
}

namespace {

json limited(json packet, json limits) {
  packet["limits"] = std::move(limits);
  return packet;
}

} // namespace

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: a full file is put aside between two lines, and nothing is lost") {
  const auto app = open(limited(open_packet(0, 1), {{"max_size", 10}, {"keep", 2}}));

  write_and_run(app.out, "first\nsec");
  write_and_run(app.out, "ond\nthird\nfourth\nfifth\n");

  CHECK(content(path("out.log")) == "fifth\n");
  CHECK(content(path("out.log.1")) == "fourth\n");
  CHECK(content(path("out.log.2")) == "third\n"); // "first\nsecond\n" went beyond 10 bytes with the line that had begun
  CHECK(content(path("out.log.3")).empty());
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: who shares a file goes on in the new one") {
  const json limits{{"max_size", 12}, {"keep", 5}};
  const auto first = open(limited(open_packet(0, 1), limits));
  const auto second = open(limited(open_packet(1, 1), limits));

  write_and_run(first.out, "one one\n");
  write_and_run(first.out, "one two\n"); // another file
  write_and_run(second.out, "two\n");

  CHECK(content(path("out.log.1")) == "one one\n");
  CHECK(content(path("out.log")) == "one two\ntwo\n");
}

TEST_CASE_FIXTURE(recorder_fixture, "log_writer: where a log cannot be put aside it grows on, and that is said") {
  auto packet = open_packet(0, 1);
  packet["out"] = path("sub/out.log");
  const auto app = open(limited(packet, {{"max_size", 5}, {"keep", 1}}));
  write_and_run(app.out, "aaaa\n");
  REQUIRE(mkdir(path("sub/out.log.1").c_str(), 0700) == 0); // a folder there
  std::ofstream{path("sub/out.log.1/full")} << "x";

  write_and_run(app.out, "bbbb\n");

  CHECK(content(path("sub/out.log")) == "aaaa\nbbbb\n");
  const auto said = answer();
  CHECK(said["op"] == "trouble");
  CHECK(said["text"].get<std::string>().starts_with("cannot put '" + path("sub/out.log") + "' aside: "));
}

TEST_CASE_FIXTURE(recorder_fixture,
                  "log_writer: on a full disk what was put aside goes first, and no new line is lost") {
  REQUIRE(mkdir(path("small").c_str(), 0700) == 0);
  if (mount("tmpfs", path("small").c_str(), "tmpfs", 0, "size=64k") != 0) {
    MESSAGE("left out: a small disk takes the right to mount one");
    return;
  }
  {
    auto packet = open_packet(0, 1);
    packet["out"] = path("small/out.log");
    const auto app = open(limited(packet, {{"max_size", 16 * 1024}, {"keep", 100}}));
    std::string last;
    for (int i = 0; i < 200; ++i) {
      last = fmt::format("{:>1023}\n", i);
      write_and_run(app.out, last);
      loop.advance(2ms); // a flood: the pipe rests between reads
    }

    CHECK(!exists(path("small/out.log.4"))); // 64 KiB are four files
    CHECK(exists(path("small/out.log.1")));
    CHECK(content(path("small/out.log")).ends_with(last));
    CHECK(content(path("small/out.log")).find("were lost") == std::string::npos);
  }
  send({{"op", "forget"}, {"id", 0}});
  CHECK(umount2(path("small").c_str(), MNT_DETACH) == 0);
}
