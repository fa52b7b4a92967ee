// startup and unstartup: what init systems are given, and what becomes of it at boot.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// What systemd does with NOTIFY_SOCKET.
class notify_listener {
public:
  explicit notify_listener(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~notify_listener() { ::close(fd_); }
  notify_listener(const notify_listener&) = delete;
  notify_listener& operator=(const notify_listener&) = delete;

  /// The next message; its descriptors are closed. Empty: none has come.
  std::string next() const {
    std::array<char, 4096> text;
    const ssize_t got = ::recv(fd_, text.data(), text.size(), MSG_DONTWAIT);
    return {text.data(), static_cast<size_t>(std::max<ssize_t>(got, 0))};
  }

private:
  int fd_;
};

/// Commands with an /etc of the test's own, and tools of init systems that write down what they are asked.
struct startup_fixture : home_fixture {
  startup_fixture() {
    for (const std::string folder : {"systemd", "init.d", "bin"})
      std::filesystem::create_directory(path(folder));
  }

  /// False, and a message: this machine does not let the test have one.
  bool has_own_etc() const {
    if (is_root() && in_own_etc({"true"}).exit_code == 0)
      return true;
    MESSAGE("left out: no mount namespace of its own, or no systemd and init.d in /etc");
    return false;
  }

  void stand_in(const std::string& tool, const std::string& more = "") const {
    write("bin/" + tool, "#!/bin/sh\necho " + tool + " \"$@\" >> '" + path("asked") + "'\n" + more, 0755);
  }
  std::string asked() const {
    auto lines = read("asked");
    std::filesystem::remove(path("asked"));
    return lines;
  }

