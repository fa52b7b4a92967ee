#include <doctest/doctest.h>

#include <sys/stat.h>

#include "recorder_fixture.hpp"

using namespace procvisor;
using namespace procvisor::recorder;
using namespace std::chrono_literals;
using json = nlohmann::json;

namespace {

class stream_fixture : public recorder_fixture {
public:
  os::unique_fd client;

  static json logs_packet(size_t lines, bool follow, json apps) {
    return {{"op", "logs"}, {"request", 1}, {"lines", lines},   {"follow", follow},
            {"out", true},  {"err", true},  {"journal", false}, {"apps", std::move(apps)}};
  }
  json app(uint32_t id = 0) const {
    return {{"id", id}, {"name", "app"}, {"out", path("out.log")}, {"error", path("err.log")}};
  }
  void ask(const json& packet) {
    int sockets[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) == 0);
    client.reset(sockets[0]);
    const os::unique_fd theirs{sockets[1]};
    send(packet, {theirs.get()});
  }
  /// What has come until now, line by line; of `live` only how many others came before it.
  std::vector<json> read_all() {
    std::vector<char> block(1024 * 1024);
    for (;;) {
      loop.run_until_quiet();
      const auto n = recv(client.get(), block.data(), block.size(), 0);
      is_closed = n == 0;
      if (n <= 0)
        break;
      text_.append(block.data(), static_cast<size_t>(n));
    }
    std::vector<json> messages;
    for (size_t newline = 0; (newline = text_.find('\n')) != std::string::npos; text_.erase(0, newline + 1)) {
      auto message = json::parse(text_.substr(0, newline));
      if (message.value("method", "") == "live")
        before_live.push_back(messages.size());
      else
        messages.push_back(std::move(message));
    }
    return messages;
  }
  std::vector<size_t> before_live;
  bool is_closed = false;

  static json log(const char* stream, const char* line) {
    return {{"jsonrpc", "2.0"},
            {"method", "log"},
            {"params", {{"id", 0}, {"name", "app"}, {"stream", stream}, {"line", line}}}};
  }

private:
  std::string text_;
};

const json result = {{"jsonrpc", "2.0"}, {"id", 1}, {"result", json::object()}, {"protocol", 1}};

} // namespace

TEST_CASE_FIXTURE(stream_fixture, "log_stream: the last lines of each file, the oldest file first, then the result") {
  std::ofstream{path("out.log")} << "o1\no2\no3\n";
  std::ofstream{path("err.log")} << "e1\nunfinished";
  const timespec newer[] = {{2000, 0}, {2000, 0}};
  const timespec older[] = {{1000, 0}, {1000, 0}};
  utimensat(AT_FDCWD, path("out.log").c_str(), newer, 0);
  utimensat(AT_FDCWD, path("err.log").c_str(), older, 0);

  ask(logs_packet(2, false, {app()}));

  const auto messages = read_all();
  REQUIRE(messages.size() == 3);
  CHECK(messages[0]
        == json{{"jsonrpc", "2.0"},
                {"method", "tail"},
                {"params",
                 {{"id", 0},
                  {"name", "app"},
                  {"stream", "err"},
                  {"path", path("err.log")},
                  {"lines", {"e1", "unfinished"}}}}});
  CHECK(messages[1]["params"]["lines"] == json{"o2", "o3"});
  CHECK(messages[2] == result);
  CHECK(before_live.empty()); // nothing is followed
  CHECK(is_closed);
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: a long tail comes whole, in several notifications") {
  std::ofstream file{path("out.log")};
  const int count = 50000;
  for (int i = 0; i < count + 10; ++i)
    file << "line " << i << '\n';
  file.close();

  ask(logs_packet(count, false, {app()}));

  int next = 10;
  for (const auto& message : read_all()) {
    if (!message.contains("method"))
      continue;
    for (const auto& line : message["params"]["lines"])
      REQUIRE(line == "line " + std::to_string(next++));
  }
  CHECK(next == count + 10);
  CHECK(is_closed);
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: files that instances share are shown once") {
  std::ofstream{path("out.log")} << "shared\n";

  ask(logs_packet(10, false, {app(0), app(1)}));

  CHECK(read_all().size() == 2); // one tail, the result
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: without any file there is only the result") {
  ask(logs_packet(10, false, {app()}));

  CHECK(read_all() == std::vector<json>{result});
  CHECK(is_closed);
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: new lines follow the tail, none twice and none torn") {
  const auto running = open();
  write_and_run(running.out, "old\nbeg");

  ask(logs_packet(10, true, {app()}));
  write_and_run(running.out, "in");
  write_and_run(running.out, "ning\nnext\nand");
  write_and_run(running.err, "problem\n");

  const auto messages = read_all();
  REQUIRE(messages.size() == 4);
  CHECK(messages[0]["params"]["lines"] == json{"old"});
  CHECK(messages[1] == log("out", "beginning"));
  CHECK(messages[2] == log("out", "next"));
  CHECK(messages[3] == log("err", "problem"));
  CHECK(before_live == std::vector<size_t>{1}); // once, behind the tail
  CHECK(!is_closed);
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: the last line needs no newline") {
  auto running = open();
  ask(logs_packet(10, true, {app()}));

  write(running.out, "the end");
  running = {};

  CHECK(read_all() == std::vector<json>{log("out", "the end")});
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: what is no UTF-8 stands for the character of its number") {
  const auto running = open();
  ask(logs_packet(10, true, {app()}));

  write_and_run(running.out, "a\xff\"b\n");

  CHECK(read_all() == std::vector<json>{log("out", "a\xc3\xbf\"b")});
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: a line without end comes in pieces") {
  const auto running = open();
  ask(logs_packet(0, true, {app()}));

  write_and_run(running.out, std::string(20000, 'x'));

  const auto messages = read_all();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0]["params"]["line"].get<std::string>().size() == 20000);
}

