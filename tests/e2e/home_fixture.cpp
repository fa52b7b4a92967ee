#include "home_fixture.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace e2e {

namespace {

namespace fs = std::filesystem;
using steady = std::chrono::steady_clock;

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

int milliseconds_to(steady::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc{})
      found.push_back(pid);
  }
  return found;
}

/// Hears of every change to the files of some folders, those that are not there yet excepted.
class folder_watch {
public:
  explicit folder_watch(std::initializer_list<std::string> folders) : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    for (const auto& folder : folders)
      ::inotify_add_watch(fd_, folder.c_str(), IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVED_TO);
  }
  ~folder_watch() { ::close(fd_); }
  folder_watch(const folder_watch&) = delete;
  folder_watch& operator=(const folder_watch&) = delete;

  bool changes_before(steady::time_point deadline) const {
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, milliseconds_to(deadline)) <= 0)
      return false;
    std::array<char, 16384> events;
    while (::read(fd_, events.data(), events.size()) > 0) {
    }
    return true;
  }

private:
  int fd_;
};

} // namespace

fifo::fifo(std::string path) : path_(std::move(path)) {
  REQUIRE(::mkfifo(path_.c_str(), 0622) == 0);
  REQUIRE(::chmod(path_.c_str(), 0622) == 0);
  fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK); // a writer of its own: never at its end
  REQUIRE(fd_ >= 0);
}

fifo::~fifo() {
  ::close(fd_);
}

std::string fifo::line() {
  const auto deadline = steady::now() + patience;
  for (;;) {
    const auto end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string found = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return found;
    }
    pollfd readable{fd_, POLLIN, 0};
    REQUIRE_MESSAGE(::poll(&readable, 1, milliseconds_to(deadline)) > 0, "no line came from ", path_);
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got > 0)
      unread_.append(buffer.data(), static_cast<size_t>(got));
  }
}

home_fixture::home_fixture() {
  std::string pattern = "/tmp/procvisor-e2e-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  home_ = folder_ + "/home";
  const char* search_path = std::getenv("PATH");
  env = {{"PATH", search_path != nullptr ? search_path : "/usr/bin:/bin"},
         {"HOME", folder_},
         {"LANG", "C.UTF-8"},
         {"PROCVISOR_HOME", home_}};
}

