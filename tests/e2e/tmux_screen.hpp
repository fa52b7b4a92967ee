#pragma once

#include <functional>
#include <string>

#include "home_fixture.hpp"

namespace e2e {

/// A real terminal: a shell in a tmux of its own, in the folder of a home.
class tmux_screen {
public:
  tmux_screen(const home_fixture& home, int columns, int lines);
  ~tmux_screen();
  tmux_screen(const tmux_screen&) = delete;
  tmux_screen& operator=(const tmux_screen&) = delete;

  /// Types text as it is.
  void type(const std::string& text) const;
  /// Presses a key by tmux's name: "Enter", "PPage", "C-c".
  void press(const std::string& key) const;
  /// Clicks with the left button, columns and lines from 1.
  void click(int column, int line) const;
  void resize(int columns, int lines) const;

  /// Types a command and presses Enter.
  void run(const std::string& command) const;

  /// What is on it, a line each; with_styles: with escape sequences for colours.
  std::string shown(bool with_styles = false) const;

  /// Whether the text appears, or disappears, within `patience`.
  bool shows(const std::string& text) const;
  bool no_longer_shows(const std::string& text) const;

private:
  std::string tmux(words arguments) const;
  bool becomes(const std::function<bool(const std::string&)>& is_right) const;

  const home_fixture& home_;
  fifo output_; ///< what the terminal is sent: something has changed
  pid_t server_ = -1;
  pid_t shell_ = -1;
};

} // namespace e2e
