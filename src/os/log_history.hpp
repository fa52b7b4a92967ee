#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// A log file and those that were put aside before it, read like one file whose places are counted from the oldest
/// byte. Whatever their size, only what is asked for is read. They stay open: being put aside or removed meanwhile
/// changes nothing. Compressed ones are left out, and what is older than these.
class log_history {
public:
  /// Lines end at the latest here: one that is longer is handed out in pieces.
  static constexpr off_t most_line_bytes = 16 * 1024;

  /// How much of the files one step of a search reads.
  static constexpr off_t search_step = 4 * 1024 * 1024;

  /// Empty where `path` is no regular file.
  explicit log_history(const std::string& path);

  /// Where the newest byte ends. Grows with the file, and shrinks where that is emptied.
  off_t end() const;

  const std::string& left_out() const noexcept { return left_out_; } ///< the newest compressed one; empty: none

  struct line {
    off_t begin = 0;
    off_t end = 0; ///< behind its newline
    std::string text;
  };

  /// The lines from a place where one begins.
  std::vector<line> lines_from(off_t at, size_t count) const;

  /// Where the line begins that is `count` lines before the one at `at`; 0 where there are not so many.
  off_t back(off_t at, size_t count) const;

  /// One step of a search: where the line with the text begins that is nearest to `at`, before it or from it on; or
  /// how far the step has come. `fold`: capitals make no difference (ASCII; the text has none).
  struct found {
    std::optional<off_t> line;
    off_t reached = 0;
  };
  found find_before(off_t at, std::string_view text, bool fold) const;
  found find_from(off_t at, std::string_view text, bool fold) const;

private:
  struct part {
    unique_fd fd;
    off_t begin = 0;
    off_t size = 0; ///< of one that was put aside; the last one grows
  };

  std::string read(off_t begin, off_t end) const;
  off_t line_start(off_t at) const;

  std::vector<part> parts_;
  std::string left_out_;
};

} // namespace procvisor::os
