// What an app finds when it begins to run.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// What programs/probe.c has written: its last value for each name.
std::map<std::string, std::string> probe_report(fifo& report) {
  std::map<std::string, std::string> found;
  for (std::string line = report.line(); line != "end"; line = report.line()) {
    const auto sign = line.find('=');
    found[line.substr(0, sign)] = line.substr(sign + 1);
  }
  return found;
}

/// The caller of procvisor as nobody should be: it ignores and blocks what it can, and hands down an fd.
class careless_caller {
public:
  careless_caller() {
    for (const int number : ignored_)
      ::signal(number, SIG_IGN);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before_);
    handed_down_ = ::open("/dev/null", O_RDONLY); // without O_CLOEXEC
  }
  ~careless_caller() {
    for (const int number : ignored_)
      ::signal(number, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
    ::close(handed_down_);
  }
  careless_caller(const careless_caller&) = delete;
  careless_caller& operator=(const careless_caller&) = delete;

private:
  static constexpr int ignored_[] = {SIGINT, SIGPIPE, SIGHUP, SIGTERM, SIGUSR1, SIGCHLD};
  sigset_t before_;
  int handed_down_;
};

} // namespace

TEST_CASE_FIXTURE(home_fixture, "an app is the keeper's child, in a session of its own, with three streams alone") {
  fifo report{path("report")};
  program("probe");
  env["REPORT"] = report.path();
  done({"start", "probe"});
  auto found = probe_report(report);

  CHECK(found["pid"] == std::to_string(pid_of("probe")));
  CHECK(found["ppid"] == std::to_string(keeper_pid()));
  CHECK(found["sid"] == found["pid"]);
  CHECK(found["pgid"] == found["pid"]);
  CHECK(found["fds"] == "0 1 2");
  CHECK(contains(found["stdin"], "pipe:"));
  CHECK(contains(found["stdout"], "pipe:"));
  CHECK(contains(found["stderr"], "pipe:"));
  CHECK(found["stdout"] != found["stderr"]);
  CHECK(found["stdin"] != found["stdout"]);
  CHECK(found["stdin_access"] == "rw"); // and so it never ends
  CHECK(found["stdin_blocks"] == "yes");
  // A writer that could read as well gets no SIGPIPE while nobody else reads.
  CHECK(found["stdout_access"] == "rw");
  CHECK(found["stderr_access"] == "rw");
  CHECK(found["stdout_blocks"] == "yes");
  CHECK(found["stderr_blocks"] == "yes");
}

TEST_CASE_FIXTURE(home_fixture, "what its caller ignores, blocks and left open does not reach an app") {
  fifo report{path("report")};
  program("probe");
  env["REPORT"] = report.path();
  {
    const careless_caller caller;
    done({"start", "probe"});
  }
  auto found = probe_report(report);

  CHECK(found["fds"] == "0 1 2");
  CHECK(found["SigBlk"] == "0000000000000000");
  CHECK(found["SigIgn"] == "0000000000000000");

  ::kill(pid_of("probe"), SIGKILL);
  found = probe_report(report); // nor the one that the daemon starts by itself
  CHECK(found["fds"] == "0 1 2");
  CHECK(found["SigBlk"] == "0000000000000000");
  CHECK(found["SigIgn"] == "0000000000000000");
}

TEST_CASE_FIXTURE(home_fixture, "an app's folder is its cwd, else the caller's; its limit of open files the caller's") {
  fifo report{path("report")};
  program("probe");
  REQUIRE(::mkdir(path("elsewhere").c_str(), 0755) == 0);
  env["REPORT"] = report.path();
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);

  done({"start", "./probe", "--name", "here"});
  auto found = probe_report(report);
  CHECK(found["cwd"] == folder());
  CHECK(found["open_files"] == std::to_string(files.rlim_cur));

  done({"start", path("probe"), "--name", "there", "--cwd", path("elsewhere")});
  found = probe_report(report);
  CHECK(found["cwd"] == path("elsewhere"));
}

TEST_CASE_FIXTURE(home_fixture, "an app has the umask of the caller who started the keeper") {
  fifo report{path("report")};
  program("probe");
  env["REPORT"] = report.path();
  const mode_t before = ::umask(027);
  done({"start", "probe"});
  ::umask(before);

  CHECK(probe_report(report)["umask"] == "027");
}

TEST_CASE_FIXTURE(home_fixture, "root runs an app as another user, with that user's group and no group of root's") {
  if (!is_root()) {
    MESSAGE("left out: needs root");
    return;
  }
  fifo report{path("report")};
  REQUIRE(::chmod(folder().c_str(), 0755) == 0);
  // The folder that the test was built in may be root's alone.
  write("whoami.sh", "echo \"uid=$(id -u) gid=$(id -g) groups=$(id -G)\" > \"$REPORT\"; exec sleep 1000\n");
  env["REPORT"] = report.path();

  done({"start", "whoami.sh", "--uid", "nobody"});
  CHECK(report.line() == "uid=65534 gid=65534 groups=65534");
  CHECK(process("whoami").at("pm2_env").at("username") == "nobody");
  done({"delete", "whoami"});

  done({"start", "whoami.sh", "--uid", "65534", "--gid", "daemon"});
  CHECK(report.line() == "uid=65534 gid=1 groups=1");
  done({"delete", "whoami"});

  const auto unknown = run({"start", "whoami.sh", "--uid", "no-such-user"});
  CHECK(unknown.exit_code == 2);
  CHECK(contains(unknown.err, "no-such-user"));
  CHECK(processes().empty());
}

} // namespace e2e
