#include "cli/screen/input.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/text.hpp"
#include "core/units.hpp"

namespace procvisor::cli {

namespace {

constexpr char escape = '\x1b';
constexpr size_t longest_sequence = 64;

struct named_sequence {
  std::string_view text; ///< behind the escape
  key what;
};

constexpr std::array sequences = std::to_array<named_sequence>({
    {"[A", key::up},    {"OA", key::up},       {"[B", key::down},       {"OB", key::down},   {"[C", key::right},
    {"OC", key::right}, {"[D", key::left},     {"OD", key::left},       {"[H", key::home},   {"OH", key::home},
    {"[1~", key::home}, {"[7~", key::home},    {"[F", key::end},        {"OF", key::end},    {"[4~", key::end},
    {"[8~", key::end},  {"[5~", key::page_up}, {"[6~", key::page_down}, {"[3~", key::erase}, {"[Z", key::back_tab},
    {"OP", key::help},  {"[11~", key::help},   {"[[A", key::help},      {"OM", key::enter},
});

std::optional<key> key_of_control(char c) {
  switch (c) {
    case '\r':
    case '\n':
      return key::enter;
    case '\t':
      return key::tab;
    case '\x03':
      return key::interrupt;
    case '\x08':
    case '\x7f':
      return key::backspace;
    case '\x0c':
      return key::redraw;
    case '\x15':
      return key::clear_line;
    case '\x1a':
      return key::suspend;
    default: // a char has no list of its values
      return std::nullopt;
  }
}

/// "<0;12;5M" behind "[": the button, the column and the line from 1, and M or m for released.
std::optional<mouse_event> parse_mouse(std::string_view text) {
  if (!text.starts_with('<') || !text.ends_with('M'))
    return std::nullopt;
  text = text.substr(1, text.size() - 2);
  const auto first = text.find(';');
  const auto second = text.find(';', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos)
    return std::nullopt;
  const auto button = parse_integer(text.substr(0, first));
  const auto column = parse_integer(text.substr(first + 1, second - first - 1));
  const auto line = parse_integer(text.substr(second + 1));
  constexpr int64_t most = 10'000;
  if (!button || !column || !line || *column < 1 || *line < 1 || *column > most || *line > most)
    return std::nullopt;
  mouse_event made{.x = static_cast<int>(*column) - 1, .y = static_cast<int>(*line) - 1};
  switch (*button) {
    case 0:
      return made;
    case 64:
      made.action = mouse_action::wheel_up;
      return made;
    case 65:
      made.action = mouse_action::wheel_down;
      return made;
    default: // other buttons mean nothing here
      return std::nullopt;
  }
}

/// How long the sequence is that begins with an escape; 0: it has not come whole.
size_t sequence_length(std::string_view text) {
  if (text.size() < 2)
    return 0;
  if (text[1] == 'O')
    return text.size() < 3 ? 0 : 3;
  if (text[1] != '[')
    return 1;                            // the key, and then another one
  if (text.size() > 2 && text[2] == '[') // the console of Linux
    return text.size() < 4 ? 0 : 4;
  const auto last = std::find_if(text.begin() + 2, text.end(), [](char c) { return c >= '@' && c <= '~'; });
  return last == text.end() ? 0 : static_cast<size_t>(last - text.begin()) + 1;
}

} // namespace

std::vector<input_event> input_reader::read(std::string_view bytes) {
  std::vector<input_event> events;
  pending_ += bytes;
  while (!pending_.empty() && read_one(events)) {
  }
  return events;
}

std::vector<input_event> input_reader::settle() {
  std::vector<input_event> events;
  if (std::exchange(pending_, {}) == std::string_view{&escape, 1})
    events.push_back(key_press{key::escape});
  return events;
}

/// False: more has to come.
bool input_reader::read_one(std::vector<input_event>& into) {
  const auto drop = [this](size_t bytes) {
    pending_.erase(0, bytes);
    return true;
  };
  if (pending_.front() == escape) {
    const auto length = sequence_length(pending_);
    if (length == 0)
      return pending_.size() > longest_sequence && drop(pending_.size());
    const auto sequence = std::string_view{pending_}.substr(1, length - 1);
    const auto known = std::ranges::find(sequences, sequence, &named_sequence::text);
    if (length == 1)
      into.push_back(key_press{key::escape});
    else if (known != sequences.end())
      into.push_back(key_press{known->what});
    else if (const auto mouse = parse_mouse(sequence.substr(1)))
      into.push_back(*mouse);
    return drop(length);
  }
  if (const auto control = key_of_control(pending_.front())) {
    into.push_back(key_press{*control});
    return drop(1);
  }
  const auto lead = static_cast<unsigned char>(pending_.front());
  const size_t wanted = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (pending_.size() < wanted)
    return false;
  const auto length = utf8_length(pending_);
  if (lead >= 0x20 && length > 0)
    into.push_back(key_press{key::character, pending_.substr(0, length)});
  return drop(std::max<size_t>(length, 1));
}

} // namespace procvisor::cli
