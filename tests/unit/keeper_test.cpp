#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/version.hpp"
#include "keeper/claim.hpp"
#include "keeper/connect.hpp"
#include "keeper/inheritance.hpp"
#include "keeper/launch_table.hpp"
#include "keeper/ready.hpp"
#include "os/memfd.hpp"
#include "os/peer.hpp"
#include "os/pidfd.hpp"
#include "os/procfs.hpp"
#include "unit/temp_dir.hpp"

using namespace procvisor;

namespace {

constexpr int patience_ms = 10'000; ///< until a test fails instead of waiting longer

bool becomes_readable(int fd) {
  pollfd readable{fd, POLLIN, 0};
  return ::poll(&readable, 1, patience_ms) == 1;
}

/// A connection to the fake daemon (tests/unit/fake_companion.cpp).
class daemon_client {
public:
  explicit daemon_client(const os::home& place) {
    auto connected = keeper::connect_or_start(place, FAKE_COMPANION);
    REQUIRE_MESSAGE(connected.has_value(), connected.error().what);
    connection_ = std::move(*connected);
  }

  std::string ask(const std::string& line) {
    const std::string with_end = line + '\n';
    REQUIRE(::send(connection_.get(), with_end.data(), with_end.size(), MSG_NOSIGNAL) > 0);
    std::string answer;
    char next = 0;
    while (becomes_readable(connection_.get()) && ::recv(connection_.get(), &next, 1, 0) == 1 && next != '\n')
      answer += next;
    return answer;
  }
  pid_t ask_pid(const std::string& line) { return static_cast<pid_t>(std::stoi(ask(line))); }
  int fd() const { return connection_.get(); }

private:
  os::unique_fd connection_;
};

/// A home whose keeper, daemon and recorder are gone when the test is over.
struct running_keeper {
  running_keeper() {
    pidfd = keeper::keeper_pidfd(client->fd());
    keeper_pid = client->ask_pid("keeper");
    CHECK(client->ask("next") == "held_all");
    recorder_hello = client->ask("next-of-recorder");
    CHECK(client->ask("next-of-recorder") == "held_all");
  }
  ~running_keeper() {
    os::send_signal(pidfd, SIGKILL); // the others see its sockets close
    for (const pid_t pid : apps)
      ::kill(pid, SIGKILL);
  }

  pid_t launch(const std::string& key_and_script) {
    apps.push_back(client->ask_pid("launch " + key_and_script));
    return apps.back();
  }
  pid_t recorder_pid() const {
    return static_cast<pid_t>(std::stoi(recorder_hello.substr(recorder_hello.find("pid") + 4)));
  }

  /// Ends the daemon and connects to its successor.
  void replace_daemon() {
    const os::unique_fd old = os::open_pidfd(client->ask_pid("pid"));
    os::send_signal(old, SIGKILL);
    REQUIRE(becomes_readable(old.get()));
    client = std::make_unique<daemon_client>(place);
  }

