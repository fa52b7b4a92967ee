#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace procvisor {

/// The words of `--a 'b c' k="v w"`: split at white space, quotes group and go away, a backslash is an ordinary
/// character (as in PM2). A text in the old list form, `['--toto=heya coco', '-d', '1']`, gives that list.
/// nullopt: a quote is not closed.
std::optional<std::vector<std::string>> split_words(std::string_view text);

/// Without white space at both ends.
std::string_view trimmed(std::string_view text);

} // namespace procvisor
