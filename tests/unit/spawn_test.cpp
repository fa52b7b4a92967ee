#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "os/child_input.hpp"
#include "os/limits.hpp"
#include "os/procfs.hpp"
#include "os/spawn.hpp"

using namespace procvisor;
using namespace procvisor::os;

namespace {

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    pollfd readable{fd, POLLIN, 0};
    ::poll(&readable, 1, 5000);
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0)
      return text;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
}

/// -1: ended by a signal.
int wait_for(pid_t pid) {
  siginfo_t status{};
  ::waitid(P_PID, static_cast<id_t>(pid), &status, WEXITED | __WALL);
  return status.si_code == CLD_EXITED ? status.si_status : -1;
}

/// `/bin/sh -c script` as a child of this process, its output read.
struct shell {
  explicit shell(std::string script) : script_(std::move(script)) {
    plan.path = "/bin/sh";
    plan.argv = argv_.data();
    plan.envp = envp_.data();
    plan.as_sibling = false;
    output = make_output_pipe().value();
    plan.out_fd = output.child_end.get();
  }

  tl::expected<spawned, spawn_error> start() {
    spawner creator;
    auto made = creator.spawn(plan);
    output.child_end.reset();
    return made;
  }

  std::string run() {
    auto made = start();
    REQUIRE(made.has_value());
    const std::string text = read_to_end(output.read_end.get());
    CHECK(wait_for(made->pid) == 0);
    return text;
  }

  spawn_plan plan;
  output_pipe output;

private:
  std::string script_;
  std::array<char*, 4> argv_ = {const_cast<char*>("sh"), const_cast<char*>("-c"), script_.data(), nullptr};
  std::array<char*, 2> envp_ = {const_cast<char*>("PATH=/usr/bin:/bin"), nullptr};
};

/// Without opening one, as a glob in /proc would.
constexpr const char* list_descriptors =
    "n=0; while [ $n -lt 400 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done; exit 0";

uint64_t mask_in(const std::string& status, const char* key) {
  const size_t at = status.find(key);
  REQUIRE(at != std::string::npos);
  return std::stoull(status.substr(at + std::string_view{key}.size() + 1), nullptr, 16);
}

} // namespace

TEST_CASE("spawn: a program runs with its arguments, environment, folder and umask") {
  shell child{"echo $0; pwd; umask; echo $PATH"};
  child.plan.cwd = "/usr";
  child.plan.umask = 027;

  CHECK(child.run() == "sh\n/usr\n0027\n/usr/bin:/bin\n");
}

TEST_CASE("spawn: each failure names its stage and leaves nothing running") {
  shell child{"exit 0"};
  SUBCASE("a cwd that is not there") {
    child.plan.cwd = "/no/such/folder";
    const auto made = child.start();
    REQUIRE(!made);
    CHECK(describe(made.error(), child.plan)
          == "changing directory to '/no/such/folder' failed: No such file or directory");
    CHECK(wait_for(made.error().pid) == 127);
  }
  SUBCASE("a program that is not there") {
    child.plan.path = "/no/such/program";
    const auto made = child.start();
    REQUIRE(!made);
    CHECK(describe(made.error(), child.plan) == "executing '/no/such/program' failed: No such file or directory");
    CHECK(wait_for(made.error().pid) == 127);
  }
  SUBCASE("a program that is not executable") {
    child.plan.path = "/etc/passwd";
    const auto made = child.start();
    REQUIRE(!made);
    CHECK(describe(made.error(), child.plan) == "executing '/etc/passwd' failed: Permission denied");
    CHECK(wait_for(made.error().pid) == 127);
  }
  SUBCASE("a report that cannot be written") {
    child.plan.report_fd = 12345;
    const auto made = child.start();
    REQUIRE(!made);
    CHECK(describe(made.error(), child.plan) == "telling the keeper its pid failed: Bad file descriptor");
    CHECK(wait_for(made.error().pid) == 127);
  }
  SUBCASE("a stream that is closed: no child is created") {
    child.plan.out_fd = 12345;
    const auto made = child.start();
    REQUIRE(!made);
    CHECK(describe(made.error(), child.plan) == "creating its process failed: Bad file descriptor");
    CHECK(made.error().pid == 0);
  }
}

