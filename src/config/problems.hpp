#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "core/result.hpp"

namespace procvisor::config {

/// "file:line:column: ", as far as it is known. No file: empty.
std::string place(std::string_view file, text_position at);

/// One problem of a file, as the error of a reader that cannot go on.
error problem_at(std::string_view file, text_position at, std::string_view text, std::string hint = {});

/// Collects what is wrong with a file, so that the user sees all of it at once.
class problem_list {
public:
  explicit problem_list(std::string file) : file_(std::move(file)) {}

  /// What follows is about this app; said only where there is no line to say it.
  void enter_app(std::string label) { app_ = std::move(label); }

  void add(text_position at, std::string_view text);
  bool empty() const { return lines_.empty(); }
  const std::string& file() const { return file_; }

  /// One problem a line, sorted by place, none twice.
  error to_error() &&;

private:
  struct line {
    text_position at;
    std::string text;
  };
  std::string app_;
  std::string file_; ///< empty: a command line
  std::vector<line> lines_;
};

} // namespace procvisor::config