  temp_dir dir;
  os::home place = *os::home_at(dir.path());
  std::unique_ptr<daemon_client> client = std::make_unique<daemon_client>(place);
  os::unique_fd pidfd;
  pid_t keeper_pid = 0;
  std::string recorder_hello;
  std::vector<pid_t> apps;
};

bool is_gone(pid_t pid) {
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

void kill_and_wait(pid_t pid) {
  const os::unique_fd pidfd = os::open_pidfd(pid);
  ::kill(pid, SIGKILL);
  REQUIRE(becomes_readable(pidfd.get()));
}

} // namespace

TEST_CASE_FIXTURE(running_keeper,
                  "keeper: an app is its child, its exit is told, and it stays a zombie until it is reaped") {
  const pid_t pid = launch("7 3 exit 5");

  CHECK(client->ask("next") == "exited 7 3 code 5 signal 0");
  const os::procfs proc;
  REQUIRE(proc.stat(pid).has_value());
  CHECK(proc.stat(pid)->state == 'Z');
  CHECK(proc.stat(pid)->parent == keeper_pid);

  client->ask("reap 7 3");
  launch("8 1 exit 0");
  CHECK(client->ask("next") == "exited 8 1 code 0 signal 0");
  CHECK(is_gone(pid));
}

TEST_CASE_FIXTURE(running_keeper, "keeper: a signal that ended an app is told") {
  const pid_t pid = launch("1 1 exec sleep 1000");
  ::kill(pid, SIGKILL);
  CHECK(client->ask("next") == "exited 1 1 code 0 signal 9");
}

TEST_CASE_FIXTURE(running_keeper, "keeper: an exit says whether something that the process has started may be alive") {
  launch("1 1 sleep 1000 & exit 4");
  CHECK(client->ask("next") == "exited 1 1 code 4 signal 0 may have left some");

  client->ask("look");
  const std::string heard = client->ask("next");
  REQUIRE(heard.starts_with("orphans "));
  const auto orphan = static_cast<pid_t>(std::stoi(heard.substr(heard.find(' '))));
  CHECK(os::procfs{}.stat(orphan)->parent == keeper_pid);

  kill_and_wait(orphan);
  client->ask("look");
  CHECK(client->ask("next") == "orphans");
  launch("2 1 exit 5");
  CHECK(client->ask("next") == "exited 2 1 code 5 signal 0");
  for (int turn = 0; turn < 100 && !is_gone(orphan); ++turn) { // of the keeper's loop
    client->ask("look");
    CHECK(client->ask("next") == "orphans");
  }
  CHECK(is_gone(orphan)); // reaped, although the first launch is still a zombie
}

TEST_CASE_FIXTURE(running_keeper, "keeper: a running launch is no orphan, nor are daemon and recorder") {
  launch("1 1 exec sleep 1000");
  client->ask("intend 2 1");
  client->ask("look");
  CHECK(client->ask("next") == "orphans");
}

TEST_CASE_FIXTURE(running_keeper, "keeper: a child that died before it could report is known by what the daemon says") {
  client->ask("launch-without-report 1 1 exit 3");
  CHECK(client->ask("next") == "exited 1 1 code 3 signal 0");
}

TEST_CASE_FIXTURE(running_keeper, "keeper: a launch that failed leaves neither a zombie nor a slot") {
  const pid_t failed = client->ask_pid("fail 1 1");
  for (const std::string key : {"2 1", "3 1"}) {
    launch(key + " exit 0");
    std::string heard = client->ask("next");
    if (heard == "exited 1 1 code 127 signal 0") // told before the daemon's word came
      heard = client->ask("next");
    CHECK(heard == "exited " + key + " code 0 signal 0");
    client->ask("reap " + key);
  }
  CHECK(is_gone(failed));
  replace_daemon();
  CHECK(client->ask("next") == "held_all");
}

TEST_CASE_FIXTURE(running_keeper,
                  "keeper: an orphan is reaped, and an app that waits for the daemon beside it is not") {
  const pid_t app = launch("1 1 sleep 1000 & echo $! >$PROCVISOR_HOME/orphan; exit 4");
  CHECK(client->ask("next") == "exited 1 1 code 4 signal 0 may have left some");
  pid_t orphan = 0;
  std::ifstream{place.path + "/orphan"} >> orphan;
  const os::procfs proc;
  REQUIRE(proc.stat(orphan).has_value());
  CHECK(proc.stat(orphan)->parent == keeper_pid);

  kill_and_wait(orphan);
  launch("2 1 exit 0"); // the keeper has looked at the orphan's end when it tells of this one
  CHECK(client->ask("next") == "exited 2 1 code 0 signal 0");
  CHECK(proc.stat(app)->state == 'Z');

  client->ask("reap 1 1");
  client->ask("reap 2 1");
  launch("3 1 exit 0");
  CHECK(client->ask("next") == "exited 3 1 code 0 signal 0");
  CHECK(is_gone(app));
  CHECK(is_gone(orphan));
}

TEST_CASE_FIXTURE(running_keeper,
                  "keeper: a daemon that died is started anew and gets all that is held; no pid changes") {
  const pid_t running = launch("1 1 exec sleep 1000");
  const pid_t over = launch("2 5 exit 6");
  CHECK(client->ask("next") == "exited 2 5 code 6 signal 0");
  client->ask("intend-with-channel 3 1");
  replace_daemon();

  CHECK(client->ask("restarts") == "1");
  CHECK(client->ask("next") == fmt::format("held 1 1 pid {} over 0 code 0 signal 0 fds 2", running));
  CHECK(client->ask("next") == fmt::format("held 2 5 pid {} over 1 code 6 signal 0 fds 2", over));
  CHECK(client->ask("next") == "held 3 1 pid 0 over 1 code 0 signal 0 fds 3");
  CHECK(client->ask("next") == "held_all");
  CHECK(client->ask("next-of-recorder") == "peer");
  CHECK(!is_gone(running));

  ::kill(running, SIGKILL);
  CHECK(client->ask("next") == "exited 1 1 code 0 signal 9");
}

TEST_CASE_FIXTURE(running_keeper, "keeper: a daemon killed right after clone leaves a child that its successor knows") {
  client->ask("intend 1 1");
  const pid_t app = client->ask_pid("launch-without-launched 1 1 exec sleep 1000");
  apps.push_back(app);
  replace_daemon();

  CHECK(client->ask("next") == fmt::format("held 1 1 pid {} over 0 code 0 signal 0 fds 2", app));
}

TEST_CASE_FIXTURE(running_keeper, "keeper: a report that was written before its intent was read is not lost") {
  ::kill(keeper_pid, SIGSTOP);
  const pid_t told = launch("1 1 exec sleep 1000");
  client->ask("intend 2 1");
  const pid_t untold = client->ask_pid("launch-without-launched 2 1 exec sleep 1000");
  apps.push_back(untold);
  kill_and_wait(client->ask_pid("pid"));
  ::kill(keeper_pid, SIGCONT);
  client = std::make_unique<daemon_client>(place);

  CHECK(client->ask("next") == fmt::format("held 1 1 pid {} over 0 code 0 signal 0 fds 2", told));
  CHECK(client->ask("next") == fmt::format("held 2 1 pid {} over 0 code 0 signal 0 fds 2", untold));
  CHECK(client->ask("next") == "held_all");
}

TEST_CASE_FIXTURE(running_keeper,
                  "keeper: intents of a dead daemon are open while a child may still come, and no longer") {
  REQUIRE(::mkfifo((place.path + "/go").c_str(), 0600) == 0);
  client->ask("intend 1 1");
  const pid_t slow = client->ask_pid("slow-launch 2 1");
  apps.push_back(slow);
  replace_daemon();
  CHECK(client->ask("next") == "held 1 1 pid 0 over 0 code 0 signal 0 fds 2");
  CHECK(client->ask("next") == "held 2 1 pid 0 over 0 code 0 signal 0 fds 2");
  CHECK(client->ask("next") == "held_all");

  const os::unique_fd go{::open((place.path + "/go").c_str(), O_WRONLY | O_CLOEXEC)};

  CHECK(client->ask("next") == fmt::format("held 2 1 pid {} over 0 code 0 signal 0 fds 2", slow));
  CHECK(client->ask("next") == "held 1 1 pid 0 over 1 code 0 signal 0 fds 2");
  client->ask("reap 1 1");
  launch("1 2 exit 0");
  CHECK(client->ask("next") == "exited 1 2 code 0 signal 0");
}

TEST_CASE_FIXTURE(running_keeper, "keeper: what a daemon has deposited is given to the next one, the newest of it") {
  CHECK(client->ask("state").empty());
  client->ask("deposit 0 0 first");
  client->ask("deposit 0 0 second");
  replace_daemon();
  CHECK(client->ask("state") == "second");
  replace_daemon();
  CHECK(client->ask("state") == "second");
}

TEST_CASE_FIXTURE(running_keeper,
                  "keeper: a daemon that took over what was there may die more often than three times") {
  for (int i = 0; i < 6; ++i) {
    client->ask("deposit 0 0 x");
    replace_daemon();
  }
  CHECK(client->ask("restarts") == "6");
}

TEST_CASE_FIXTURE(running_keeper,
                  "keeper: a recorder that died is started anew, gets the pipes, and the daemon a socket to it") {
  const pid_t app = launch("1 1 exec sleep 1000");
  client->ask("intend-with-channel 2 1");
  kill_and_wait(recorder_pid());

  CHECK(client->ask("next") == "peer");
  CHECK(client->ask("next-of-recorder").find("restarts 1") != std::string::npos);
  CHECK(client->ask("next-of-recorder") == fmt::format("held 1 1 pid {} over 0 code 0 signal 0 fds 2", app));
  CHECK(client->ask("next-of-recorder") == "held 2 1 pid 0 over 0 code 0 signal 0 fds 2"); // no channel
  CHECK(client->ask("next-of-recorder") == "held_all");
}

TEST_CASE_FIXTURE(running_keeper,
                  "keeper: a daemon that dies three times is not started a fourth time; the apps live") {
  const pid_t app = launch("1 1 exec sleep 1000");
  replace_daemon();
  replace_daemon();
  kill_and_wait(client->ask_pid("pid"));

  CHECK(becomes_readable(pidfd.get()));
  CHECK(!is_gone(app));
  CHECK(keeper::is_left_behind(place)); // for the next command, which takes the apps back
  CHECK(!*keeper::connect(place));
}

TEST_CASE_FIXTURE(running_keeper, "keeper: SIGTERM is passed on to the daemon") {
  os::send_signal(pidfd, SIGTERM);
  CHECK(client->ask("next") == "terminate");
}

TEST_CASE_FIXTURE(running_keeper, "keeper: SIGUSR2 is passed on to the recorder, SIGHUP to nobody") {
  os::send_signal(pidfd, SIGHUP);
  os::send_signal(pidfd, SIGUSR2);
  CHECK(client->ask("next-of-recorder") == "reopen");
  CHECK(!is_gone(keeper_pid));
}

TEST_CASE_FIXTURE(running_keeper, "keeper: at the end the recorder finishes first, and nothing is left but its files") {
  client->ask("end");
  CHECK(becomes_readable(pidfd.get()));
  CHECK(std::filesystem::exists(place.path + "/recorder-is-done"));
  CHECK(!std::filesystem::exists(place.socket));
  CHECK(!std::filesystem::exists(place.pid_file));
  CHECK(!*keeper::connect(place));
}

TEST_CASE_FIXTURE(running_keeper, "keeper: its files are 0600 and the pid in procvisor.pid is its own") {
  for (const std::string& path : {place.socket, place.pid_file, place.start_lock}) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
  }
  pid_t pid = 0;
  std::ifstream{place.pid_file} >> pid;
  CHECK(pid == keeper_pid);
}

