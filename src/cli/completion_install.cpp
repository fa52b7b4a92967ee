#include "cli/completion_install.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include "core/text.hpp"
#include "os/text_file.hpp"
#include "os/unique_fd.hpp"

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

/// 0 or errno. The old or the new text, never half; the file keeps its mode.
int replace_text(const std::string& path, std::string_view text) {
  struct stat about {};
  const mode_t mode = ::stat(path.c_str(), &about) == 0 ? about.st_mode & 07777 : usual_mode;
  const std::string temporary = path + ".procvisor-new";
  ::unlink(temporary.c_str());
  const os::unique_fd file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!file || ::fchmod(file.get(), mode) != 0)
    return errno;
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      break;
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (text.empty() && ::fsync(file.get()) == 0 && std::rename(temporary.c_str(), path.c_str()) == 0)
    return 0;
  const int failed = errno;
  ::unlink(temporary.c_str());
  return failed;
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
  if (int failed = replace_text(*path, changed); failed != 0)
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
