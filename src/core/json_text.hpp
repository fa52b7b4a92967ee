#pragma once

#include <string>
#include <string_view>

namespace procvisor {

/// Appends `text` as a JSON string, quotes included. The result is well-formed UTF-8 whatever the bytes: one that is
/// part of no character stands there as \u00NN, so that Latin-1 stays readable and nothing is lost from sight.
void append_json_text(std::string& to, std::string_view text);

/// Whether a text, if it is JSON, has lists and objects within each other beyond so many levels. Values that are nested
/// deeper than anybody means it exhaust the stack of whoever copies, compares or writes them.
bool is_nested_deeper(std::string_view text, int levels);

} // namespace procvisor
