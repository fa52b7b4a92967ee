#include "os/home.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "os/unique_fd.hpp"

namespace procvisor::os {

namespace {

constexpr mode_t private_folder = 0700;

const char* const choose_another = "set PROCVISOR_HOME to a folder that is yours alone";

tl::unexpected<error> fail_on(const std::string& path, const char* doing, int number) {
  return fail(exit_code::usage, fmt::format("{} '{}' failed: {}", doing, path, ::strerrordesc_np(number)),
              choose_another);
}

result<void> prepare_folder(const std::string& path) {
  int made = ::mkdir(path.c_str(), private_folder);
  if (made != 0 && errno == ENOENT) {
    std::error_code failure;
    std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), failure);
    if (failure)
      return fail_on(path, "creating", failure.value());
    made = ::mkdir(path.c_str(), private_folder);
  }
  if (made != 0 && errno != EEXIST)
    return fail_on(path, "creating", errno);

  const unique_fd folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder)
    return fail_on(path, "opening", errno);
  struct stat status {};
  if (::fstat(folder.get(), &status) != 0)
    return fail_on(path, "looking at", errno);
  if (status.st_uid != ::geteuid())
    return fail(exit_code::usage,
                fmt::format("'{}' belongs to user {}, this is user {}", path, status.st_uid, ::geteuid()),
                choose_another);
  if (made != 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(exit_code::usage,
                fmt::format("'{}' can be written by others (mode {:04o})", path, status.st_mode & 07777),
                fmt::format("see what is in it, then: chmod 700 '{}'", path));
  if ((status.st_mode & 07777) != private_folder && ::fchmod(folder.get(), private_folder) != 0)
    return fail_on(path, "changing the mode of", errno);
  if (::faccessat(folder.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
    return fail_on(path, "writing to", errno);
  return {};
}

} // namespace

result<home> home_at(std::string path) {
  std::error_code failure;
  std::filesystem::path absolute = std::filesystem::absolute(path, failure);
  if (failure)
    return fail(exit_code::usage, fmt::format("there is no working directory to find '{}' from: {}", path,
                                              ::strerrordesc_np(failure.value())));
  absolute = absolute.lexically_normal();
  if (!absolute.has_filename()) // a slash at the end
    absolute = absolute.parent_path();

  home place;
  place.path = absolute.string();
  const auto inside = [&](const char* name) { return (absolute / name).string(); };
  place.socket = inside("procvisor.sock");
  place.pid_file = inside("procvisor.pid");
  place.start_lock = inside("procvisor.lock");
  place.daemon_log = inside("procvisor.log");
  place.state = inside("state.json");
  place.dump = inside("dump.json");
  place.options = inside("options");
  place.logs = inside("logs");
  place.pids = inside("pids");

  constexpr size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  if (place.socket.size() > longest)
    return fail(exit_code::usage,
                fmt::format("'{}' is too long a path for a socket: {} bytes, at most {}", place.socket,
                            place.socket.size(), longest),
                "set PROCVISOR_HOME to a shorter path");
  return place;
}

result<home> find_home() {
  const char* named = std::getenv(home_variable);
  if (named != nullptr && *named != '\0')
    return home_at(named);
  const char* user_home = std::getenv("HOME");
  if (user_home == nullptr || *user_home == '\0')
    return fail(exit_code::usage, "neither PROCVISOR_HOME nor HOME is set",
                "set PROCVISOR_HOME to a folder of your own");
  return home_at(fmt::format("{}/.procvisor", user_home));
}

result<void> prepare_home(const home& place) {
  for (const std::string* folder : {&place.path, &place.logs, &place.pids})
    if (auto prepared = prepare_folder(*folder); !prepared)
      return prepared;
  return {};
}

} // namespace procvisor::os
