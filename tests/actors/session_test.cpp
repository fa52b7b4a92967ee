#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "actors/session.hpp"
#include "fixture.hpp"
#include "os/text_file.hpp"

using namespace procvisor;
using namespace std::chrono_literals;
using json = nlohmann::json;

namespace {

/// Sessions, of which the test has the clients' ends. Whom they would ask does not answer.
struct session_fixture : actor_fixture {
  session_peers peers;

  os::unique_fd connect() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    sessions.push_back(sys.spawn<session_impl>(std::make_shared<os::unique_fd>(ends[1]), peers));
    loop.run_until_quiet();
    return os::unique_fd{ends[0]};
  }
  ~session_fixture() {
    for (const auto& one : sessions)
      caf::anon_send_exit(one, caf::exit_reason::kill);
    loop.run_until_quiet();
  }
  /// All of it, in pieces that the socket takes, or until the session ends.
  void say(const os::unique_fd& client, std::string_view text) {
    while (!text.empty()) {
      const auto n = ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
      loop.run_until_quiet();
      if (n < 0 && errno != EAGAIN)
        return;
      text.remove_prefix(n > 0 ? static_cast<size_t>(n) : 0);
    }
    loop.run_until_quiet();
  }
  static std::string heard(const os::unique_fd& client) {
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(client.get(), buffer, sizeof buffer, 0)) > 0;)
      text.append(buffer, static_cast<size_t>(n));
    return text;
  }
  static bool is_closed(const os::unique_fd& client) {
    pollfd hung_up{client.get(), POLLHUP, 0};
    return ::poll(&hung_up, 1, 0) == 1 && (hung_up.revents & POLLHUP) != 0;
  }

  std::vector<session_actor> sessions;
};

constexpr const char* ping_request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";

} // namespace

TEST_CASE_FIXTURE(session_fixture,
                  "session: whatever bytes a line has, the client is answered and the session goes on") {
  const auto client = connect();
  std::vector<std::string> lines{std::string(2'000'000, '['),
                                 "{\"id\":" + std::string(1'000'000, '{') + "}",
                                 R"({"id":[[[]]],"method":"ping"})",
                                 R"({"method":"scale","params":{"to":1e300}})",
                                 R"({"method":"signal","params":{"signal":"x"}})",
                                 R"({"method":"start","params":{"apps":[7]}})",
                                 "\xff\xfe",
                                 "null"};
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(FUZZ_CORPUS) / "request"))
    if (auto bytes = os::read_text_file(entry.path().string(), 1 << 20); bytes && bytes->find("\"stop\"") == bytes->npos
                                                                         && bytes->find("\"start\"") == bytes->npos
                                                                         && bytes->find("\"send\"") == bytes->npos)
      lines.push_back(std::move(*bytes)); // those are answered by others
  for (const auto& line : lines) {
    CAPTURE(line.substr(0, 60));
    say(client, line + "\n");
    const auto answer = json::parse(heard(client), nullptr, false);
    REQUIRE(answer.is_object());
    CHECK((answer.contains("error") || answer.contains("result")));
  }
  say(client, ping_request);
  CHECK(heard(client).find("\"result\"") != std::string::npos);
  CHECK(*peers.held_bytes == 0);
}

TEST_CASE_FIXTURE(session_fixture, "session: a client that takes nothing of its reply is cut off after half a minute") {
  const auto client = connect();
  const int small = 1;
  REQUIRE(::setsockopt(client.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
  std::string many;
  for (int i = 0; i < 4000; ++i)
    many += ping_request;
  for (std::string_view rest = many; !rest.empty();) { // replies fill the socket, and then nothing is read any more
    const auto n = ::send(client.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    loop.run_until_quiet();
    if (n <= 0)
      break;
    rest.remove_prefix(static_cast<size_t>(n));
  }
  REQUIRE(*peers.held_bytes > 0);

  loop.advance(29s);
  CHECK_FALSE(is_closed(client));
  loop.advance(1s);
  CHECK(is_closed(client));
  CHECK(*peers.held_bytes == 0);
}

TEST_CASE_FIXTURE(session_fixture,
                  "session: one that has nothing to do makes room, one that was asked something does not") {
  const auto idle = connect();
  const auto asking = connect();
  REQUIRE(::send(asking.get(), ping_request, std::string_view{ping_request}.size(), 0) > 0); // not read yet

  std::vector<bool> goes;
  sys.spawn([&, this](caf::event_based_actor* self) {
    for (const auto& one : sessions)
      self->request(one, caf::infinite, make_room{})
          .then([&](bool does) { goes.push_back(does); }, [](const caf::error&) {});
  });
  loop.run_until_quiet();

  CHECK(goes == std::vector{true, false});
  CHECK(is_closed(idle));
  CHECK_FALSE(is_closed(asking));
  CHECK(heard(asking).find("\"result\"") != std::string::npos);
}

TEST_CASE_FIXTURE(session_fixture,
                  "session: what all clients have begun to say is bounded, but small requests are served") {
  const std::string large(30 * 1024 * 1024, 'x');
  const auto first = connect();
  const auto second = connect();
  const auto third = connect();
  say(first, large);
  say(second, large);
  say(third, large);
  CHECK(heard(third).find("too many clients") != std::string::npos);
  CHECK(is_closed(third));

  const auto fourth = connect();
  say(fourth, ping_request);
  CHECK(heard(fourth).find("\"result\"") != std::string::npos);
  CHECK(*peers.held_bytes < 65 * 1024 * 1024);
}