home_fixture::~home_fixture() {
  shut_down();
  const auto left = living();
  for (const pid_t pid : left) {
    FAIL_CHECK("left behind: ", pid, " ", status_field(pid, "Name"));
    ::kill(pid, SIGKILL); // its environment has just named this home
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

command home_fixture::procvisor(words arguments) const {
  arguments.insert(arguments.begin(), PROCVISOR_PROGRAM);
  return {std::move(arguments), env, folder_, {}};
}

command_result home_fixture::run_as_nobody(words arguments) const {
  // The folder that the program was built in may be root's alone.
  const std::string reachable = path("procvisor");
  if (!exists("procvisor"))
    fs::copy_file(PROCVISOR_PROGRAM, reachable);
  REQUIRE(::chmod(folder_.c_str(), 0755) == 0);
  words argv{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", reachable};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return e2e::run({std::move(argv), env, folder_, {}});
}

command_result home_fixture::done(words arguments) const {
  std::string shown;
  for (const auto& word : arguments)
    shown += word + " ";
  auto result = run(std::move(arguments));
  REQUIRE_MESSAGE(result.exit_code == 0, shown, "\n", result.err);
  return result;
}

std::string home_fixture::write(std::string_view name, std::string_view text, unsigned mode) const {
  const std::string file = path(name);
  fs::create_directories(fs::path{file}.parent_path());
  std::ofstream{file, std::ios::binary | std::ios::trunc} << text;
  REQUIRE(::chmod(file.c_str(), mode) == 0);
  return file;
}

std::string home_fixture::read(std::string_view name) const {
  return read_file(path(name));
}

bool home_fixture::exists(std::string_view name) const {
  return ::access(path(name).c_str(), F_OK) == 0;
}

std::string home_fixture::program(std::string_view name) const {
  const std::string link = path(name);
  if (!exists(name))
    fs::create_symlink(std::string{TEST_PROGRAMS} + "/" + std::string{name}, link);
  return link;
}

nlohmann::json home_fixture::processes() const {
  return nlohmann::json::parse(done({"jlist"}).out);
}

nlohmann::json home_fixture::process(std::string_view name) const {
  nlohmann::json found;
  for (const auto& row : processes())
    if (row.at("name") == name) {
      REQUIRE_MESSAGE(found.is_null(), "two processes are called ", std::string{name});
      found = row;
    }
  REQUIRE_MESSAGE(!found.is_null(), "no process is called ", std::string{name});
  return found;
}

std::string home_fixture::status_of(std::string_view name) const {
  return process(name).at("pm2_env").at("status");
}

pid_t home_fixture::pid_of(std::string_view name) const {
  return process(name).at("pid");
}

int home_fixture::restarts_of(std::string_view name) const {
  return process(name).at("pm2_env").at("restart_time");
}

pid_t home_fixture::keeper_pid() const {
  pid_t pid = 0;
  const std::string text = read("home/procvisor.pid");
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

bool home_fixture::eventually(const std::function<bool()>& condition) const {
  const folder_watch watch{folder_, home_, home_ + "/logs", home_ + "/pids"};
  const auto deadline = steady::now() + patience;
  do {
    if (condition())
      return true;
  } while (watch.changes_before(deadline));
  return condition();
}

bool home_fixture::becomes(std::string_view name, std::string_view status) const {
  return eventually([&] { return status_of(name) == status; });
}

void home_fixture::shut_down() const {
  const auto ended = run({"kill"});
  CHECK_MESSAGE(ended.exit_code == 0, ended.err);
}

namespace {

std::vector<pid_t> with_variable(std::initializer_list<std::string> starts) {
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    const std::string environment = read_file("/proc/" + std::to_string(pid) + "/environ");
    if (std::any_of(starts.begin(), starts.end(), [&](const auto& start) { return contains(environment, start); }))
      found.push_back(pid);
  }
  return found;
}

} // namespace

std::vector<pid_t> home_fixture::living() const {
  return with_variable({"PROCVISOR_HOME=" + home_, "PROCVISOR_INSTANCE=" + home_ + ":"});
}

std::vector<pid_t> home_fixture::living_of_apps() const {
  return with_variable({"PROCVISOR_INSTANCE=" + home_ + ":"});
}

std::vector<pid_t> home_fixture::in_role(const std::string& role) const {
  std::vector<pid_t> found;
  for (const pid_t pid : living())
    if (is_alive(pid)
        && contains(read_file("/proc/" + std::to_string(pid) + "/cmdline"), std::string{'\0'} + role + '\0'))
      found.push_back(pid);
  return found;
}

void home_fixture::kill_role(const std::string& role) const {
  auto found = in_role(role);
  for (int i = 0; i < 100 && found.size() > 1; ++i) // a child on its way to execve is called as its maker
    found = in_role(role);
  REQUIRE_MESSAGE(found.size() == 1, role);
  ::kill(found.front(), SIGKILL);
  REQUIRE(ends(found.front()));
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes())
    if (is_alive(pid) && status_field(pid, "PPid") == std::to_string(parent))
      found.push_back(pid);
  return found;
}

std::string status_field(pid_t pid, std::string_view field) {
  for (const auto& line : lines_of(read_file("/proc/" + std::to_string(pid) + "/status")))
    if (line.starts_with(std::string{field} + ":")) {
      const auto start = line.find_first_not_of(" \t", field.size() + 1);
      return start == std::string::npos ? "" : line.substr(start);
    }
  return {};
}

bool is_alive(pid_t pid) {
  const std::string state = status_field(pid, "State");
  return !state.empty() && state[0] != 'Z' && state[0] != 'X';
}

bool ends(pid_t pid) {
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0)
    return true;
  pollfd ended{pidfd, POLLIN, 0};
  const int events = ::poll(&ended, 1, milliseconds_to(steady::now() + patience));
  ::close(pidfd);
  return events > 0;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_root() {
  return ::geteuid() == 0;
}

bool has_program(const char* name) {
  const char* search_path = std::getenv("PATH");
  std::istringstream folders{search_path != nullptr ? search_path : ""};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + name).c_str(), X_OK) == 0)
      return true;
  return false;
}

} // namespace e2e