  command_result in_own_etc(words arguments) const {
    words argv{"unshare",
               "-m",
               "sh",
               "-c",
               "mount --bind '" + path("systemd") + "' /etc/systemd/system && mount --bind '" + path("init.d")
                   + "' /etc/init.d && exec \"$@\"",
               "sh"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    auto environment = env;
    environment["PATH"] = path("bin") + ":" + env.at("PATH");
    return e2e::run({std::move(argv), std::move(environment), folder(), {}});
  }
  command_result as_root(const words& arguments) const {
    words argv{PROCVISOR_PROGRAM};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return in_own_etc(std::move(argv));
  }

  /// The script that `startup centos` would write.
  std::string init_script(words options = {}) const {
    options.insert(options.begin(), {"startup", "centos", "--dry-run"});
    const auto shown = done(std::move(options)).out;
    const auto begin = shown.find("#!/bin/sh");
    REQUIRE(begin != std::string::npos);
    return write("procvisor-test", shown.substr(begin, shown.find("\n\n$ chkconfig") + 1 - begin), 0755);
  }
  command_result script(const std::string& action) const {
    return e2e::run({{path("procvisor-test"), action}, env, folder(), {}});
  }
};

} // namespace

TEST_CASE_FIXTURE(startup_fixture, "startup --dry-run shows the file and the commands, and does nothing") {
  for (const auto& [word, command] : variables{{"systemd", "$ systemctl enable procvisor-"},
                                               {"ubuntu", "$ update-rc.d procvisor-"},
                                               {"centos", "$ chkconfig --add procvisor-"},
                                               {"gentoo", "$ rc-update add procvisor-"}}) {
    const auto shown = done({"startup", word, "--dry-run"}).out;
    CHECK(contains(shown, command));
    CHECK(contains(shown, home()));
    CHECK(contains(done({"unstartup", word, "--dry-run"}).out, "$ rm /etc/"));
  }
  const auto other =
      done({"startup", "systemd", "-u", "nobody", "--hp", "/srv/www", "--service-name", "mine", "--dry-run"});
  CHECK(contains(other.out, "/etc/systemd/system/mine.service:\n"));
  CHECK(contains(other.out, "\nUser=nobody\n"));
  CHECK(contains(other.out, "PROCVISOR_HOME=/srv/www/.procvisor\""));
  CHECK_FALSE(contains(other.out, "network-online"));
  const auto later = done({"startup", "systemd", "--wait-ip", "--dry-run"}).out;
  CHECK(contains(later, "\nWants=network-online.target\nAfter=network-online.target\n"));
  CHECK(run({"startup", "--user", "--wait-ip", "--dry-run"}).exit_code == 2);
  CHECK(contains(done({"startup", "--user", "systemd", "--dry-run"}).out, "/systemd/user/procvisor-"));
  CHECK(living().empty());
  CHECK_FALSE(std::filesystem::exists(home()));
}

TEST_CASE_FIXTURE(startup_fixture, "startup computes the timeouts of the unit from the apps that are saved") {
  program("idle");
  done({"start", "./idle", "--kill-signal", "SIGINT 100s, SIGTERM 200s"});
  done({"dump"});
  CHECK(contains(done({"startup", "systemd", "--dry-run"}).out, "\nTimeoutStopSec=315\n"));
}

TEST_CASE_FIXTURE(startup_fixture, "startup refuses what it does not know") {
  CHECK(contains(run({"startup", "launchd"}).err, "there is no init system 'launchd'"));
  CHECK(run({"startup", "launchd"}).exit_code == 2);
  CHECK(run({"startup", "systemd", "-u", "no-such-user"}).exit_code == 2);
  CHECK(run({"startup", "systemd", "--service-name", "../x", "--dry-run"}).exit_code == 2);
  CHECK(run({"startup", "gentoo", "--user"}).exit_code == 2);
}

TEST_CASE_FIXTURE(startup_fixture, "startup of an ordinary user prints the line for root to run, and exits with 1") {
  if (!is_root())
    return;
  const auto said = run_as_nobody({"startup", "systemd", "--service-name", "mine"});
  CHECK(said.exit_code == 1);
  CHECK(said.out
        == "sudo env PROCVISOR_HOME=" + home() + " " + path("procvisor")
               + " startup systemd -u nobody --service-name mine\n");
  CHECK(contains(said.err, "only root may do that"));
}

TEST_CASE_FIXTURE(startup_fixture,
                  "startup and unstartup write, enable and remove, and touch no file of somebody else") {
  if (!has_own_etc())
    return;
  for (const std::string tool : {"systemctl", "update-rc.d", "chkconfig", "rc-update"})
    stand_in(tool);
  struct row {
    const char* word;
    std::string file;
    const char* enables;
    const char* removes;
  };
  for (const auto& [word, file, enables, removes] : std::initializer_list<row>{
           {"systemd", "systemd/mine.service", "systemctl enable mine.service\n", "systemctl disable mine.service\n"},
           {"ubuntu", "init.d/mine", "update-rc.d mine defaults\n", "update-rc.d mine remove\n"},
           {"centos", "init.d/mine", "chkconfig --add mine\nchkconfig mine on\n", "chkconfig --del mine\n"},
           {"gentoo", "init.d/mine", "rc-update add mine default\n", "rc-update del mine default\n"},
       }) {
    CAPTURE(word);
    const auto startup = [&](words more = {}) {
      more.insert(more.begin(), {"startup", word, "--service-name", "mine"});
      return as_root(more);
    };
    const auto unstartup = [&] { return as_root({"unstartup", word, "--service-name", "mine"}); };

    const auto first = startup();
    CHECK_MESSAGE(first.exit_code == 0, first.err);
    CHECK(contains(first.err, read(file))); // what was written is shown
    CHECK(contains(first.err, "$ "));
    CHECK(asked() == enables);
    struct stat about {};
    REQUIRE(::stat(path(file).c_str(), &about) == 0);
    CHECK((about.st_mode & 0777U) == (contains(file, "init.d") ? 0755 : 0644));
    CHECK(startup().exit_code == 0); // its own file may be written again
    CHECK(asked() == enables);

    CHECK(unstartup().exit_code == 0);
    CHECK(asked() == removes);
    CHECK_FALSE(exists(file));
    CHECK(unstartup().exit_code == 3);

    write(file, "# of somebody else\n");
    const auto refused = startup();
    CHECK(refused.exit_code == 2);
    CHECK(contains(refused.err, "procvisor has not written it"));
    CHECK(unstartup().exit_code == 2);
    CHECK(read(file) == "# of somebody else\n");
    CHECK(startup({"--force"}).exit_code == 0);
    CHECK(read(file) != "# of somebody else\n");
    CHECK(unstartup().exit_code == 0);
    asked();
  }
}

TEST_CASE_FIXTURE(startup_fixture,
                  "startup finds out which init system is here, and says which of its commands has failed") {
  if (!has_own_etc())
    return;
  if (std::filesystem::exists("/run/systemd/system")) {
    MESSAGE("left out: systemd runs here");
    return;
  }
  stand_in("update-rc.d", "echo no such luck >&2\nexit 3\n");
  const auto said = as_root({"startup", "--service-name", "mine"});
  CHECK(said.exit_code == 1);
  CHECK(contains(said.err, "no such luck"));
  CHECK(contains(said.err, "update-rc.d mine defaults has exited with 3"));
}

TEST_CASE_FIXTURE(startup_fixture, "the SysV script starts, reloads, stops and tells, in its own home") {
  program("idle");
  done({"start", "./idle"});
  done({"dump"});
  done({"kill"});
  init_script();
  CHECK(script("status").exit_code == 3);
  CHECK(script("reload").exit_code == 7);
  CHECK(script("nonsense").exit_code == 2);

  const auto started = script("start");
  CHECK_MESSAGE(started.exit_code == 0, started.err);
  CHECK(status_of("idle") == "online");
  const auto told = script("status");
  CHECK(told.exit_code == 0);
  CHECK(contains(told.out, "is running (pid " + std::to_string(keeper_pid()) + ")"));
  CHECK(script("start").exit_code == 0);

  const pid_t before = pid_of("idle");
  const auto reloaded = script("reload");
  CHECK_MESSAGE(reloaded.exit_code == 0, reloaded.err);
  CHECK(pid_of("idle") != before);
  const auto keeper = keeper_pid();
  CHECK(script("restart").exit_code == 0);
  CHECK(keeper_pid() != keeper);
  CHECK(status_of("idle") == "online");

  CHECK(script("stop").exit_code == 0);
  CHECK(script("status").exit_code == 3);
  CHECK(living().empty());
  CHECK(script("stop").exit_code == 0);
}

TEST_CASE_FIXTURE(startup_fixture, "the SysV script of another user runs as that user, whatever the paths") {
  if (!is_root() || !has_program("su"))
    return;
  const std::string base = path("it's $HOME %h");
  std::filesystem::create_directory(base);
  std::filesystem::copy_file(PROCVISOR_PROGRAM, path("procvisor"));
  REQUIRE(::chmod(folder().c_str(), 0777) == 0);
  REQUIRE(::chmod(base.c_str(), 0777) == 0);
  env["PROCVISOR_HOME"] = base + "/home";
  const auto shown =
      e2e::run({{path("procvisor"), "startup", "ubuntu", "-u", "nobody", "--dry-run"}, env, folder(), {}});
  REQUIRE(shown.exit_code == 0);
  const auto begin = shown.out.find("#!/bin/sh");
  write("procvisor-test", shown.out.substr(begin, shown.out.find("\n\n$ ") + 1 - begin), 0755);

  const auto started = script("start");
  CHECK_MESSAGE(started.exit_code == 0, started.err);
  struct stat about {};
  REQUIRE(::stat((base + "/home/procvisor.sock").c_str(), &about) == 0);
  CHECK(about.st_uid == 65534);
  CHECK(script("status").exit_code == 0);
  CHECK(script("stop").exit_code == 0);
}

TEST_CASE_FIXTURE(
    startup_fixture,
    "at boot systemd is told when the list is there and who its main process is; the next start finds survivors") {
  program("idle");
  done({"start", "./idle"});
  done({"dump"});
  done({"kill"});
  env["NOTIFY_SOCKET"] = path("notify");
  const notify_listener systemd{path("notify")};

  // Not by hand: only init systems say --boot.
  done({"resurrect"});
  CHECK(systemd.next().empty());
  done({"kill"});

  done({"resurrect", "--boot"});
  const auto first = keeper_pid();
  CHECK(systemd.next() == "MAINPID=" + std::to_string(first) + "\nREADY=1");
  CHECK(systemd.next() == "BARRIER=1");
  CHECK(status_of("idle") == "online");
  CHECK_FALSE(contains(process("idle").dump(), path("notify")));
  const pid_t app = pid_of("idle");

  // Restart=on-failure, after somebody has killed what systemd takes for the main process.
  ::kill(first, SIGKILL);
  REQUIRE(eventually([&] { return keeper_pid() != first; }));
  done({"resurrect", "--boot"});
  CHECK(contains(systemd.next(), "MAINPID=" + std::to_string(keeper_pid()) + "\nREADY=1"));
  CHECK(pid_of("idle") == app);

  // What systemd sends to end it.
  const auto keeper = keeper_pid();
  ::kill(keeper, SIGTERM);
  CHECK(ends(keeper));
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(startup_fixture, "at boot nothing saved is no failure, and a broken list is one") {
  done({"resurrect", "--boot"});
  CHECK(processes().empty());
  CHECK(keeper_pid() > 0);
  done({"kill"});
  write("home/dump.json", "nonsense\n", 0600);
  std::filesystem::remove(path("home/state.json"));
  CHECK(run({"resurrect", "--boot"}).exit_code == 2);
}

TEST_CASE_FIXTURE(startup_fixture, "at boot a daemon that systemd has not started is refused") {
  const std::string group =
      std::filesystem::exists("/sys/fs/cgroup/unified/cgroup.procs") ? "/sys/fs/cgroup/unified/" : "/sys/fs/cgroup/";
  const std::string other = group + std::filesystem::path{folder()}.filename().string();
  std::error_code failure;
  if (!is_root() || !std::filesystem::create_directory(other, failure)) {
    MESSAGE("left out: no cgroup of its own");
    return;
  }
  const auto elsewhere = e2e::run(
      {{"sh", "-c", "echo $$ > " + other + "/cgroup.procs && exec \"$0\" ping", PROCVISOR_PROGRAM}, env, folder(), {}});
  CHECK_MESSAGE(elsewhere.exit_code == 0, elsewhere.err);
  env["NOTIFY_SOCKET"] = path("notify");
  const notify_listener systemd{path("notify")};

  const auto refused = run({"resurrect", "--boot"});

  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.err, "that systemd has not started (keeper " + std::to_string(keeper_pid()) + ")"));
  CHECK(systemd.next().empty());
  const auto keeper = keeper_pid();
  done({"kill"});
  CHECK(ends(keeper));
  std::filesystem::remove(other, failure);
}