TEST_CASE_FIXTURE(running_keeper, "keeper: a second one is not started where the socket was removed") {
  std::filesystem::remove(place.socket);
  const auto connected = keeper::connect_or_start(place, FAKE_COMPANION);
  REQUIRE(!connected);
  CHECK(connected.error().code == exit_code::unreachable);
  CHECK(connected.error().what
        == fmt::format("a keeper has this home already (pid {}), but its socket is not there", keeper_pid));
  CHECK(connected.error().hint == fmt::format("kill {}", keeper_pid));
}

TEST_CASE("keeper: what a killed one left behind is replaced") {
  temp_dir dir;
  const os::home place = *os::home_at(dir.path());
  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  place.socket.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(stale);
  std::ofstream{place.pid_file} << "1\n";
  CHECK(!*keeper::connect(place));

  daemon_client client{place};
  CHECK(client.ask_pid("keeper") > 1);
  client.ask("end");
}

TEST_CASE("keeper: why it cannot start reaches the client") {
  temp_dir dir;
  const os::home place = *os::home_at(dir.path());
  std::filesystem::create_directory(place.socket);
  std::ofstream{place.socket + "/file"} << "x";

  const auto connected = keeper::connect_or_start(place, FAKE_COMPANION);
  REQUIRE(!connected);
  CHECK(connected.error().what == "'" + place.socket + "' is there and is no socket");
  CHECK(connected.error().hint == "remove it");

  const auto no_program = keeper::connect_or_start(*os::home_at(dir.path() + "/b"), "/no/such/program");
  REQUIRE(!no_program);
  CHECK(no_program.error().what
        == "cannot start the keeper: executing '/no/such/program' failed: No such file or directory");

  const auto silent = keeper::connect_or_start(*os::home_at(dir.path() + "/c"), "/bin/false");
  REQUIRE(!silent);
  CHECK(silent.error().what == "the keeper ended while it started");
}

