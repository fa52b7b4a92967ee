#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "rpc/client.hpp"
#include "rpc/process_row.hpp"

using namespace procvisor;
using namespace procvisor::rpc;
using namespace std::chrono_literals;

namespace {

struct connection {
  os::unique_fd daemon;
  client end;

  static connection make() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    return {os::unique_fd{ends[0]}, client{os::unique_fd{ends[1]}}};
  }

  void says(std::string_view text) const {
    REQUIRE(::send(daemon.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
};

} // namespace

TEST_CASE("rpc client: messages are taken one line at a time, however they arrive") {
  connection c = connection::make();
  c.says("one\ntwo\nthr");
  CHECK_FALSE(c.end.has_message());
  CHECK(c.end.receive(prompt).value() == "one");
  CHECK(c.end.has_message());
  CHECK(c.end.receive(prompt).value() == "two");
  CHECK_FALSE(c.end.has_message());
  c.says("ee\n\n");
  CHECK(c.end.receive(prompt).value() == "three");
  CHECK(c.end.receive(prompt).value() == "");
}

TEST_CASE("rpc client: a daemon that says nothing for too long is unreachable") {
  connection c = connection::make();
  c.says("half an ans");
  auto answer = c.end.call("list", nlohmann::json::object(), 5ms);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == exit_code::unreachable);
  CHECK(answer.error().what.find("does not answer") != std::string::npos);
}

TEST_CASE("rpc client: a daemon that takes nothing for too long is unreachable") {
  connection c = connection::make();
  auto sent = c.end.send("start", {{"apps", std::string(8U << 20U, 'x')}}, 5ms);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == exit_code::unreachable);
}

TEST_CASE("rpc client: a connection that is closed is unreachable, before and after the request") {
  connection c = connection::make();
  c.says("half");
  c.daemon.reset();
  CHECK(c.end.receive(unlimited).error().code == exit_code::unreachable);
  CHECK(c.end.call("list", nlohmann::json::object(), unlimited).error().code == exit_code::unreachable);
}

TEST_CASE("rpc client: text that is not UTF-8 is refused before anything is sent") {
  connection c = connection::make();
  CHECK(c.end.send("stop", {{"targets", {"\xff"}}}, prompt).error().code == exit_code::usage);
  char byte = 0;
  CHECK(::recv(c.daemon.get(), &byte, 1, MSG_DONTWAIT) == -1);
}

TEST_CASE("rpc reply: an error has the code, message and hint of the wire") {
  auto reply = decode_reply(R"({"protocol": 1, "error": {"code": 3, "message": "no", "data": {"hint": "try"}}})");
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == exit_code::not_found);
  CHECK(reply.error().what == "no");
  CHECK(reply.error().hint == "try");
  for (const char* code : {"-32601", "0", "8"}) {
    std::string text = std::string{R"({"protocol": 1, "error": {"message": "no", "code": )"} + code + "}}";
    CHECK(decode_reply(text).error().code == exit_code::other);
  }
}

TEST_CASE("rpc reply: adjacent protocols talk, others and nonsense are refused") {
  CHECK(decode_reply(R"({"protocol": 2, "result": 7})").value() == 7);
  for (const char* text :
       {"", "7", "[]", "{", R"({"protocol": 1})", R"({"result": 7})", R"({"protocol": 3, "result": 7})",
        R"({"protocol": "x", "result": 7})", R"({"protocol": 1, "error": 7})"})
    CHECK(decode_reply(text).error().code == exit_code::other);
}

TEST_CASE("process list: every member of a row is read, what is unknown is passed over") {
  auto list = read_process_list(R"({"jsonrpc": "2.0", "protocol": 1, "id": 1, "result": {"processes": [
    {"id": 3, "name": "web", "namespace": "n", "instance": 1, "mode": "fork", "pid": 42, "status": "waiting restart",
     "restarts": 5, "unstable_restarts": 2, "created_at": 1764000000000, "started_at": 1764000000001, "exit_code": 7,
     "exit_signal": 9, "reason": "r", "cpu": 12.5, "memory": 1024, "user": "u", "watching": true, "version": "1.0",
     "later": {"name": "not this", "list": [{"id": 99}]}, "gone": null},
    {"id": 4, "cpu": 3, "name": "db"}], "notes": ["safe mode"], "more": [{"id": 5}]}})");
  REQUIRE(list);
  REQUIRE(list->processes.size() == 2);
  const process_row& row = list->processes[0];
  CHECK(row.id == 3);
  CHECK(row.name == "web");
  CHECK(row.name_space == "n");
  CHECK(row.instance == 1);
  CHECK(row.mode == "fork");
  CHECK(row.pid == 42);
  CHECK(row.status == process_status::waiting_restart);
  CHECK(row.restarts == 5);
  CHECK(row.unstable_restarts == 2);
  CHECK(row.created_at == 1764000000000);
  CHECK(row.started_at == 1764000000001);
  CHECK(row.exit_code == 7);
  CHECK(row.exit_signal == 9);
  CHECK(row.reason == "r");
  CHECK(row.cpu == 12.5);
  CHECK(row.memory == 1024);
  CHECK(row.user == "u");
  CHECK(row.watching);
  CHECK(row.version == "1.0");
  CHECK(list->processes[1].cpu == 3);
  CHECK(list->notes == std::vector<std::string>{"safe mode"});
}

TEST_CASE("process list: an error instead of a list is that error") {
  auto list = read_process_list(R"({"protocol": 1, "error": {"code": 7, "message": "busy"}})");
  REQUIRE_FALSE(list);
  CHECK(list.error().what == "busy");
  CHECK_FALSE(read_process_list("{"));
  CHECK_FALSE(read_process_list(R"({"protocol": 9, "result": {}})"));
}

TEST_CASE("process row: the uptime of what does not run is zero, and never negative") {
  process_row row;
  row.started_at = 1000;
  CHECK(uptime_of(row, 5s) == 0s);
  row.pid = 1;
  CHECK(uptime_of(row, 5s) == 4s);
  CHECK(uptime_of(row, 0s) == 0s);
}