namespace {

/// Boots this machine's systemd with this machine's files, in namespaces of its own: what it writes is in memory, and what
/// it could change of the kernel is read-only.
constexpr const char* boot_script = R"(set -e
folder=$1
mount --make-rprivate /
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for each in run tmp dev etc/systemd/system; do mount -t tmpfs tmpfs "$each"; done
mkdir dev/shm dev/pts
for each in null zero full random urandom; do touch "dev/$each"; mount --bind "/dev/$each" "dev/$each"; done
cp "$2" usr/local/bin/procvisor
mkdir -m 755 srv/test
mkdir -m 700 srv/test/apps
chown 65534:65534 srv/test/apps
exec chroot . env -i container=procvisor-test PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin /lib/systemd/systemd \
  --log-target=null --unit=multi-user.target
)";

struct systemd_fixture : startup_fixture {
  systemd_fixture() {
    std::filesystem::create_directory(path("system"));
    if (!is_root() || ::access("/lib/systemd/systemd", X_OK) != 0)
      return;
    script_ = write("boot.sh", boot_script);
    booted_ = std::make_unique<background_command>(
        command{{"unshare", "-pfmCuin", "sh", script_, path("system"), PROCVISOR_PROGRAM}, env, folder(), {}});
    // unshare's child becomes systemd, or ends where something is not allowed here.
    (void)eventually_true([&] {
      const auto children = children_of(booted_->pid());
      pid_ = children.empty() ? 0 : children.front();
      return !is_alive(booted_->pid())
             || (pid_ != 0 && inside({"systemctl", "is-system-running", "--wait"}).out == "running\n");
    });
  }
  ~systemd_fixture() {
    if (pid_ != 0)
      ::kill(pid_, SIGKILL); // the first process of its namespace: with it all others
  }