TEST_CASE("keeper: clients that come at once start one") {
  temp_dir dir;
  const os::home place = *os::home_at(dir.path());
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  constexpr int clients = 6;
  for (int i = 0; i < clients; ++i)
    if (::fork() == 0) {
      auto connection = keeper::connect_or_start(place, FAKE_COMPANION);
      const auto pidfd_owner = connection ? os::peer_credentials(connection->get()) : std::nullopt;
      const pid_t pid = pidfd_owner ? pidfd_owner->pid : 0;
      ::_exit(::write(ends[1], &pid, sizeof pid) == static_cast<ssize_t>(sizeof pid) ? 0 : 1);
    }
  std::vector<pid_t> keepers(clients);
  for (pid_t& pid : keepers)
    REQUIRE(::read(ends[0], &pid, sizeof pid) == static_cast<ssize_t>(sizeof pid));
  while (::wait(nullptr) > 0 || errno == EINTR) {
  }
  ::close(ends[0]);
  ::close(ends[1]);

  CHECK(keepers.front() > 0);
  CHECK(std::ranges::count(keepers, keepers.front()) == clients);
  daemon_client{place}.ask("end");
}

TEST_CASE("keeper: as many launches are taken as there are descriptors for, and the next one is refused by its name") {
  temp_dir dir;
  const os::home place = *os::home_at(dir.path());
  if (const pid_t child = ::fork(); child == 0) {
    const rlimit room_for_two{64 + 2 * 4, 64 + 2 * 4};
    ::setrlimit(RLIMIT_NOFILE, &room_for_two);
    ::_exit(keeper::connect_or_start(place, FAKE_COMPANION) ? 0 : 1);
  } else {
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(status == 0);
  }
  daemon_client client{place};
  CHECK(client.ask("capacity") == "2");
  CHECK(client.ask("next") == "held_all");

  client.ask("intend 1 1");
  client.ask("intend 2 1");
  client.ask("intend 3 1");
  CHECK(client.ask("next") == "rejected 3 1");
  client.ask("reap 1 1");
  client.ask("launch 4 1 exit 0");
  CHECK(client.ask("next") == "exited 4 1 code 0 signal 0");
  client.ask("end");
}

