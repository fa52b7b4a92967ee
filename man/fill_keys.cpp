// Fills man/procvisor.json.5.in with the keys of core/option_table, so that the manual has each of them as the program
// reads it. Run by the build: fill_keys TEMPLATE >PAGE
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/option_table.hpp"

using namespace procvisor;

namespace {

/// The lines of the template that stand for a list of keys, and the keys that they stand for.
struct list_row {
  std::string_view marker;
  standing state;
  bool is_terse; ///< names alone, in one line
};
constexpr list_row lists[] = {
    {"@KEYS@", standing::built, false},
    {"@KEYS_WITHOUT_EFFECT@", standing::no_effect, true},
};

/// Text that roff shows as it is.
std::string roff_text(std::string_view text) {
  std::string safe = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text)
    safe += c == '\\' ? std::string{"\\e"} : std::string(1, c);
  return safe;
}

/// ".It Cm out_file , out , output": a macro's arguments, each comma one of its own.
std::string names_of(const app_option& option) {
  std::string names{option.key};
  for (std::string_view rest = option.aliases; !rest.empty();) {
    const auto end = std::min(rest.find(' '), rest.size());
    names += fmt::format(" , {}", rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

std::string entry_of(const app_option& option) {
  std::string entry = fmt::format(".It Cm {}\n{}.\n", names_of(option), roff_text(option.help));
  entry += fmt::format(".br\nValue: {}.\n", roff_text(expected_form(option)));
  if (!option.default_text.empty())
    entry += fmt::format("Default: {}.\n", roff_text(option.default_text));
  return entry;
}

std::string list_of(const list_row& list) {
  std::string text;
  std::string_view separator;
  for (const app_option& option : app_options()) {
    if (option.state != list.state)
      continue;
    if (list.is_terse)
      text += fmt::format("{}{}", separator, option.key);
    else
      text += entry_of(option);
    separator = " , ";
  }
  if (!list.is_terse)
    return text;
  return text.empty() ? "None.\n" : fmt::format(".Cm {} .\n", text);
}

} // namespace

int main(int argc, char** argv) {
  std::ifstream page{argc == 2 ? argv[1] : ""};
  if (!page) {
    std::fprintf(stderr, "usage: fill_keys TEMPLATE\n");
    return 2;
  }
  for (std::string line; std::getline(page, line);) {
    const auto* list =
        std::find_if(std::begin(lists), std::end(lists), [&](const auto& row) { return row.marker == line; });
    std::cout << (list == std::end(lists) ? line + "\n" : list_of(*list));
  }
  return std::cout.flush() ? 0 : 1;
}
