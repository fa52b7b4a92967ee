#include "tmux_screen.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace e2e {

tmux_screen::tmux_screen(const home_fixture& home, int columns, int lines)
  : home_(home), output_(home.path("tmux-output")) {
  tmux({"new-session", "-d", "-x", std::to_string(columns), "-y", std::to_string(lines), "env PS1='$ ' sh"});
  tmux({"set-option", "-g", "escape-time", "0"});
  tmux({"pipe-pane", "cat > tmux-output"});
  server_ = std::stoi(tmux({"display-message", "-p", "#{pid}"}));
  shell_ = std::stoi(tmux({"display-message", "-p", "#{pane_pid}"}));
  CHECK(shows("$")); // what is typed earlier would be shown twice
}

tmux_screen::~tmux_screen() {
  tmux({"kill-server"});
  CHECK(ends(shell_));
  CHECK(ends(server_));
}

std::string tmux_screen::tmux(words arguments) const {
  words argv{"tmux", "-u", "-f", "/dev/null", "-S", home_.path("tmux")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto ended = e2e::run({argv, home_.env, home_.folder(), {}});
  REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
  return ended.out;
}

void tmux_screen::type(const std::string& text) const {
  tmux({"send-keys", "-l", text});
}

void tmux_screen::press(const std::string& key) const {
  tmux({"send-keys", key});
}

void tmux_screen::click(int column, int line) const {
  type("\x1b[<0;" + std::to_string(column) + ";" + std::to_string(line) + "M");
}

void tmux_screen::resize(int columns, int lines) const {
  tmux({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(lines)});
}

void tmux_screen::run(const std::string& command) const {
  type(command);
  press("Enter");
}

std::string tmux_screen::shown(bool with_styles) const {
  return tmux(with_styles ? words{"capture-pane", "-p", "-e"} : words{"capture-pane", "-p"});
}

bool tmux_screen::becomes(const std::function<bool(const std::string&)>& is_right) const {
  using steady = std::chrono::steady_clock;
  const int changes = ::open(output_.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const auto deadline = steady::now() + patience;
  bool seen = false;
  for (std::string last; !seen && steady::now() < deadline;) {
    last = shown();
    seen = is_right(last);
    if (seen)
      break;
    pollfd readable{changes, POLLIN, 0};
    ::poll(&readable, 1, 500); // tmux may have shown it before it says so
    std::array<char, 65536> bytes;
    while (::read(changes, bytes.data(), bytes.size()) > 0) {
    }
  }
  ::close(changes);
  return seen;
}

bool tmux_screen::shows(const std::string& text) const {
  const bool found = becomes([&](const std::string& screen) { return contains(screen, text); });
  if (!found)
    MESSAGE("'" << text << "' is not in\n" << shown());
  return found;
}

bool tmux_screen::no_longer_shows(const std::string& text) const {
  const bool gone = becomes([&](const std::string& screen) { return !contains(screen, text); });
  if (!gone)
    MESSAGE("'" << text << "' is still in\n" << shown());
  return gone;
}

} // namespace e2e
