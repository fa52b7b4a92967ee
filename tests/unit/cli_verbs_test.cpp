// The client as a process, against a daemon that this test plays: what it asks, prints and exits with.

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "cli/completion_install.hpp"
#include "cli/verbs.hpp"
#include "core/version.hpp"
#include "os/unique_fd.hpp"

using namespace procvisor;
using nlohmann::json;

namespace {

std::string content_of(int fd) {
  std::string text(static_cast<size_t>(::lseek(fd, 0, SEEK_END)), '\0');
  REQUIRE(::pread(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return text;
}

json answer(json result) {
  return {{"jsonrpc", "2.0"}, {"protocol", 1}, {"id", 1}, {"result", std::move(result)}};
}

json refusal(int code, const char* message, const char* hint) {
  return {{"jsonrpc", "2.0"},
          {"protocol", 1},
          {"id", 1},
          {"error", {{"code", code}, {"message", message}, {"data", {{"hint", hint}}}}}};
}

json row(int id, const char* name, int pid) {
  return {{"id", id},        {"name", name},    {"namespace", "default"},
          {"mode", "fork"},  {"pid", pid},      {"status", pid == 0 ? "stopped" : "online"},
          {"started_at", 1}, {"cpu", 0.5},      {"memory", 1024},
          {"user", "root"},  {"version", "N/A"}};
}

/// A home of its own, and in it a daemon that answers every request by `daemon`: its messages, one a line.
class fixture {
public:
  struct finished {
    int code = -1;
    std::string out;
    std::string err;
    std::vector<json> requests;

    std::vector<std::string> methods() const {
      std::vector<std::string> names;
      for (const json& request : requests)
        names.push_back(request.at("method"));
      return names;
    }
  };
  using answers = std::function<std::vector<json>(const std::string& method, const json& params)>;

  answers daemon; ///< empty: none runs

  fixture() {
    std::string pattern = (std::filesystem::temp_directory_path() / "procvisor-cli-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    home_ = pattern;
  }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;
  ~fixture() { std::filesystem::remove_all(home_); }

  const std::string& folder() const { return home_; }

  finished run(std::vector<std::string> words) {
    finished done;
    os::unique_fd listener = daemon ? listen() : os::unique_fd{};
    os::unique_fd out{::memfd_create("out", MFD_CLOEXEC)};
    os::unique_fd err{::memfd_create("err", MFD_CLOEXEC)};
    pid_t child = ::fork();
    if (child == 0)
      become_client(words, out.get(), err.get());
    os::unique_fd client{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
    serve(listener, client, done);
    keeper_.reset();
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    done.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    done.out = content_of(out.get());
    done.err = content_of(err.get());
    return done;
  }

private:
  [[noreturn]] void become_client(std::vector<std::string>& words, int out, int err) {
    if (keeper_)
      keeper_->end(); // this process's copy of the pipe only
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::setenv("PROCVISOR_HOME", home_.c_str(), 1);
    ::setenv("CALLER", "me", 1);
    ::unsetenv("COLUMNS");
    if (::chdir(home_.c_str()) != 0)
      ::_exit(99);
    words.insert(words.begin(), "procvisor");
    std::vector<char*> arguments;
    for (std::string& word : words)
      arguments.push_back(word.data());
    ::_exit(cli::run_client(static_cast<int>(arguments.size()), arguments.data()));
  }

  os::unique_fd listen() {
    os::unique_fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string path = home_ + "/procvisor.sock";
    REQUIRE(path.size() < sizeof address.sun_path);
    std::strcpy(address.sun_path, path.c_str());
    ::unlink(path.c_str());
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    keeper_.emplace(socket.get());
    return socket;
  }

  /// The process behind the socket as far as the kernel tells a client: who called listen() (SO_PEERCRED, unix(7)).
  class keeper {
  public:
    explicit keeper(int socket) {
      int life[2];
      int listens[2];
      REQUIRE(::pipe2(life, O_CLOEXEC) == 0);
      REQUIRE(::pipe2(listens, O_CLOEXEC) == 0);
      pid_ = ::fork();
      if (pid_ == 0) {
        ::close(life[1]);
        ::close(listens[0]);
        bool failed = ::listen(socket, 4) != 0;
        ::close(listens[1]);
        char end = 0;
        ::_exit(failed || ::read(life[0], &end, 1) != 0 ? 1 : 0);
      }
      ::close(life[0]);
      ::close(listens[1]);
      life_.reset(life[1]);
      char ready = 0;
      REQUIRE(::read(listens[0], &ready, 1) == 0); // end of file
      ::close(listens[0]);
    }
    keeper(const keeper&) = delete;
    keeper& operator=(const keeper&) = delete;
    ~keeper() {
      end();
      ::waitpid(pid_, nullptr, 0);
    }

    void end() { life_.reset(); }

  private:
    pid_t pid_ = 0;
    os::unique_fd life_;
  };

  /// Until the client has ended.
  void serve(const os::unique_fd& listener, const os::unique_fd& client, finished& done) {
    os::unique_fd connection;
    std::string received;
    for (;;) {
      pollfd ready[] = {{connection.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}, {client.get(), POLLIN, 0}};
      REQUIRE(::poll(ready, 3, 10'000) > 0);
      if (ready[0].revents != 0) {
        char block[4096];
        ssize_t count = ::recv(connection.get(), block, sizeof block, 0);
        if (count <= 0)
          connection.reset();
        else
          received.append(block, static_cast<size_t>(count));
        for (size_t end = 0; (end = received.find('\n')) != std::string::npos; received.erase(0, end + 1))
          reply(connection, json::parse(received.substr(0, end)), done);
      } else if (ready[1].revents != 0) {
        connection.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      } else if (ready[2].revents != 0) {
        return;
      }
    }
  }

  void reply(os::unique_fd& connection, json request, finished& done) {
    std::string text;
    std::vector<json> messages = daemon(request.at("method"), request.at("params"));
    for (const json& message : messages)
      text += message.dump() + "\n";
    if (request["method"] == "kill")
      keeper_->end();
    done.requests.push_back(std::move(request));
    (void)::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (messages.empty())
      connection.reset(); // a daemon that dies over a request
  }

  std::string home_;
  std::optional<keeper> keeper_;
};

std::vector<json> list_of(std::vector<json> rows) {
  return {answer({{"processes", std::move(rows)}, {"notes", json::array()}})};
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE_FIXTURE(fixture, "cli: --version is the bare version and --help names every verb; neither needs a home") {
  for (const char* word : {"--version", "-v", "-V"}) {
    finished done = run({word});
    CHECK(done.code == 0);
    CHECK(done.out == std::string{version()} + "\n");
  }
  finished help = run({"--help"});
  CHECK(help.code == 0);
  for (const char* verb : {"start", "stop", "restart", "delete", "list", "jlist", "describe", "logs", "ping", "kill"})
    CHECK(has(help.out, verb));
}

TEST_CASE_FIXTURE(fixture, "cli: nothing, an unknown verb, an unknown option and an excess target are usage errors") {
  struct {
    std::vector<std::string> words;
    const char* says;
  } const rows[] = {{{}, "no verb"},
                    {{"lisst"}, "did you mean 'list'"},
                    {{"reloat", "web"}, "did you mean 'reload'"},
                    {{"list", "--srot", "name"}, "--sort"},
                    {{"list", "-q"}, "'list' has no option '-q'\n  hint: procvisor list --help\n"},
                    {{"list", "web"}, "'web'"},
                    {{"describe"}, "needs NAME|ID"},
                    {{"describe", "a", "b"}, "'b'"},
                    {{"stop", "web", "--", "x"}, "'--'"},
                    {{"logs", "--lines", "many"}, "lines"},
                    {{"logs", "--lines", "-1"}, "lines"},
                    {{"start", "x.sh", "--max-restrats", "3"}, "--max-restarts"},
                    {{"start", "x.sh", "--watch-delay", "soon"}, "--watch-delay"},
                    {{"stop"}, "no target"}};
  for (const auto& [words, says] : rows) {
    finished done = run(words);
    CAPTURE(done.err);
    CHECK(done.code == 2);
    CHECK(done.out == "");
    CHECK(done.err.starts_with("procvisor: "));
    CHECK(has(done.err, says));
  }
}

TEST_CASE_FIXTURE(fixture,
                  "cli: <verb> --help shows the options of the verb, and those of the option table for start") {
  finished list = run({"list", "--help"});
  CHECK(list.code == 0);
  CHECK(has(list.out, "Usage: procvisor list"));
  CHECK(has(list.out, "--sort"));
  finished start = run({"help", "start"});
  CHECK(start.code == 0);
  CHECK(has(start.out, "--max-restarts,--max_restarts"));
  CHECK(has(start.out, "--no-autorestart"));
  CHECK_FALSE(has(start.out, "{false}"));
}

TEST_CASE_FIXTURE(fixture, "cli: without a daemon the verbs answer as for an empty list, and start none") {
  CHECK(run({"list"}).code == 0);
  CHECK(has(run({"list"}).out, "name"));
  CHECK(run({"list", "--json"}).out == "[]\n");
  CHECK(run({"jlist"}).out == "[]");
  CHECK(run({"kill"}).code == 0);
  CHECK(run({"logs"}).code == 0);
  for (const char* verb : {"stop", "restart", "delete", "describe", "logs"}) {
    CAPTURE(verb);
    finished done = run({verb, "web"});
    CHECK(done.code == 3);
    CHECK(has(done.err, "'web'"));
  }
  CHECK(run({"stop", "all"}).code == 3);
  CHECK(run({"start", "7"}).code == 3);
  CHECK_FALSE(std::filesystem::exists(folder() + "/procvisor.pid"));
}

TEST_CASE_FIXTURE(fixture, "cli: list prints a table without colours where stdout is no terminal") {
  daemon = [](auto&&...) { return list_of({row(1, "web", 42), row(0, "db", 0)}); };

  finished done = run({"ls"});

  CHECK(done.code == 0);
  CHECK(done.methods() == std::vector<std::string>{"list"});
  CHECK(done.err == "");
  CHECK(done.out.find("db") < done.out.find("web"));
  CHECK(has(done.out, "watching"));
  CHECK_FALSE(has(done.out, "\x1b"));
  CHECK(has(run({"list", "-m"}).out, "+--- web\n"));
  CHECK(json::parse(run({"list", "--json"}).out).size() == 2);
}

TEST_CASE_FIXTURE(fixture, "cli: what the daemon notes besides its list is talk") {
  daemon = [](auto&&...) { return std::vector{answer({{"processes", {row(0, "web", 1)}}, {"notes", {"safe mode"}}})}; };
  finished done = run({"list"});
  CHECK_FALSE(has(done.out, "safe mode"));
  CHECK(done.err == "[procvisor] safe mode\n");
  CHECK(run({"list", "-s"}).err == "");
}

TEST_CASE_FIXTURE(fixture, "cli: jlist prints what the daemon says, without a newline at its end") {
  daemon = [](auto&&...) { return std::vector{answer(json::parse(R"([{"name": "ünï", "pm2_env": {}}])"))}; };
  CHECK(run({"jlist"}).out == R"([{"name":"ünï","pm2_env":{}}])");
}

TEST_CASE_FIXTURE(fixture, "cli: stop names its targets as typed, says what was done, and shows the list") {
  daemon = [](const std::string& method, const json&) {
    if (method == "stop")
      return std::vector{answer({{"done", {row(0, "web", 0)}}, {"failed", json::array()}})};
    return list_of({row(0, "web", 0)});
  };

  finished done = run({"stop", "web", "/^api/"});

  CHECK(done.code == 0);
  CHECK(done.methods() == std::vector<std::string>{"stop", "list"});
  CHECK(done.requests[0]["params"]["targets"] == json{"web", "/^api/"});
  CHECK(done.out == "");
  CHECK(has(done.err, "[procvisor] stopped web (id 0)\n"));
  CHECK(has(done.err, "│ status"));

  finished silent = run({"stop", "-s", "web"});
  CHECK(silent.err == "");
  CHECK(silent.methods() == std::vector<std::string>{"stop"});
}

TEST_CASE_FIXTURE(fixture, "cli: a target that fails is reported with its reason, and makes the exit code partly") {
  json failed = {
      {"target", "db"}, {"code", 4}, {"message", "cannot start 'db': exec failed\nlast line"}, {"hint", "h"}};
  bool some_done = true;
  daemon = [&](const std::string& method, const json&) {
    if (method == "restart")
      return std::vector{answer({{"done", some_done ? json{row(0, "web", 9)} : json::array()}, {"failed", {failed}}})};
    return list_of({});
  };

  finished partly = run({"restart", "web", "db"});
  CHECK(partly.code == 6);
  CHECK(has(partly.err, "procvisor: cannot start 'db': exec failed\n  last line\n  hint: h\n"));
  CHECK(has(partly.err, "[procvisor] restarted web (id 0, pid 9)\n"));

  some_done = false;
  CHECK(run({"restart", "web", "db"}).code == 4);
}

TEST_CASE_FIXTURE(fixture, "cli: an error of the daemon has its code, and is JSON with --json") {
  daemon = [](auto&&...) { return std::vector{refusal(3, "no app named 'web'", "procvisor list")}; };
  finished done = run({"delete", "web"});
  CHECK(done.code == 3);
  CHECK(done.err == "procvisor: no app named 'web'\n  hint: procvisor list\n");
  CHECK(json::parse(run({"describe", "web", "--json"}).err)
        == json{{"code", 3}, {"message", "no app named 'web'"}, {"hint", "procvisor list"}});
}

TEST_CASE_FIXTURE(fixture, "cli: a daemon that goes away before it answers is exit code 7") {
  daemon = [](auto&&...) { return std::vector<json>{}; };
  for (const char* verb : {"list", "jlist", "ping"})
    CHECK(run({verb}).code == 7);
}

TEST_CASE_FIXTURE(fixture, "cli: an answer that is not what the protocol says is an error, not a crash") {
  const json wrong_answers[] = {
      json::array(), json{{"protocol", 1}},      json{{"result", 1}},
      answer(7),     answer({{"processes", 7}}), json{{"protocol", 9}, {"result", json::object()}}};
  for (const json& wrong : wrong_answers) {
    CAPTURE(wrong.dump());
    daemon = [&wrong](auto&&...) { return std::vector{wrong}; };
    for (const char* verb : {"list", "stop", "describe", "ping", "kill"})
      CHECK(run({verb, std::string{verb} == "stop" || std::string{verb} == "describe" ? "web" : "-s"}).code < 8);
  }
  daemon = [](auto&&...) { return std::vector{json{{"protocol", 9}, {"result", json::object()}}}; };
  CHECK(run({"list"}).code == 1);
}

TEST_CASE_FIXTURE(fixture, "cli: start asks for an existing name first, and takes a script where there is none") {
  std::vector<std::string> existing{"web"};
  daemon = [&](const std::string& method, const json& params) {
    if (method == "start_existing" && params["targets"][0] != "web")
      return std::vector{refusal(3, "no such app", "")};
    if (method == "list")
      return list_of({});
    return std::vector{answer({{"done", {row(0, "web", 7)}}, {"failed", json::array()}})};
  };

  finished known = run({"start", "web"});
  CHECK(known.code == 0);
  CHECK(known.methods() == std::vector<std::string>{"start_existing", "list"});

  std::string script = folder() + "/job";
  os::unique_fd file{::open(script.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0700)};
  REQUIRE(::write(file.get(), "#!/bin/sh\n", 10) == 10);
  file.reset();
  finished unknown = run({"start", "job", "-n", "renamed", "--max_restarts=3", "--no-autorestart", "--", "-n", "a b"});
  CAPTURE(unknown.err);
  CHECK(unknown.code == 0);
  REQUIRE(unknown.methods() == std::vector<std::string>{"start_existing", "start", "list"});
  CHECK(unknown.requests[0]["params"]["change"]
        == json{{"max_restarts", 3}, {"autorestart", false}, {"args", {"-n", "a b"}}}); // start renames nothing
  const json& params = unknown.requests[1]["params"];
  CHECK(params["when_running"] == "refuse");
  CHECK(params["environment"]["CALLER"] == "me");
  CHECK_FALSE(params["environment"].contains("PROCVISOR_HOME"));
  REQUIRE(params["apps"].size() == 1);
  CHECK(params["apps"][0]["name"] == "renamed");
  CHECK(params["apps"][0]["script"] == script);
  CHECK(params["apps"][0]["max_restarts"] == 3);
  CHECK(params["apps"][0]["autorestart"] == false);
  CHECK(params["apps"][0]["args"] == json{"-n", "a b"});

  finished forced = run({"start", "job", "-f"});
  REQUIRE(forced.methods() == std::vector<std::string>{"start", "list"});
  CHECK(forced.requests[0]["params"]["when_running"] == "add");
}

TEST_CASE_FIXTURE(fixture, "cli: a file restarts what runs, and a folder's file is what no target means") {
  daemon = [](const std::string& method, const json&) {
    if (method == "list")
      return list_of({});
    return std::vector{answer({{"done", {row(0, "web", 7)}}, {"failed", json::array()}})};
  };
  os::unique_fd file{::open((folder() + "/ecosystem.json").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)};
  std::string_view text = R"({apps: [{name: 'a', script: '/bin/sh', interpreter: 'none'},
                                      {name: 'b', script: '/bin/sh', interpreter: 'none', force: true}]})";
  REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));

  for (std::vector<std::string> words : {std::vector<std::string>{"start"}, {"start", "ecosystem.json"}, {"restart"}}) {
    finished done = run(words);
    CAPTURE(done.err);
    CHECK(done.code == 0);
    REQUIRE(done.methods() == std::vector<std::string>{"start", "start", "list"});
    CHECK(done.requests[0]["params"]["when_running"] == "restart");
    CHECK(done.requests[0]["params"]["apps"][0]["name"] == "a");
    CHECK(done.requests[1]["params"]["when_running"] == "add");
    CHECK(done.requests[1]["params"]["apps"][0]["name"] == "b");
  }
  finished stopped = run({"stop"});
  REQUIRE(stopped.methods() == std::vector<std::string>{"stop", "list"});
  CHECK(stopped.requests[0]["params"]["names"] == json{"a", "b"});
  CHECK(stopped.requests[0]["params"]["targets"] == json::array());
  finished one = run({"delete", "ecosystem.json", "--only", "b"});
  CHECK(one.requests[0]["params"]["names"] == json{"b"});
}

TEST_CASE_FIXTURE(fixture, "cli: restart sends what its options change, and the environment where it is asked to") {
  daemon = [](const std::string& method, const json&) {
    return method == "list" ? list_of({})
                            : std::vector{answer({{"done", {row(0, "web", 7)}}, {"failed", json::array()}})};
  };

  const json plain = run({"restart", "web"}).requests.at(0)["params"];
  CHECK_FALSE(plain.contains("change"));
  CHECK_FALSE(plain.contains("environment"));
  CHECK(plain["cwd"] == folder());

  finished done = run({"restart", "web", "--max-restarts", "3", "-a", "-i", "4", "--", "x"});
  CHECK(done.code == 0);
  const json& params = done.requests.at(0)["params"];
  CHECK(params["change"] == json{{"max_restarts", 3}, {"args", {"x"}}});
  CHECK(params["environment"]["CALLER"] == "me");
  CHECK(has(done.err, "without effect on what is in the list already: --instances"));

  CHECK(run({"restart", "web", "--max-restarts", "many"}).code == 2);
  finished env = run({"restart", "web", "--env", "production"});
  CHECK(env.code == 2);
  CHECK(env.methods().empty());
}

TEST_CASE_FIXTURE(fixture, "cli: a bad file or script changes nothing") {
  daemon = [](auto&&...) { return list_of({}); };
  CHECK(run({"start", "./missing.js"}).methods().empty());
  CHECK(run({"start", "missing.json"}).methods().empty());
  CHECK(run({"stop", "missing.json"}).methods().empty());
  CHECK(run({"start", "missing.json"}).code == 2);
}

TEST_CASE_FIXTURE(fixture, "cli: logs prints tails and lines with their app in front, and ends with the stream") {
  json tail = {
      {"method", "tail"},
      {"params", {{"id", 0}, {"name", "web"}, {"stream", "out"}, {"path", "/l/web-out.log"}, {"lines", {"one"}}}}};
  json out = {{"method", "log"}, {"params", {{"id", 0}, {"name", "web"}, {"stream", "out"}, {"line", "two"}}}};
  json err = {{"method", "log"}, {"params", {{"id", 0}, {"name", "web"}, {"stream", "err"}, {"line", "oops"}}}};
  daemon = [&](auto&&...) { return std::vector{tail, out, err, answer(json::object())}; };

  finished done = run({"logs", "--nostream", "--lines", "7"});
  CHECK(done.code == 0);
  CHECK(done.out == "0|web      | one\n0|web      | two\n0|web      | oops\n");
  CHECK(has(done.err, "/l/web-out.log last 7 lines:\n"));
  CHECK(done.requests[0]["params"]
        == json{{"targets", json::array()},
                {"lines", 7},
                {"follow", false},
                {"out", true},
                {"err", true},
                {"journal", true}});

  finished raw = run({"logs", "web", "--raw", "--nostream", "-s"});
  CHECK(raw.out == "one\ntwo\n");
  CHECK(raw.err == "oops\n");
  CHECK(raw.requests[0]["params"]["journal"] == false);
}

TEST_CASE_FIXTURE(fixture, "cli: logs asks for the streams that are wanted") {
  daemon = [](auto&&...) { return std::vector{answer(json::object())}; };
  struct {
    std::vector<std::string> words;
    bool out;
    bool err;
    bool journal;
  } const rows[] = {{{"logs", "web"}, true, true, false},
                    {{"logs", "--err"}, false, true, false},
                    {{"logs", "--out"}, true, false, false},
                    {{"logs", "procvisor"}, false, false, true},
                    {{"logs", "procvisor", "web"}, true, true, true}};
  for (const auto& [words, out, err, journal] : rows) {
    json params = run(words).requests.at(0)["params"];
    CAPTURE(params.dump());
    CHECK(params["out"] == out);
    CHECK(params["err"] == err);
    CHECK(params["journal"] == journal);
    CHECK(params["follow"] == true);
  }
}

TEST_CASE_FIXTURE(fixture,
                  "cli: logs for programs have new lines with their time, and old ones where they are asked for") {
  const auto line = [](const char* method, const char* key, const json& text) {
    json message{{"method", method}, {"params", {{"id", 3}, {"name", "a\"b"}, {"stream", "err"}, {"path", "/l"}}}};
    message["params"][key] = text;
    return message;
  };
  daemon = [&](auto&&...) {
    return std::vector{line("tail", "lines", {"old \"one\""}), line("log", "line", "new"), answer(json::object())};
  };
  CHECK(run({"logs", "--json"}).requests[0]["params"]["lines"] == 0);
  CHECK(run({"logs", "--format"}).requests[0]["params"]["lines"] == 0);
  CHECK(run({"logs", "--json", "--nostream"}).requests[0]["params"]["lines"] == 15);
  CHECK(run({"logs", "--lines", "4000000000000000000"}).requests[0]["params"]["lines"] == 1'000'000'000);

  const auto as_json = run({"logs", "--json", "--lines", "2"});
  CHECK(as_json.requests[0]["params"]["lines"] == 2);
  const auto end = as_json.out.find('\n');
  const auto old_line = json::parse(as_json.out.substr(0, end));
  const auto new_line = json::parse(as_json.out.substr(end + 1));
  CHECK(old_line == json{{"message", "old \"one\""}, {"type", "err"}, {"process_id", 3}, {"app_name", "a\"b"}});
  CHECK(new_line["message"] == "new");
  CHECK(new_line["timestamp"].get<std::string>().size() == 24);

  const auto as_fields = run({"logs", "--format", "--lines", "2"}).out;
  CHECK(has(as_fields, "timestamp=- app=a\"b id=3 type=error message=old \"one\"\n"));
  CHECK(has(as_fields, " app=a\"b id=3 type=error message=new\n"));
  CHECK(run({"logs", "--timestamp", "[now]"}).out == "3|a\"b      | old \"one\"\nnow 3|a\"b      | new\n");
  CHECK(has(run({"logs", "--timestamp"}).out, ":")); // YYYY-MM-DD-HH:mm:ss
}

TEST_CASE_FIXTURE(fixture, "cli: flush names the files, and what could not be emptied is an error") {
  daemon = [](auto&&...) { return std::vector{answer({{"files", {"/l/web.log"}}, {"failed", json::array()}})}; };
  const auto done = run({"flush", "web"});
  CHECK(done.code == 0);
  CHECK(done.out.empty());
  CHECK(has(done.err, "emptied /l/web.log"));
  CHECK(done.requests[0]["method"] == "flush");
  CHECK(done.requests[0]["params"]["targets"] == json{"web"});
  CHECK(json::parse(run({"flush", "--json"}).out)["files"] == json{"/l/web.log"});
  CHECK(run({"reloadLogs"}).requests[0]["method"] == "reload_logs");

  daemon = [](auto&&...) { return std::vector{answer({{"failed", {"cannot open '/l/web.log': No space"}}})}; };
  for (const char* verb : {"flush", "reloadLogs"}) {
    const auto failed = run({verb});
    CHECK(failed.code == 1);
    CHECK(has(failed.err, "cannot open '/l/web.log'"));
  }
}

TEST_CASE_FIXTURE(fixture, "cli: a followed stream that breaks off is said, with exit code 1") {
  daemon = [](auto&&...) { return std::vector<json>{}; };
  finished done = run({"logs"});
  CHECK(done.code == 1);
  CHECK(has(done.err, "the stream of logs has ended"));
}

TEST_CASE_FIXTURE(fixture, "cli: ping answers in PM2's words, and kill says how many processes it stopped") {
  daemon = [](const std::string& method, const json&) {
    return std::vector{method == "kill" ? answer({{"stopped", 2}}) : answer({{"pid", 1}, {"version", "1"}})};
  };
  CHECK(run({"ping"}).out == "{ msg: 'pong' }\n");
  CHECK(json::parse(run({"ping", "--json"}).out)["pid"] == 1);
  finished killed = run({"kill"});
  CHECK(killed.code == 0);
  CHECK(killed.err == "[procvisor] stopped 2 processes and the daemon\n");
}

TEST_CASE_FIXTURE(fixture, "cli: a missing, an unknown and an excess argument of every verb is a usage error") {
  for (const cli::verb& verb : cli::verbs()) {
    const std::string name{verb.name};
    CAPTURE(name);
    finished unknown = run({name, "--jsno"});
    CHECK(unknown.code == 2);
    CHECK(has(unknown.err, "did you mean '--json'"));
    for (size_t given = 0; given < verb.min_targets; ++given) {
      std::vector<std::string> words{name};
      words.resize(words.size() + given, "x");
      finished missing = run(words);
      CHECK(missing.code == 2);
      CHECK(has(missing.err, std::string{verb.operands}));
    }
    if (verb.max_targets < 10) {
      std::vector<std::string> words{name};
      words.resize(words.size() + verb.max_targets + 1, "x");
      finished excess = run(words);
      CHECK(excess.code == 2);
      CHECK(has(excess.err, "'x' is too many"));
    }
    if (!verb.takes_app_args) {
      std::vector<std::string> words{name};
      words.resize(words.size() + verb.min_targets, "x");
      words.insert(words.end(), {"--", "y"});
      CHECK(run(words).code == 2);
    }
    CHECK(run({name, "--help"}).code == 0);
    CHECK(run({"help", name}).out == run({name, "--help"}).out);
  }
}

TEST_CASE("cli: the block of the completion can be taken out again, wherever it stands") {
  const std::string block = "###-begin-procvisor-completion-###\nx\n###-end-procvisor-completion-###\n";
  CHECK(cli::without_completion("a\n" + block + "b\n") == "a\nb\n");
  CHECK(cli::without_completion(block) == "");
  CHECK(cli::without_completion("a\n") == "a\n");
  CHECK(cli::without_completion("###-begin-procvisor-completion-###\nx\n")
        == "###-begin-procvisor-completion-###\nx\n");
}
