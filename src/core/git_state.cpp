#include "core/git_state.hpp"

#include <algorithm>

#include "core/units.hpp"

namespace procvisor {

namespace {

constexpr std::string_view ahead_mark = "# branch.ab +";

/// "1 MD ...": one letter for the index, one for the work tree; a dot is unchanged.
void read_change(std::string_view line, git_state& state) {
  if (line.size() < 4)
    return;
  state.has_staged |= line[2] != '.';
  state.has_changes |= line[3] != '.';
}

} // namespace

git_state read_git_status(std::string_view printed) {
  git_state state;
  while (!printed.empty()) {
    const size_t end = std::min(printed.find('\n'), printed.size());
    const auto line = printed.substr(0, end);
    printed.remove_prefix(std::min(end + 1, printed.size()));
    if (line.starts_with(ahead_mark)) {
      const auto number = line.substr(ahead_mark.size());
      state.unpushed = parse_integer(number.substr(0, number.find(' '))).value_or(0);
    } else if (line.starts_with("1 ") || line.starts_with("2 ")) {
      read_change(line, state);
    } else if (line.starts_with("u ")) {
      state.has_conflicts = true;
    }
  }
  return state;
}

} // namespace procvisor
