#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/process.hpp"
#include "core/result.hpp"

namespace procvisor {

/// What a target is matched against.
struct targetable {
  process_id id{};
  std::string_view name;
  std::string_view name_space;
  std::string_view exec_path;
};

/// Of processes that procvisor runs for itself: `all` does not mean them. No app of a user's can be in it.
inline constexpr std::string_view own_namespace = ".procvisor";

/// Whether it is written as an expression: `/regex/`.
bool is_expression(std::string_view target);

/// The processes that `target`, as the user typed it, means; never none. In this order, the first that matches anything
/// wins: `all`, which is what users have declared; a name or a namespace (an app named "0" wins over the id 0); an id; `/regex/` (RE2, matched anywhere in
/// the name); the path of a script, from `cwd` on where it is relative. exit_code::not_found names what there is that looks like it;
/// exit_code::usage: the expression does not compile.
result<std::vector<process_id>> resolve_target(std::string_view target, const std::vector<targetable>& all,
                                               std::string_view cwd = {});

} // namespace procvisor
