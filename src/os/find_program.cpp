#include "os/find_program.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "os/unique_fd.hpp"

namespace procvisor::os {

bool is_regular_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_executable(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0 && is_regular_file(path);
}

bool is_program(const std::string& path) {
  const unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, 4> magic{};
  const auto count = fd ? ::read(fd.get(), magic.data(), magic.size()) : 0;
  const std::string_view start(magic.data(), count > 0 ? static_cast<size_t>(count) : 0);
  return start.starts_with("#!")
         || start
                == "\x7f"
                   "ELF";
}

std::optional<std::string> find_program(std::string_view name, std::string_view search_path, std::string_view cwd) {
  if (name.empty() || name.find('/') != std::string_view::npos)
    return std::nullopt;
  while (true) {
    const auto end = std::min(search_path.find(':'), search_path.size());
    const auto entry = search_path.substr(0, end);
    std::string path;
    if (!entry.starts_with('/'))
      path.append(cwd).append("/");
    path.append(entry);
    if (!path.ends_with('/'))
      path += '/';
    path.append(name);
    if (is_executable(path))
      return path;
    if (end == search_path.size())
      return std::nullopt;
    search_path.remove_prefix(end + 1);
  }
}

} // namespace procvisor::os
