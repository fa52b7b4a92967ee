#include "cli/screen/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace procvisor::cli {

namespace {

/// The alternate screen, no cursor, no wrapping; presses and the wheel of the mouse in the form 1006.
constexpr std::string_view enter_text = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?1000h\x1b[?1006h";
constexpr std::string_view leave_text = "\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr int patience_with_terminal_ms = 500;

/// Signals that end a program in the middle of anything.
constexpr std::array crashes = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/// What restore_and_die() needs, which may call nothing that allocates.
termios terminal_before; // NOLINT: a signal handler sees nothing else

void restore_and_die(int number) {
  (void)!::write(STDOUT_FILENO, leave_text.data(), leave_text.size());
  ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
  ::raise(number); // SA_RESETHAND: as if there had been no handler
}

void handle_crashes(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : crashes)
    ::sigaction(number, &action, nullptr);
}

termios raw(termios mode) {
  ::cfmakeraw(&mode);
  return mode;
}

bool is_dumb() {
  const char* term = std::getenv("TERM");
  return term == nullptr || *term == '\0' || std::strcmp(term, "dumb") == 0;
}

} // namespace

result<terminal> terminal::take() {
  termios before{};
  if (::isatty(STDOUT_FILENO) == 0 || ::tcgetattr(STDIN_FILENO, &before) != 0)
    return fail(exit_code::usage, "standard input and output are no terminal",
                "procvisor list and procvisor logs need none");
  if (is_dumb())
    return fail(exit_code::usage, "this terminal has no cursor that can be moved (TERM)",
                "procvisor list and procvisor logs need none");
  os::unique_fd out{::open("/proc/self/fd/1", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
  if (!out) // somebody else's terminal, after su(1): the open file is ours all the same
    out.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!out)
    return fail(exit_code::other, fmt::format("opening the terminal failed: {}", std::strerror(errno)));
  terminal taken{std::move(out), before};
  taken.take_over();
  return taken;
}

terminal::~terminal() {
  if (out_)
    leave();
}

int terminal::input() const noexcept {
  return STDIN_FILENO;
}

terminal_size terminal::size() const {
  winsize size{};
  if (::ioctl(out_.get(), TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return {};
  return {size.ws_col, size.ws_row};
}

void terminal::take_over() {
  terminal_before = before_;
  handle_crashes(restore_and_die);
  const auto mode = raw(before_);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &mode);
  is_taken_ = true;
  write(enter_text);
}

void terminal::leave() {
  if (!std::exchange(is_taken_, false))
    return;
  unwritten_.clear(); // a frame that nobody will see
  write_patiently(leave_text);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); // mouse reports that are still coming are not for the shell
  handle_crashes(SIG_DFL);
}

void terminal::write(std::string_view text) {
  unwritten_ += text;
  flush();
}

void terminal::flush() {
  size_t done = 0;
  while (done < unwritten_.size()) {
    const ssize_t written = ::write(out_.get(), unwritten_.data() + done, unwritten_.size() - done);
    if (written >= 0) {
      done += static_cast<size_t>(written);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      done = unwritten_.size(); // it is gone, which its input or SIGHUP will say
    }
  }
  unwritten_.erase(0, done);
}

/// A terminal that takes nothing for half a second will not be waited for.
void terminal::write_patiently(std::string_view text) {
  write(text);
  while (has_unwritten()) {
    pollfd writable{out_.get(), POLLOUT, 0};
    if (::poll(&writable, 1, patience_with_terminal_ms) <= 0)
      return;
    flush();
  }
}

} // namespace procvisor::cli
