#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace procvisor {

/// Well-formed UTF-8: what JSON can carry.
bool is_utf8(std::string_view text);

/// The bytes of the first character of a text that is not empty; 0: it is not UTF-8.
size_t utf8_length(std::string_view text);

/// A piece of the user's input for a message: in single quotes, control characters as \xNN, cut after 60 characters.
std::string in_quotes(std::string_view text);

/// The same without quotes and in full: a text that cannot steer a terminal and stays on its line.
std::string printable(std::string_view text);

/// Why a name of an app or a namespace is refused, to be put after the name: "is empty", "contains '/'". Any printable
/// text is a name, except one that a command line would take for something else.
std::optional<std::string_view> name_problem(std::string_view name);

} // namespace procvisor
