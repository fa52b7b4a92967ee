#pragma once

#include <cstdint>
#include <string_view>

namespace procvisor {

/// Of a work tree, what a server that fetches would not see.
struct git_state {
  bool has_changes = false; ///< of files that git knows
  bool has_staged = false;
  bool has_conflicts = false;
  int64_t unpushed = 0; ///< commits that the branch's upstream has not; 0 where it has none

  bool operator==(const git_state&) const = default;
};

/// What this prints: git status --porcelain=v2 --branch --untracked-files=no
git_state read_git_status(std::string_view printed);

} // namespace procvisor
