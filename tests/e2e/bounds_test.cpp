// Where something runs out, and who takes more than his share: it is said, and it passes.
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "daemon_probe.hpp"
#include "home_fixture.hpp"

namespace e2e {

namespace {

std::string read_text(const std::string& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

constexpr int in_time = static_cast<int>(std::chrono::milliseconds{patience}.count());
constexpr const char* ping_request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";

/// A disk of its own, of so many KiB.
class small_disk {
public:
  small_disk(std::string at, const std::string& kib) : at_(std::move(at)) {
    REQUIRE((::mkdir(at_.c_str(), 0700) == 0 || errno == EEXIST));
    is_there_ = ::mount("none", at_.c_str(), "tmpfs", 0, ("mode=0700,size=" + kib + "k").c_str()) == 0;
  }
  ~small_disk() {
    if (is_there_)
      ::umount2(at_.c_str(), MNT_DETACH);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  bool is_there() const noexcept { return is_there_; }

private:
  std::string at_;
  bool is_there_ = false;
};

struct bounds_fixture : home_fixture {
  pid_t daemon() const {
    const auto found = in_role("daemon");
    REQUIRE(found.size() == 1);
    return found.front();
  }
  std::string socket() const { return path("home/procvisor.sock"); }
  /// Until the daemon has closed what earlier commands have left.
  void let_descriptors_settle() const {
    const raw_client last{socket()};
    last.say(ping_request);
    REQUIRE(contains(last.line(in_time), "\"result\""));
    last.finish();
    CHECK(last.line(in_time).empty()); // it has closed this one, and what came before
  }
};

} // namespace

TEST_CASE_FIXTURE(bounds_fixture, "without descriptors nothing is started, which is said, and nothing else suffers") {
  program("idle");
  done({"start", "idle", "--name", "before"});
  const pid_t before = pid_of("before");
  const pid_t of_daemon = daemon();

  let_descriptors_settle();
  {
    const shortage few{of_daemon, RLIMIT_NOFILE, descriptors_with(of_daemon, 3)};
    const auto refused = run({"start", "idle", "--name", "more"});
    CHECK(refused.exit_code == 4);
    CHECK_MESSAGE(contains(refused.err, "Too many open files"), refused.err);
    CHECK(status_of("more") == "errored");
  }
  CHECK(pid_of("before") == before);
  done({"start", "more"});
  CHECK(daemon() == of_daemon);
}

TEST_CASE_FIXTURE(bounds_fixture, "an app that ends while descriptors are short comes back when there are some again") {
  program("idle");
  done({"start", "idle"});
  const pid_t of_daemon = daemon();
  const pid_t first = pid_of("idle");

  let_descriptors_settle();
  {
    const shortage few{of_daemon, RLIMIT_NOFILE, descriptors_with(of_daemon, 2)};
    ::kill(first, SIGKILL);
    REQUIRE(eventually([&] { return contains(read("home/procvisor.log"), "Too many open files"); }));
  }

  CHECK(eventually([&] { return status_of("idle") == "online" && pid_of("idle") != first; }));
  CHECK(daemon() == of_daemon);
}

TEST_CASE_FIXTURE(bounds_fixture, "a client that cannot be accepted waits, and keeps no processor busy meanwhile") {
  done({"ping"});
  const pid_t of_daemon = daemon();
  let_descriptors_settle();
  shortage none{of_daemon, RLIMIT_NOFILE, descriptors_with(of_daemon, 0)};
  const raw_client client{socket()};
  client.say(ping_request);
  const long before = cpu_ticks(of_daemon);

  CHECK(client.line(1000).empty());
  CHECK(cpu_ticks(of_daemon) - before < 20); // of 100

  none.end();
  CHECK(contains(client.line(in_time), "\"result\""));
}

TEST_CASE_FIXTURE(bounds_fixture, "where no process can be made, the start says so, and the next one succeeds") {
  if (!is_root()) {
    MESSAGE("left out: needs root, to be an ordinary user whose processes are counted");
    return;
  }
  program("idle");
  env["PROCVISOR_HOME"] = path("of-nobody/home");
  REQUIRE(::mkdir(path("of-nobody").c_str(), 0777) == 0);
  REQUIRE(::chmod(path("of-nobody").c_str(), 0777) == 0);
  const auto started = run_as_nobody({"start", "/bin/sleep", "--", "1000"});
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
  pid_t of_daemon = 0;
  for (const pid_t child : children_of(std::stoi(read("of-nobody/home/procvisor.pid"))))
    if (contains(read_text("/proc/" + std::to_string(child) + "/cmdline"), "daemon"))
      of_daemon = child;
  REQUIRE(of_daemon > 0);

  const auto limit_processes = [&](const std::string& to) {
    REQUIRE(e2e::run({{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "prlimit", "--pid",
                       std::to_string(of_daemon), "--nproc=" + to + ":"},
                      env,
                      folder(),
                      {}})
                .exit_code
            == 0);
  };
  std::string before;
  for (const auto& line : lines_of(read_text("/proc/" + std::to_string(of_daemon) + "/limits")))
    if (line.starts_with("Max processes"))
      std::istringstream{line.substr(std::string_view{"Max processes"}.size())} >> before;
  limit_processes("1");
  {
    const auto refused = run_as_nobody({"start", "/bin/sleep", "--name", "more", "--", "1000"});
    CHECK(refused.exit_code == 4);
    CHECK_MESSAGE(contains(refused.err, "Resource temporarily unavailable"), refused.err);
  }
  limit_processes(before);
  CHECK(run_as_nobody({"start", "more"}).exit_code == 0);
  CHECK(run_as_nobody({"kill"}).exit_code == 0);
  env["PROCVISOR_HOME"] = home();
}

TEST_CASE_FIXTURE(bounds_fixture, "a full disk stops no app; what was lost is counted in the log, which then goes on") {
  const small_disk disk{path("disk"), "64"};
  if (!disk.is_there()) {
    MESSAGE("left out: needs to mount a tmpfs");
    return;
  }
  write("disk/filler", std::string(32 * 1024, 'x'));
  fifo report{path("report")};
  fifo go{path("go")}; // held open, so that the app's own opening of it never waits
  // 80 KiB go where 28 are, which no pipe holds; then one more line, when there is room.
  write("writer.sh",
        "i=0; while [ $i -lt 1280 ]; do echo 012345678901234567890123456789012345678901234567890123456789abc;"
        " i=$((i+1)); done\necho full > report\nread x < go\necho 'the end'\necho up > report\nsleep 1000\n");
  done({"start", "writer.sh", "--output", "disk/out.log", "--no-wait"});

  REQUIRE(report.line() == "full");
  REQUIRE(eventually([&] { return contains(read("home/procvisor.log"), "counting what is lost"); }));
  CHECK(status_of("writer") == "online");

  REQUIRE(::unlink(path("disk/filler").c_str()) == 0);
  write("go", "now\n");
  REQUIRE(report.line() == "up");
  REQUIRE(eventually([&] { return contains(read("disk/out.log"), "the end\n"); }));

  const auto text = read("disk/out.log");
  const std::string note = "[procvisor] ";
  const auto at = text.find(note);
  REQUIRE(at != std::string::npos);
  CHECK(contains(text, "bytes of output were lost: No space left on device\n"));
  const auto lost = std::stoul(text.substr(at + note.size()));
  const auto end_of_note = text.find('\n', at);
  const bool was_cut_within_a_line = at > 0 && at % 64 != 0;
  const size_t kept = at - (was_cut_within_a_line ? 1 : 0) + (text.size() - end_of_note - 1);
  CHECK(kept + lost == 1280 * 64 + std::string_view{"the end\n"}.size());
}

TEST_CASE_FIXTURE(bounds_fixture, "where the state cannot be saved, list says so until it can be again") {
  const small_disk disk{home(), "256"};
  if (!disk.is_there()) {
    MESSAGE("left out: needs to mount a tmpfs");
    return;
  }
  program("idle");
  done({"start", "idle"});
  REQUIRE(eventually([&] { return exists("home/state.json"); }));
  write("home/filler", std::string(256 * 1024, 'x'));

  done({"start", "./idle", "--name", "more"});
  const auto notes = [&] { return done({"list"}).err + done({"list"}).out; };
  const auto note_is_there = [&](bool wanted) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (contains(notes(), "saving the state") != wanted)
      if (std::chrono::steady_clock::now() > deadline)
        return false;
    return true;
  };
  REQUIRE(note_is_there(true));
  CHECK(contains(notes(), "No space left on device"));
  CHECK(contains(notes(), "more"));

  REQUIRE(::unlink(path("home/filler").c_str()) == 0);
  CHECK(eventually([&] { return contains(read("home/state.json"), "more"); }));
  CHECK(note_is_there(false));
  done({"kill"}); // before the disk is taken away
}

TEST_CASE_FIXTURE(bounds_fixture, "clients that are silent make room for those that ask") {
  done({"ping"});
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  constexpr size_t crowd = 1500; // more than there may be sessions
  if (limit.rlim_max < 2 * crowd) {
    MESSAGE("left out: too few descriptors");
    return;
  }
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const pid_t of_daemon = daemon();
  const size_t before = resident_kib(of_daemon);

  {
    std::vector<raw_client> silent;
    for (size_t i = 0; i < crowd; ++i)
      silent.emplace_back(socket());
    const raw_client last{socket()};
    last.say(ping_request);
    CHECK(contains(last.line(in_time), "\"result\""));
    done({"list"});
    CHECK(open_descriptors(of_daemon) < 1200);
  }

  done({"list"});
  CHECK(resident_kib(of_daemon) < before + 2048);
}

TEST_CASE_FIXTURE(bounds_fixture,
                  "however large the requests that clients begin, the daemon holds no more than its bound") {
  done({"ping"});
  const pid_t of_daemon = daemon();
  const size_t before = resident_kib(of_daemon);
  const std::string large(30 * 1024 * 1024, 'x');

  {
    const raw_client first{socket()};
    const raw_client second{socket()};
    const raw_client third{socket()};
    first.push(large);
    second.push(large);
    third.push(large);
    CHECK(contains(third.line(in_time), "too many clients"));
    CHECK(resident_kib(of_daemon) < before + 130 * 1024);
    done({"list"}); // which is a small one
  }

  CHECK(eventually([&] { return run({"ping"}).exit_code == 0 && resident_kib(of_daemon) < before + 2048; }));
  CHECK(daemon() == of_daemon);
}

TEST_CASE_FIXTURE(bounds_fixture,
                  "while the recorder is stalled apps come and go, within bounds, and the loss is told") {
  program("idle");
  done({"start", "idle"});
  const pid_t of_daemon = daemon();
  const auto recorder = in_role("recorder");
  REQUIRE(recorder.size() == 1);
  const size_t memory = resident_kib(of_daemon);
  const size_t descriptors = open_descriptors(of_daemon);

  ::kill(recorder.front(), SIGSTOP);
  fifo report{path("report")};
  write("short.sh", "echo a line that may be lost\necho x > report\n");
  done({"start", "short.sh", "--no-wait", "--no-autorestart"});
  for (int i = 0; i < 500; ++i) { // by command: what ends by itself that often is slowed down
    REQUIRE(report.line() == "x");
    done({"restart", "short", "--no-wait"});
  }
  CHECK(resident_kib(of_daemon) < memory + 4096);
  CHECK(open_descriptors(of_daemon) < descriptors + 300);
  CHECK(status_of("idle") == "online");
  done({"delete", "short"});

  ::kill(recorder.front(), SIGCONT);
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), "the recorder was stalled: "); }));
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), "processes that had ended, were lost"); }));
  done({"restart", "idle"});
}

} // namespace e2e