TEST_CASE("spawn: without waiting for exec the outcome comes over a pipe") {
  shell child{"echo runs"};
  child.plan.wait_for_exec = false;
  SUBCASE("the program runs") {
    const auto made = child.start();
    REQUIRE(made.has_value());
    CHECK(read_to_end(child.output.read_end.get()) == "runs\n");
    CHECK(!read_outcome(made->outcome.get(), made->pid).has_value());
    CHECK(wait_for(made->pid) == 0);
  }
  SUBCASE("the program cannot run") {
    child.plan.cwd = "/no/such/folder";
    const auto made = child.start();
    REQUIRE(made.has_value());
    CHECK(wait_for(made->pid) == 127);
    const auto failure = read_outcome(made->outcome.get(), made->pid);
    REQUIRE(failure.has_value());
    CHECK(failure->stage == spawn_stage::cwd);
    CHECK(failure->error == ENOENT);
    CHECK(failure->pid == made->pid);
  }
}

TEST_CASE(
    "spawn: no descriptor of the caller's leaks into a program, however many there are and whatever their flags") {
  for (const bool wait_for_exec : {true, false}) {
    shell child{list_descriptors};
    child.plan.wait_for_exec = wait_for_exec;
    std::vector<unique_fd> open_ones;
    for (int i = 0; i < 300; ++i)
      open_ones.emplace_back(::open("/dev/null", O_RDWR));

    CHECK(child.run() == "0\n1\n2\n");
  }
}

TEST_CASE("spawn: the channel becomes descriptor 3") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const unique_fd read_end{ends[0]};
  unique_fd write_end{ends[1]};
  shell child{std::string{"echo through the channel >&3; "} + list_descriptors};
  child.plan.channel_fd = write_end.get();

  CHECK(child.run() == "0\n1\n2\n3\n");
  write_end.reset();
  CHECK(read_to_end(read_end.get()) == "through the channel\n");
}

TEST_CASE("spawn: sockets become the descriptors from 3 on, wherever they lay, and the channel the one behind them") {
  std::vector<output_pipe> pipes;
  std::vector<int> passed;
  for (int number : {3, 4, 5, 300}) { // the places themselves as well, whatever lies there now
    pipes.push_back(make_output_pipe().value());
    if (number == 300 || ::fcntl(number, F_GETFD) < 0) {
      REQUIRE(::dup2(pipes.back().child_end.get(), number) == number);
      pipes.back().child_end.reset(number);
    }
    passed.push_back(pipes.back().child_end.get());
  }
  auto channel = make_output_pipe().value();
  shell child{std::string{"for n in 3 4 5 6 7; do echo at $n >&$n; done; echo $ME; "} + list_descriptors};
  child.plan.passed_fds = passed;
  child.plan.channel_fd = channel.child_end.get();
  char pid_variable[] = "ME=00000000000";
  std::array<char*, 3> envp{const_cast<char*>("PATH=/usr/bin:/bin"), pid_variable, nullptr};
  child.plan.envp = envp.data();
  child.plan.pid_text = pid_variable + 3;

  auto made = child.start();
  REQUIRE(made.has_value());
  CHECK(read_to_end(child.output.read_end.get()) == fmt::format("{}\n0\n1\n2\n3\n4\n5\n6\n7\n", made->pid));
  CHECK(wait_for(made->pid) == 0);
  for (size_t i = 0; i < pipes.size(); ++i) {
    pipes[i].child_end.reset();
    CHECK(read_to_end(pipes[i].read_end.get()) == fmt::format("at {}\n", 3 + i));
  }
  channel.child_end.reset();
  CHECK(read_to_end(channel.read_end.get()) == "at 7\n");
}

TEST_CASE("spawn: the input pipe becomes stdin, takes what is written to it and never ends") {
  shell child{"read -r line; echo \"got $line\"; read -r line; echo \"got $line\""};
  unique_fd input = make_input_pipe();
  child.plan.in_fd = input.get();
  const auto made = child.start();
  REQUIRE(made.has_value());
  input.reset();

  CHECK(write_input(made->pid, "one\n"));
  pollfd first{child.output.read_end.get(), POLLIN, 0};
  CHECK(::poll(&first, 1, 5000) == 1);
  CHECK(write_input(made->pid, "two\n"));
  CHECK(read_to_end(child.output.read_end.get()) == "got one\ngot two\n");
  CHECK(wait_for(made->pid) == 0);
  CHECK(!write_input(made->pid, "three\n"));
}

