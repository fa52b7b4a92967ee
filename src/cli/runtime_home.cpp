#include "cli/runtime_home.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "os/home.hpp"

namespace procvisor::cli {

result<runtime_home> runtime_home::choose() {
  const char* named = std::getenv(os::home_variable);
  const bool is_named = named != nullptr && *named != '\0';
  auto usual = os::find_home().and_then([](const os::home& place) { return os::prepare_home(place); });
  if (usual)
    return runtime_home{std::string{}};
  if (is_named)
    return fail(std::move(usual.error()));
  for (const char* folder : {"/dev/shm", "/run", "/tmp"}) {
    std::string path = std::string{folder} + "/procvisor-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr)
      continue;
    ::setenv(os::home_variable, path.c_str(), 1);
    runtime_home made{path};
    auto prepared = os::find_home().and_then([](const os::home& place) { return os::prepare_home(place); });
    if (prepared)
      return made;
  }
  usual.error().hint = "there is no place for the socket: mount a tmpfs at /dev/shm, /run or /tmp";
  return fail(std::move(usual.error()));
}

runtime_home::~runtime_home() {
  std::error_code ignored;
  if (!temporary_.empty())
    std::filesystem::remove_all(temporary_, ignored);
}

} // namespace procvisor::cli
