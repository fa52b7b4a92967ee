#include "os/own_program.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>

#include "os/find_program.hpp"

namespace procvisor::os {

namespace {

constexpr const char* this_program = "/proc/self/exe";

bool is_this_program(const std::string& path) {
  struct stat a {};
  struct stat b {};
  return ::stat(path.c_str(), &a) == 0 && ::stat(this_program, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

std::string called_by(std::string_view search_path, const std::string& cwd) {
  const std::string name = program_invocation_name;
  if (name.find('/') == std::string::npos)
    return find_program(name, search_path, cwd).value_or("");
  return (std::filesystem::path{cwd} / name).lexically_normal().string();
}

} // namespace

std::string own_program(std::string_view search_path, const std::string& cwd) {
  if (std::string path = called_by(search_path, cwd); is_this_program(path))
    return path;
  std::array<char, PATH_MAX> path;
  const ssize_t length = ::readlink(this_program, path.data(), path.size());
  std::string found(path.data(), length > 0 ? static_cast<size_t>(length) : 0);
  constexpr std::string_view replaced =
      " (deleted)"; // the kernel's note on a file that another one has taken the place of
  if (found.ends_with(replaced))
    found.resize(found.size() - replaced.size());
  return found;
}

} // namespace procvisor::os
