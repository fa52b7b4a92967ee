#include "cli/render/colour.hpp"

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

void append_painted(std::string& out, std::string_view text, colour c, bool coloured) {
  if (!coloured || c == colour::plain) {
    out += text;
    return;
  }
  out += "\x1b[";
  out += parameter_of(c);
  out += 'm';
  out += text;
  out += "\x1b[0m";
}

std::string painted(std::string_view text, colour c, bool coloured) {
  std::string result;
  append_painted(result, text, c, coloured);
  return result;
}

} // namespace procvisor::cli
