#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace procvisor::cli {

enum class key : uint8_t {
  character, ///< the text says which
  enter,
  escape,
  tab,
  back_tab,
  backspace,
  erase, ///< Delete
  up,
  down,
  left,
  right,
  page_up,
  page_down,
  home,
  end,
  help,       ///< F1
  interrupt,  ///< Ctrl-C
  suspend,    ///< Ctrl-Z
  redraw,     ///< Ctrl-L
  clear_line, ///< Ctrl-U
};

struct key_press {
  key what = key::character;
  std::string text = {}; ///< one character in UTF-8, where it is one

  bool operator==(const key_press&) const = default;
};

enum class mouse_action : uint8_t { press, wheel_up, wheel_down };

struct mouse_event {
  mouse_action action = mouse_action::press;
  int x = 0; ///< from 0
  int y = 0;

  bool operator==(const mouse_event&) const = default;
};

using input_event = std::variant<key_press, mouse_event>;

/// Reads what a terminal in raw mode sends (ECMA-48 as xterm uses it, mouse reports 1006). What it does not know it
/// passes over.
class input_reader {
public:
  /// The events that these bytes complete.
  std::vector<input_event> read(std::string_view bytes);

  /// Whether an escape has come that may be the key of that name or the beginning of a sequence: settle() takes it for
  /// the key, for a caller to whom nothing more has come for a while.
  bool is_unsettled() const noexcept { return !pending_.empty(); }
  std::vector<input_event> settle();

private:
  bool read_one(std::vector<input_event>& into);

  std::string pending_;
};

} // namespace procvisor::cli