TEST_CASE_FIXTURE(running_keeper, "keeper: another program takes its place in its own pid, with all that it holds") {
  client->ask("deposit 0 0 what was known");
  const pid_t app = launch("7 3 exec sleep 1000");
  const pid_t over = launch("8 1 exit 5");
  CHECK(client->ask("next") == "exited 8 1 code 5 signal 0");
  const os::unique_fd daemon = os::open_pidfd(client->ask_pid("pid"));

  client->ask(fmt::format("update 0 0 {}", FAKE_COMPANION));
  client->ask("leave");
  REQUIRE(becomes_readable(daemon.get()));
  client = std::make_unique<daemon_client>(place);

  CHECK(client->ask("origin") == "3");
  client->ask("deposit 0 0 as before"); // it has taken over
  CHECK(client->ask_pid("keeper") == keeper_pid);
  CHECK(client->ask("state") == "what was known");
  CHECK(client->ask("next") == fmt::format("held 7 3 pid {} over 0 code 0 signal 0 fds 2", app));
  CHECK(client->ask("next") == fmt::format("held 8 1 pid {} over 1 code 5 signal 0 fds 2", over));
  CHECK(client->ask("next") == "held_all");
  ::kill(app, SIGKILL);
  CHECK(client->ask("next") == "exited 7 3 code 0 signal 9");
}

