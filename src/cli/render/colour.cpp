#include "cli/render/colour.hpp"

#include <fmt/format.h>

namespace procvisor::cli {

namespace {

std::string_view parameter_of(colour c) {
  switch (c) {
    case colour::plain:
      return "";
    case colour::red:
      return "31";
    case colour::green:
      return "32";
    case colour::yellow:
      return "33";
    case colour::blue:
      return "34";
    case colour::bold:
      return "1";
    case colour::bold_cyan:
      return "1;36";
    case colour::inverse:
      return "7";
  }
  return "";
}

} // namespace

std::string painted(std::string_view text, colour c, bool coloured) {
  if (!coloured || c == colour::plain)
    return std::string{text};
  return fmt::format("\x1b[{}m{}\x1b[0m", parameter_of(c), text);
}

} // namespace procvisor::cli