  bool is_running() const {
    if (pid_ != 0 && is_alive(pid_) && inside({"systemctl", "is-system-running"}).exit_code == 0)
      return true;
    MESSAGE("left out: systemd does not boot in a namespace here");
    return false;
  }

  /// Asked again and again: what happens in there changes no file that could be watched from here.
  static bool eventually_true(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition())
      if (std::chrono::steady_clock::now() > deadline)
        return false;
    return true;
  }

  command_result inside(words arguments) const {
    words argv{"nsenter",
               "-t",
               std::to_string(pid_),
               "-a",
               "-r",
               "-w",
               "env",
               "-i",
               "PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin",
               "PROCVISOR_HOME=/srv/test/apps/.procvisor"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return e2e::run({std::move(argv), env, folder(), {}});
  }
  command_result as_nobody(words arguments) const {
    words argv{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "procvisor"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return inside(std::move(argv));
  }
  std::string property(const std::string& name) const {
    return inside({"systemctl", "show", "--value", "-p", name, "procvisor-nobody"}).out;
  }

private:
  std::string script_;
  std::unique_ptr<background_command> booted_;
  pid_t pid_ = 0;
};

} // namespace

TEST_CASE_FIXTURE(systemd_fixture,
                  "systemd itself starts the unit, goes on after the death of the keeper, and gives apps their time") {
  if (!is_running())
    return;
  const auto done = [](const command_result& ended) {
    CHECK_MESSAGE(ended.exit_code == 0, ended.err);
    return ended.out;
  };
  done(inside({"sh", "-c",
               "printf '%s\\n' \"trap 'sleep 0.5; echo saved > /srv/test/apps/saved; exit 0' INT\" "
               "'while :; do sleep 0.05; done' > /srv/test/app.sh"}));
  done(as_nobody({"start", "/srv/test/app.sh", "--kill-timeout", "10s"}));
  done(as_nobody({"dump"}));
  done(as_nobody({"kill"}));
  done(inside({"rm", "-f", "/srv/test/apps/saved"}));
  done(inside({"procvisor", "startup", "-u", "nobody", "--hp", "/srv/test/apps"}));

  done(inside({"systemctl", "start", "procvisor-nobody"}));
  CHECK(property("ActiveState") == "active\n");
  CHECK(property("MainPID") == done(inside({"cat", "/srv/test/apps/.procvisor/procvisor.pid"})));
  const auto app = done(as_nobody({"pid", "app"}));
  CHECK(app != "0\n");

  const auto keeper = property("MainPID");
  done(inside({"sh", "-c", "kill -9 " + keeper}));
  CHECK(eventually_true([&] { return property("NRestarts") == "1\n" && property("ActiveState") == "active\n"; }));
  CHECK(property("MainPID") != keeper);
  CHECK(property("MainPID") == done(inside({"cat", "/srv/test/apps/.procvisor/procvisor.pid"})));
  CHECK(done(as_nobody({"pid", "app"})) == app);

  done(inside({"systemctl", "reload", "procvisor-nobody"}));
  CHECK(done(as_nobody({"pid", "app"})) != app);
  done(inside({"rm", "-f", "/srv/test/apps/saved"}));
  done(inside({"systemctl", "stop", "procvisor-nobody"}));
  CHECK(done(inside({"cat", "/srv/test/apps/saved"})) == "saved\n");
  CHECK(property("ActiveState") == "inactive\n");
  CHECK(property("Result") == "success\n");

  // What somebody's shell has started is not systemd's.
  done(as_nobody({"ping"}));
  CHECK(inside({"systemctl", "start", "procvisor-nobody"}).exit_code != 0);
  done(as_nobody({"kill"}));
  done(inside({"procvisor", "unstartup", "-u", "nobody", "--hp", "/srv/test/apps"}));
}

