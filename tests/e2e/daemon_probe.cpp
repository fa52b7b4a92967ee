#include "daemon_probe.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "home_fixture.hpp"

namespace e2e {

namespace {

std::string file_of(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

} // namespace

size_t resident_kib(pid_t pid) {
  return std::stoul(status_field(pid, "VmRSS"));
}

size_t open_descriptors(pid_t pid) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{file_of(pid, "fd")})
    ++count;
  return count;
}

long cpu_ticks(pid_t pid) {
  std::ifstream file{file_of(pid, "stat")};
  std::string text;
  std::getline(file, text);
  std::istringstream after_name{text.substr(text.rfind(')') + 2)};
  std::string word;
  for (int i = 0; i < 11; ++i)
    after_name >> word;
  long user = 0;
  long system = 0;
  after_name >> user >> system;
  return user + system;
}

shortage::shortage(pid_t pid, __rlimit_resource what, rlim_t left) : pid_(pid), what_(what) {
  REQUIRE(::prlimit(pid_, what_, nullptr, &before_) == 0);
  const rlimit now{left, before_.rlim_max};
  REQUIRE(::prlimit(pid_, what_, &now, nullptr) == 0);
}

void shortage::end() {
  if (pid_ > 0)
    CHECK(::prlimit(std::exchange(pid_, 0), what_, &before_, nullptr) == 0);
}

rlim_t descriptors_with(pid_t pid, size_t more) {
  std::set<rlim_t> used;
  for (const auto& entry : std::filesystem::directory_iterator{file_of(pid, "fd")})
    used.insert(std::stoul(entry.path().filename().string()));
  rlim_t limit = 0;
  for (size_t free = 0;; ++limit) {
    if (used.contains(limit))
      continue;
    if (free == more)
      return limit;
    ++free;
  }
}

raw_client::raw_client(const std::string& socket_path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

raw_client::~raw_client() {
  if (fd_ >= 0)
    ::close(fd_);
}

raw_client::raw_client(raw_client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {
}

void raw_client::say(std::string_view text) const {
  [[maybe_unused]] const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void raw_client::finish() const {
  ::shutdown(fd_, SHUT_WR);
}

void raw_client::push(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return;
    text.remove_prefix(static_cast<size_t>(sent));
  }
}

std::string raw_client::line(int milliseconds) const {
  std::string text;
  for (;;) {
    pollfd readable{fd_, POLLIN, 0};
    char c = 0;
    if (::poll(&readable, 1, milliseconds) != 1 || ::recv(fd_, &c, 1, 0) != 1)
      return {};
    if (c == '\n')
      return text;
    text += c;
  }
}

} // namespace e2e