TEST_CASE_FIXTURE(running_keeper, "keeper: a program that does not take over makes room for the older one again") {
  client->ask("deposit 0 0 what was known");
  const pid_t app = launch("7 3 exec sleep 1000");
  const os::unique_fd daemon = os::open_pidfd(client->ask_pid("pid"));

  client->ask(fmt::format("update 0 0 {}", FAKE_FAILURE));
  client->ask("leave");
  REQUIRE(becomes_readable(daemon.get()));
  client = std::make_unique<daemon_client>(place);

  CHECK(client->ask("origin") == "4");
  CHECK(client->ask_pid("keeper") == keeper_pid);
  CHECK(client->ask("state") == "what was known");
  CHECK(client->ask("next") == fmt::format("held 7 3 pid {} over 0 code 0 signal 0 fds 2", app));
}

TEST_CASE_FIXTURE(running_keeper, "keeper: a program that cannot take over is refused, and nothing has happened") {
  const pid_t daemon = client->ask_pid("pid");
  client->ask("update 0 0 /bin/false");
  CHECK(client->ask("next").starts_with("refused: it does not answer"));
  client->ask("update 0 0 /etc/passwd");
  CHECK(client->ask("next").starts_with("refused: executing"));
  CHECK(client->ask_pid("pid") == daemon);
}

TEST_CASE("inheritance: what was written is read; another format, another major version and half of it are refused") {
  keeper::inheritance what;
  what.head.listening = 7;
  what.launches.push_back({.key = {.id = 3, .padding = 0, .generation = 9}, .pid = 77, .is_foster = 1, .out = 5});
  const auto read = keeper::read_inheritance(keeper::write_inheritance(what).get());
  REQUIRE(read.has_value());
  CHECK(read->head.listening == 7);
  REQUIRE(read->launches.size() == 1);
  CHECK(read->launches[0].key == what.launches[0].key);
  CHECK(read->launches[0].out == 5);

  const std::string whole = os::read_whole(keeper::write_inheritance(what).get());
  const auto complaint_about = [](const std::string& bytes) {
    const auto refused = keeper::read_inheritance(os::sealed_memfd("test", bytes).get());
    return refused ? std::string{} : refused.error().what;
  };
  CHECK(complaint_about(whole).empty());
  CHECK(complaint_about(whole.substr(0, whole.size() - 1)) == "what it is to take over is cut off");
  CHECK(complaint_about("short") == "what it is to take over is cut off");
  CHECK(complaint_about(std::string(whole.size(), 'x')) == "what it is to take over was not written by a keeper");
  what.head.format = keeper::inheritance_format + 1;
  CHECK(complaint_about(os::read_whole(keeper::write_inheritance(what).get())).starts_with("it is older than"));
  std::string other_major = whole;
  other_major[other_major.find(version())] = '7';
  CHECK(complaint_about(other_major).ends_with("the major version is another"));
}

TEST_CASE("launch_table: slots are found by key and pid, and are used again") {
  keeper::launch_table table{2};
  REQUIRE(table.is_mapped());
  keeper::launch* first = table.take({.id = 1, .generation = 1});
  keeper::launch* second = table.take({.id = 1, .generation = 2});
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  CHECK(table.take({.id = 2, .generation = 1}) == nullptr);
  second->pid = 77;

  CHECK(table.find({.id = 1, .generation = 1}) == first);
  CHECK(table.find({.id = 1, .generation = 3}) == nullptr);
  CHECK(table.find_pid(77) == second);
  CHECK(table.index_of(*second) == 1);

  table.release(*second);
  CHECK(table.find({.id = 1, .generation = 2}) == nullptr);
  CHECK(table.find_pid(77) == nullptr);
  CHECK(table.take({.id = 2, .generation = 1}) == second);
  CHECK(table.slots().size() == 2);
}

TEST_CASE("ready: what the keeper says is what the client hears") {
  CHECK(keeper::decode_ready(keeper::encode_ready({})).has_value());
  const auto heard = keeper::decode_ready(keeper::encode_ready(fail(exit_code::unreachable, "what", "hint")));
  REQUIRE(!heard);
  CHECK(heard.error().code == exit_code::unreachable);
  CHECK(heard.error().what == "what");
  CHECK(heard.error().hint == "hint");
}