TEST_CASE_FIXTURE(
    startup_fixture,
    "resurrect finds an interpreter that another version has replaced, and starts all others where there is none") {
  const std::string search_path = env["PATH"];
  for (const std::string version : {"v1", "v2"})
    std::filesystem::create_directory(path(version));
  std::filesystem::create_symlink("/bin/sh", path("v1/nsh"));
  write("app.txt", "while :; do sleep 1000; done\n");
  program("idle");
  env["PATH"] = path("v1") + ":" + search_path;
  done({"start", "app.txt", "--interpreter", "nsh"});
  done({"start", "./idle"});
  CHECK(contains(done({"describe", "app"}).out, path("v1/nsh") + " (while it is there, then the first of PATH)"));
  done({"dump"});
  done({"kill"});
  std::filesystem::remove(path("v1/nsh"));
  env["PATH"] = search_path;

  SUBCASE("gone for good") {
    const auto ended = run({"resurrect"});
    CHECK(ended.exit_code == 6);
    CHECK(contains(ended.err, "app: '" + path("v1/nsh") + "' is gone, and no other 'nsh' was found"));
    CHECK(status_of("app") == "errored");
  }
  SUBCASE("replaced") {
    std::filesystem::create_symlink("/bin/sh", path("v2/nsh"));
    env["PATH"] = search_path + ":" + path("v2");
    const auto ended = done({"resurrect"});
    CHECK(contains(ended.err, "app: '" + path("v1/nsh") + "' is gone; taking '" + path("v2/nsh") + "'"));
    CHECK(status_of("app") == "online");
  }
  CHECK(status_of("idle") == "online");
}