TEST_CASE("spawn: a full input pipe is an error and no wait, and so is a stdin that is another one") {
  shell child{"exec sleep 1000"};
  unique_fd input = make_input_pipe();
  child.plan.in_fd = input.get();
  const auto made = child.start();
  REQUIRE(made.has_value());
  CHECK(write_input(made->pid, std::string(max_input_bytes, 'x')));
  CHECK(write_input(made->pid, "y").error().what == "its stdin is full: it has not read what it was sent before");
  CHECK(write_input(made->pid, std::string(max_input_bytes + 1, 'x')).error().code == exit_code::usage);

  shell other{"exec sleep 1000"};
  const auto without = other.start();
  REQUIRE(without.has_value());
  CHECK(write_input(without->pid, "x").error().what == "it does not read the stdin that it was started with");
  for (const pid_t pid : {made->pid, without->pid}) {
    ::kill(pid, SIGKILL);
    CHECK(wait_for(pid) == -1);
  }
}

TEST_CASE("spawn: a program starts with no signal blocked or ignored, and the caller's mask stays") {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);

  shell child{"exec cat /proc/self/status"};
  const std::string status = child.run();
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, &before, &after);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGHUP, SIG_DFL);

  CHECK(mask_in(status, "SigBlk:") == 0);
  CHECK(mask_in(status, "SigIgn:") == 0);
  CHECK(::sigismember(&after, SIGUSR1) == 1);
  CHECK(::sigismember(&after, SIGINT) == 0);
}

TEST_CASE("spawn: a program leads a session of its own") {
  shell child{"echo $$; exec cat /proc/self/stat"};
  std::istringstream said{child.run()};
  pid_t pid = 0;
  std::string stat;
  said >> pid >> std::ws;
  std::getline(said, stat);

  CHECK(parse_stat(stat)->group == pid);
  CHECK(stat.find(fmt::format(" {} {} {} ", ::getpid(), pid, pid)) != std::string::npos); // parent, group, session
}

TEST_CASE("spawn: the limit of open files is the one given, not the caller's") {
  shell child{"ulimit -Sn"};
  const rlimit before = raise_open_files();
  rlimit given = before;
  given.rlim_cur = 321;
  child.plan.open_files = given;

  CHECK(child.run() == "321\n");
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST_CASE("spawn: user, group and supplementary groups become the ones given") {
  if (::geteuid() != 0)
    return; // only root can change them
  shell child{"id -u; id -g; id -G"};
  const std::vector<gid_t> groups = {54322, 54323};
  child.plan.uid = 54321;
  child.plan.gid = 54322;
  child.plan.groups = groups;

  CHECK(child.run() == "54321\n54322\n54322 54323\n");
  CHECK(::geteuid() == 0);
}

TEST_CASE("spawn: the pid is reported before execve, also where that fails") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const unique_fd read_end{ends[0]};
  const unique_fd write_end{ends[1]};
  shell child{"exit 0"};
  child.plan.path = "/no/such/program";
  child.plan.report_fd = write_end.get();
  child.plan.key = {.id = 7, .generation = 3};
  const auto made = child.start();

  REQUIRE(!made);
  keeper::report said{};
  REQUIRE(::read(read_end.get(), &said, sizeof said) == static_cast<ssize_t>(sizeof said));
  CHECK(said.key == keeper::launch_key{.id = 7, .generation = 3});
  CHECK(said.pid == made.error().pid);
  wait_for(said.pid);
}

TEST_CASE("spawn: a program outlives the readers of its stdout, and its end is seen by a reader that is there") {
  shell child{"read line <&3; echo one; echo two; echo lived >&3"};
  int both[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) == 0);
  unique_fd mine{both[0]};
  unique_fd its{both[1]};
  child.plan.channel_fd = its.get();
  const auto made = child.start();
  its.reset();
  REQUIRE(made.has_value());

  child.output.read_end.reset();
  REQUIRE(::write(mine.get(), "go\n", 3) == 3);
  CHECK(read_to_end(mine.get()) == "lived\n");
  CHECK(wait_for(made->pid) == 0);
}

TEST_CASE("spawn: as a sibling the child is the caller's parent's") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const unique_fd read_end{ends[0]};
  unique_fd write_end{ends[1]};
  const pid_t creator = ::fork();
  if (creator == 0) {
    shell child{"exit 9"};
    child.plan.as_sibling = true;
    const auto made = child.start();
    const pid_t pid = made ? made->pid : 0;
    _exit(::write(write_end.get(), &pid, sizeof pid) == static_cast<ssize_t>(sizeof pid) ? 0 : 1);
  }
  write_end.reset();
  pid_t child = 0;
  REQUIRE(::read(read_end.get(), &child, sizeof child) == static_cast<ssize_t>(sizeof child));

  CHECK(wait_for(child) == 9);
  CHECK(wait_for(creator) == 0);
}
