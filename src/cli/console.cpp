#include "cli/console.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/render/colour.hpp"
#include "core/units.hpp"

namespace procvisor::cli {

namespace {

/// 0, or errno.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0)
      text.remove_prefix(static_cast<size_t>(written));
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

size_t columns_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  if (const char* columns = std::getenv("COLUMNS"))
    if (auto number = parse_integer(columns); number && *number > 0)
      return static_cast<size_t>(*number);
  return std::numeric_limits<size_t>::max();
}

} // namespace

output look_at(int fd) {
  output found{fd, ::isatty(fd) == 1, false, columns_of(fd)};
  const char* term = std::getenv("TERM");
  bool is_dumb = term != nullptr && std::string_view{term} == "dumb";
  found.has_colours = found.is_terminal && !is_dumb && !is_set("NO_COLOR"); // https://no-color.org
  return found;
}

result<exit_code> console::data(std::string_view text) const {
  if (int failed = write_all(out_.fd, text))
    return fail(exit_code::other, fmt::format("cannot write to standard output: {}", std::strerror(failed)));
  return exit_code::done;
}

void console::pass_on_error(std::string_view text) const {
  (void)write_all(err_.fd, text); // whoever closed it does not want it
}

void console::talk(std::string_view line) const {
  show(fmt::format("{} {}\n", painted("[procvisor]", colour::green, coloured(talk_output())), line));
}

void console::show(std::string_view text) const {
  if (!manners_.silent)
    (void)write_all(talk_output().fd, text); // nobody is left to be told of a failure
}

void console::report(const error& e) const {
  std::string text;
  if (manners_.json) {
    nlohmann::json object{{"code", static_cast<int>(e.code)}, {"message", e.what}, {"hint", e.hint}};
    text = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  } else {
    text = error_text(e, coloured(err_));
  }
  (void)write_all(err_.fd, text);
}

void console::warn(std::string_view line) const {
  if (!manners_.silent)
    (void)write_all(err_.fd,
                    fmt::format("procvisor: {} {}\n", painted("warning:", colour::yellow, coloured(err_)), line));
}

canvas console::canvas_on(const output& on) const {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return {on.columns, coloured(on), std::chrono::duration_cast<std::chrono::milliseconds>(now)};
}

std::string error_text(const error& e, bool coloured) {
  std::string text = painted("procvisor:", colour::red, coloured) + " ";
  for (char c : e.what) {
    text += c;
    if (c == '\n')
      text += "  ";
  }
  text += '\n';
  if (!e.hint.empty())
    text += fmt::format("  hint: {}\n", e.hint);
  return text;
}

} // namespace procvisor::cli
