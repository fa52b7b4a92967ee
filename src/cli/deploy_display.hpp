#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "cli/console.hpp"

namespace procvisor::cli {

/// What a deploy says while it is under way. On a terminal each host that is being worked on has a line at the bottom
/// that shows the step and its time; elsewhere each step is a line of its own.
class deploy_display {
public:
  struct host_line {
    std::string host;
    std::string stage;
    std::chrono::milliseconds since_start{};
  };

  /// `is_brief`: steps are shown on a terminal or not at all. `is_raw`: a program has the terminal in its
  /// raw mode, where a line feed alone does not go to the left.
  deploy_display(console& out, bool is_brief, bool is_raw);
  ~deploy_display() { erase(); }
  deploy_display(const deploy_display&) = delete;
  deploy_display& operator=(const deploy_display&) = delete;

  /// Whether the lines at the bottom want to be drawn each second.
  bool has_clock() const noexcept { return draws_; }

  /// `stays`: a line of its own on a terminal, too.
  void stage(const std::string& host, const std::string& text, bool stays);
  void output(const std::string& host, const std::string& line);
  /// Of a program that has the terminal: as it is.
  void pass(const std::string& text);
  bool is_raw() const noexcept { return is_raw_; }
  void say(const std::string& line);

  /// The lines at the bottom, drawn anew.
  void draw(const std::vector<host_line>& hosts);
  void erase();

private:
  console& out_;
  bool is_brief_;
  bool is_raw_;
  bool draws_;
  size_t drawn_ = 0;
};

/// "0.4 s", "12 s"
std::string seconds_text(std::chrono::milliseconds time);

} // namespace procvisor::cli
