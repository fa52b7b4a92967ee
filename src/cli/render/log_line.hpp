#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace procvisor::cli {

/// Where a line came from; `journal`: procvisor.log.
enum class log_stream : uint8_t { out, err, journal };

/// Makes the `0|web      | ` in front of log lines: as wide as the widest label so far, and at least PM2's ten columns,
/// so that the lines of all apps stand below each other.
class log_line_prefix {
public:
  explicit log_line_prefix(bool coloured) : coloured_(coloured) {}

  std::string before(std::string_view label, log_stream stream);

private:
  bool coloured_;
  size_t width_ = 10;
};

/// The line with each occurrence of `text` in colours that stand out; unchanged where `coloured` is false.
std::string highlighted(std::string_view line, std::string_view text, bool coloured);

} // namespace procvisor::cli
