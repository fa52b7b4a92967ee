#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "core/date_format.hpp"
#include "core/log_format.hpp"
#include "core/process.hpp"

namespace procvisor::recorder {

/// Makes log lines of what one launch writes. For output that is more than passed through (log_style).
class launch_format {
public:
  launch_format(const log_style& style, process_id id, std::string_view app_name);

  /// As log_formatter::feed, with the time of now.
  size_t feed(size_t stream, std::string_view bytes, std::string& out);
  void finish(size_t stream, std::string& out) { lines_[stream].finish(out); }

private:
  /// Rendered anew only when it has changed.
  std::string_view stamp();

  log_style style_;
  date_format date_;
  std::array<log_formatter, 2> lines_;
  std::chrono::seconds stamped_at_{-1};
  std::string stamp_;
};

} // namespace procvisor::recorder
