#include "cli/completion_install.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include "core/text.hpp"
#include "os/text_file.hpp"

namespace procvisor::cli {

namespace {

constexpr std::string_view first_line = "###-begin-procvisor-completion-###\n";
constexpr std::string_view last_line = "###-end-procvisor-completion-###\n";
constexpr size_t most_bytes = 16 << 20;
constexpr mode_t usual_mode = 0644;

/// Where the links of the user's dot files lead to.
result<std::string> file_of(const std::string& shell) {
  if (shell != "bash" && shell != "zsh")
    return fail(exit_code::usage,
                fmt::format("completion is installed for bash and zsh, and SHELL is {}", in_quotes(shell)),
                "procvisor completion fish > ~/.config/fish/completions/procvisor.fish");
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0')
    return fail(exit_code::usage, "HOME is not set", "set HOME to your folder");
  const std::string path = fmt::format("{}/.{}rc", home, shell);
  std::error_code ignored;
  const auto real = std::filesystem::canonical(path, ignored);
  return ignored ? path : real.string();
}

mode_t mode_of(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 ? about.st_mode & 07777 : usual_mode;
}

result<std::string> edit(const std::string& shell, std::string_view added) {
  auto path = file_of(shell);
  if (!path)
    return path;
  auto text = os::read_text_file(*path, most_bytes);
  if (!text && text.error() != ENOENT)
    return fail(exit_code::other, fmt::format("reading '{}' failed: {}", *path, std::strerror(text.error())));
  if (!text && added.empty())
    return path;
  std::string changed = without_completion(text ? *text : "");
  if (!added.empty() && !changed.empty() && changed.back() != '\n')
    changed += '\n';
  changed += added;
  if (int failed = os::replace_text_file(*path, changed, mode_of(*path)); failed != 0)
    return fail(exit_code::other, fmt::format("writing '{}' failed: {}", *path, std::strerror(failed)));
  return path;
}

} // namespace

std::string without_completion(std::string text) {
  const size_t begin = text.find(first_line);
  const size_t end = text.find(last_line, begin == std::string::npos ? 0 : begin);
  if (begin != std::string::npos && end != std::string::npos)
    text.erase(begin, end + last_line.size() - begin);
  return text;
}

result<std::string> install_completion(const std::string& shell) {
  return edit(shell, fmt::format("{}command -v procvisor > /dev/null && eval \"$(procvisor completion {})\"\n{}",
                                 first_line, shell, last_line));
}

result<std::string> uninstall_completion(const std::string& shell) {
  return edit(shell, "");
}

} // namespace procvisor::cli
