// Who may see what a home has, and who may speak to its daemon.
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "home_fixture.hpp"

namespace e2e {

namespace {

constexpr uid_t nobody = 65534;

void check_modes(const home_fixture& place) {
  const auto mode_of = [](const std::string& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
  };
  CHECK(mode_of(place.home()) == 0700);
  for (const auto& entry : std::filesystem::recursive_directory_iterator{place.home()})
    CHECK_MESSAGE(mode_of(entry.path()) == (entry.is_directory() ? 0700 : 0600), entry.path().string());
}

/// What the daemon answers to a request of nobody who has got as far as its socket. Nothing is printed or checked in
/// the child, which is another user.
std::string answer_to_nobody(const std::string& socket_path) {
  int answer[2];
  REQUIRE(::pipe2(answer, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string_view request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"list\"}\n";
    const int connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    std::string heard = "not connected";
    if (::setgroups(0, nullptr) == 0 && ::setresgid(nobody, nobody, nobody) == 0
        && ::setresuid(nobody, nobody, nobody) == 0
        && ::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      heard = "connected ";
      [[maybe_unused]] const ssize_t sent = ::send(connection, request.data(), request.size(), MSG_NOSIGNAL);
      pollfd readable{connection, POLLIN, 0};
      ::poll(&readable, 1, static_cast<int>(std::chrono::milliseconds{patience}.count()));
      std::array<char, 4096> buffer;
      const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got > 0)
        heard.append(buffer.data(), static_cast<size_t>(got));
    }
    const ssize_t written = ::write(answer[1], heard.data(), heard.size());
    ::_exit(written < 0 ? 1 : 0);
  }
  ::close(answer[1]);
  std::array<char, 8192> buffer;
  const ssize_t got = ::read(answer[0], buffer.data(), buffer.size());
  ::close(answer[0]);
  ::waitpid(child, nullptr, 0);
  return std::string(buffer.data(), got > 0 ? static_cast<size_t>(got) : 0);
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "folders are 0700, files and the socket 0600, whatever the umask") {
  program("idle");
  for (const mode_t mask : {0000U, 0077U, 0022U}) {
    CAPTURE(mask);
    const mode_t before = ::umask(mask);
    done({"start", "idle"});
    done({"restart", "idle"});
    check_modes(*this);
    shut_down();
    ::umask(before);
    std::filesystem::remove_all(home());
  }
}

TEST_CASE_FIXTURE(home_fixture, "a home of one's own that others can read is closed to them") {
  REQUIRE(::mkdir(home().c_str(), 0700) == 0);
  REQUIRE(::chmod(home().c_str(), 0755) == 0);
  done({"ping"});
  check_modes(*this);
}

TEST_CASE_FIXTURE(home_fixture, "another user gets no answer, even where file modes have been opened") {
  if (!is_root()) {
    MESSAGE("left out: needs root");
    return;
  }
  program("idle");
  done({"start", "idle"});

  CHECK(answer_to_nobody(path("home/procvisor.sock")) == "not connected");
  const auto locked_out = run_as_nobody({"jlist"});
  CHECK(locked_out.exit_code == 7);
  CHECK(locked_out.out.empty());

  REQUIRE(::chmod(folder().c_str(), 0755) == 0);
  REQUIRE(::chmod(home().c_str(), 0755) == 0);
  REQUIRE(::chmod(path("home/procvisor.sock").c_str(), 0666) == 0);
  CHECK(answer_to_nobody(path("home/procvisor.sock")) == "connected ");
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), "refused a connection of user 65534"); }));
  const auto refused = run_as_nobody({"jlist"});
  CHECK(refused.exit_code == 7);
  CHECK(refused.out.empty());
  CHECK(contains(refused.err, "another user"));

  CHECK(status_of("idle") == "online"); // and root is served as before
}

TEST_CASE_FIXTURE(home_fixture, "a home that is somebody else's, or that one cannot write, is refused") {
  if (!is_root()) {
    MESSAGE("left out: needs root");
    return;
  }
  REQUIRE(::mkdir(home().c_str(), 0700) == 0);
  REQUIRE(::chown(home().c_str(), nobody, nobody) == 0);
  const auto foreign = run({"ping"});
  CHECK(foreign.exit_code == 2);
  CHECK(contains(foreign.err, "belongs to user 65534"));
  CHECK(contains(foreign.err, "hint: "));

  REQUIRE(::chown(home().c_str(), 0, 0) == 0);
  env["PROCVISOR_HOME"] = home() + "/of-nobody";
  REQUIRE(::chmod(home().c_str(), 0755) == 0);
  const auto unwritable = run_as_nobody({"ping"});
  CHECK(unwritable.exit_code == 2);
  CHECK(contains(unwritable.err, "Permission denied"));
  CHECK(living().empty());
  env["PROCVISOR_HOME"] = home();
}

TEST_CASE_FIXTURE(home_fixture, "a home that is a file, or whose socket's path is too long, is refused") {
  write("file", "");
  const std::string mine = env["PROCVISOR_HOME"];
  env["PROCVISOR_HOME"] = path("file");
  CHECK(run({"ping"}).exit_code == 2);
  env["PROCVISOR_HOME"] = path(std::string(120, 'x'));
  const auto too_long = run({"ping"});
  CHECK(too_long.exit_code == 2);
  CHECK(contains(too_long.err, "PROCVISOR_HOME"));
  env["PROCVISOR_HOME"] = mine;
}

} // namespace e2e