TEST_CASE_FIXTURE(stream_fixture,
                  "log_stream: an app without a file can be followed, and so can one that starts later") {
  auto quiet = app();
  quiet["out"] = "";
  quiet["error"] = "";
  ask(logs_packet(10, true, {quiet}));
  auto packet = open_packet(0, 1);
  packet["out"] = "";
  packet["error"] = "";
  const auto running = open(packet);

  write_and_run(running.out, "seen\n");

  CHECK(read_all() == std::vector<json>{log("out", "seen")});
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: only the streams that were asked for") {
  const auto running = open();
  auto packet = logs_packet(10, true, {app()});
  packet["out"] = false;
  ask(packet);

  write_and_run(running.out, "out\n");
  write_and_run(running.err, "err\n");

  CHECK(read_all() == std::vector<json>{log("err", "err")});
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: the lines of a dated log are sent as they stand in the file") {
  auto packet = open_packet(0, 1);
  packet["log_date_format"] = "[now]";
  const auto dated = open(packet);
  write_and_run(dated.out, "one\ntwo");
  ask(logs_packet(5, true, {app()}));
  CHECK(read_all().at(0)["params"]["lines"] == json{"now: one"});

  write_and_run(dated.out, "\n");

  CHECK(read_all() == std::vector<json>{log("out", "now: two")});
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: of an app with disable_logs nothing is sent") {
  auto packet = open_packet(0, 1);
  packet["out"] = packet["error"] = "";
  packet["silent"] = true;
  const auto silent = open(packet);
  auto it = app();
  it["out"] = it["error"] = "";
  ask(logs_packet(5, true, {it}));
  read_all();

  write_and_run(silent.out, "not for you\n");

  CHECK(read_all().empty());
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: the journal is followed beside the apps") {
  send({{"op", "journal"}, {"line", "old"}});
  auto packet = logs_packet(10, true, json::array());
  packet["journal"] = true;
  ask(packet);
  send({{"op", "journal"}, {"line", "new"}});

  const auto messages = read_all();
  REQUIRE(messages.size() == 2);
  CHECK(messages[0]["params"]["lines"] == json{"old"});
  CHECK(messages[1]["params"] == json{{"id", -1}, {"name", "procvisor"}, {"stream", "journal"}, {"line", "new"}});
}

TEST_CASE_FIXTURE(stream_fixture,
                  "log_stream: a client that does not read holds nobody up and is told what it missed") {
  const auto running = open();
  ask(logs_packet(0, true, {app()}));
  const std::string line(1023, 'x');
  const int count = 2000;
  for (int i = 0; i < count; ++i) {
    write_and_run(running.out, line + '\n');
    loop.advance(1ms);
  }
  CHECK(content(path("out.log")).size() == count * 1024);

  const auto messages = read_all();
  size_t lines = 0;
  size_t skipped = 0;
  for (const auto& message : messages) {
    const auto text = message["params"]["line"].get<std::string>();
    if (text.starts_with("[procvisor] "))
      skipped += std::stoul(text.substr(12));
    else
      ++lines;
  }
  CHECK(skipped > 1000);
  CHECK(lines + skipped == count);
  write_and_run(running.out, "again\n");
  CHECK(read_all() == std::vector<json>{log("out", "again")});
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: a client that is gone is forgotten") {
  const auto running = open();
  const auto before = sys.registry().running();
  ask(logs_packet(0, true, {app()}));
  CHECK(sys.registry().running() == before + 1);

  client.reset();
  loop.run_until_quiet();

  CHECK(sys.registry().running() == before);
  write_and_run(running.out, "nobody listens\n");
  CHECK(content(path("out.log")) == "nobody listens\n");
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: a client that will say nothing more is still answered") {
  const auto running = open();
  ask(logs_packet(0, true, {app()}));
  shutdown(client.get(), SHUT_WR);
  loop.run_until_quiet();

  write_and_run(running.out, "one way\n");

  CHECK(read_all() == std::vector<json>{log("out", "one way")});
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: followers get the last lines when the recorder ends") {
  const auto running = open();
  ask(logs_packet(0, true, {app()}));

  write(running.out, "last\n");
  keeper.reset();

  CHECK(read_all() == std::vector<json>{log("out", "last")});
  CHECK(is_closed);
}

TEST_CASE_FIXTURE(stream_fixture, "log_stream: above the bound a client is refused") {
  std::vector<os::unique_fd> others;
  for (int i = 0; i < 128; ++i) {
    ask(logs_packet(0, true, {app()}));
    others.push_back(std::move(client));
  }

  ask(logs_packet(0, true, {app()}));

  const auto messages = read_all();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0]["error"]["message"] == "128 clients are reading logs already");
  CHECK(is_closed);
}
