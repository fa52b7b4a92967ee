#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// The last lines of a file are looked for in no more than this: a file is read while others wait.
inline constexpr off_t max_tail_bytes = 64 * 1024 * 1024;

/// A line longer than this is handed out in pieces.
inline constexpr size_t max_line_bytes = 16 * 1024;

/// Where the last `lines` lines of [begin, end) start. An unfinished line at the end counts as one.
off_t start_of_last_lines(int fd, off_t begin, off_t end, size_t lines);

/// What stands between the last newline before `end` and `end`, at most max_line_bytes of it. Empty where `path` is no
/// regular file.
std::string unfinished_line(const std::string& path, off_t end);

/// Hands out the lines of a part of a file, block by block, so that memory does not grow with the file.
class file_tail {
public:
  file_tail() = default;
  /// The last `lines` lines of [begin, end). Nothing where `path` is no regular file or cannot be opened.
  file_tail(const std::string& path, off_t begin, off_t end, size_t lines);

  bool done() const noexcept { return at_ >= end_; }
  /// The next lines, without their newlines; valid until the next call. Empty: done.
  std::vector<std::string_view> next_lines();

private:
  unique_fd fd_;
  off_t at_ = 0;
  off_t end_ = 0;
  std::string block_;
};

} // namespace procvisor::os
