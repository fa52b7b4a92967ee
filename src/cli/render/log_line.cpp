#include "cli/render/log_line.hpp"

#include <algorithm>

#include "cli/render/colour.hpp"
#include "cli/render/text_width.hpp"

namespace procvisor::cli {

namespace {

colour colour_of(log_stream stream) {
  switch (stream) {
    case log_stream::out:
      return colour::green;
    case log_stream::err:
      return colour::red;
    case log_stream::journal:
      return colour::blue;
  }
  return colour::plain;
}

} // namespace

std::string log_line_prefix::before(std::string_view label, log_stream stream) {
  width_ = std::max(width_, display_width(label));
  return painted(fit_to(label, width_) + " | ", colour_of(stream), coloured_);
}

std::string highlighted(std::string_view line, std::string_view text, bool coloured) {
  std::string shown;
  for (auto at = line.find(text); !text.empty() && at != std::string_view::npos; at = line.find(text)) {
    shown += line.substr(0, at);
    shown += painted(text, colour::inverse, coloured);
    line.remove_prefix(at + text.size());
  }
  return shown.append(line);
}

} // namespace procvisor::cli