TEST_CASE_FIXTURE(startup_fixture, "sudo procvisor warns where the user who typed it has a daemon of his own") {
  if (!is_root() || e2e::run({{"unshare", "-m", "true"}, env, folder(), {}}).exit_code != 0) {
    MESSAGE("left out: no mount namespace of its own");
    return;
  }
  const std::string users =
      write("passwd", "root:x:0:0::/root:/bin/sh\nanna:x:4711:4711::" + folder() + "/anna:/bin/sh\n");
  std::filesystem::create_directory(path("anna"));
  const auto by_sudo = [&](words arguments) {
    arguments.insert(arguments.begin(),
                     {"unshare", "-m", "sh", "-c", "mount --bind '" + users + "' /etc/passwd && exec \"$@\"", "sh",
                      PROCVISOR_PROGRAM});
    auto with_sudo = env;
    with_sudo["SUDO_UID"] = "4711";
    return e2e::run({std::move(arguments), std::move(with_sudo), folder(), {}});
  };
  CHECK_FALSE(contains(by_sudo({"list"}).err, "warning"));
  auto annas = env;
  annas["PROCVISOR_HOME"] = path("anna/.procvisor");
  REQUIRE(e2e::run({{PROCVISOR_PROGRAM, "ping"}, annas, folder(), {}}).exit_code == 0);

  for (const std::string verb : {"list", "ping"}) {
    const auto said = by_sudo({verb});
    CHECK(said.exit_code == 0);
    CHECK(contains(said.err, "warning: by sudo this is about '" + home() + "'; the daemon of anna runs for '"
                                 + path("anna/.procvisor") + "'"));
  }
  CHECK_FALSE(contains(done({"list"}).err, "warning"));
  CHECK(e2e::run({{PROCVISOR_PROGRAM, "kill"}, annas, folder(), {}}).exit_code == 0);
}

} // namespace e2e
