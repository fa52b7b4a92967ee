#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/app_spec.hpp"

namespace re2 {
class RE2;
}

/// Which changes of files an app is restarted for.
///
/// It watches its roots, files and folders with all that is below them. Below a root it never looks at what begins with a
/// dot, at node_modules and at the home of this daemon, and leaves out what ignore_watch says, with all that is below it.
/// Each text of ignore_watch is
///
/// - a regular expression, where it has one of `\ ^ $ | (`: matched anywhere in the path;
/// - else a pattern, where it has one of `* ? [ {`: `*.log` is any such file, `tmp/**/*.js` a path;
/// - else a path, where it has a slash; else a name, wherever it stands.
///
/// Paths, and what expressions and patterns are matched with, start in the working directory with a slash (`/src/a.js`);
/// below a root that is outside of it, in that root. Matching takes linear time (RE2).
namespace procvisor {

class watch_rules {
public:
  /// `home`: of the daemon.
  watch_rules(const app_spec& spec, const std::string& home);
  ~watch_rules();

  /// Absolute, as declared, none twice.
  const std::vector<std::string>& roots() const noexcept { return roots_; }

  /// A folder in which something may count.
  bool wants_folder(std::string_view path) const { return wants(path, true); }
  bool wants_file(std::string_view path) const { return wants(path, false); }

  /// For people: relative to the working directory, if it is below that.
  std::string shown(std::string_view path) const;

private:
  bool wants(std::string_view path, bool is_folder) const;
  bool is_ignored(std::string_view path, std::string_view root, bool is_folder) const;
  bool matches(std::string_view path, std::string_view root, bool is_folder) const;
  bool has_wanted_ending(std::string_view path) const;
  void ignore(const std::string& text);

  std::string cwd_;
  std::vector<std::string> roots_;
  std::set<std::string, std::less<>> names_;
  std::set<std::string, std::less<>> paths_;
  std::vector<std::unique_ptr<re2::RE2>> expressions_;
  std::set<std::string, std::less<>> endings_; ///< without their dot; empty: all files count
};

/// Both watch the same files, in the same way.
bool watch_alike(const app_spec& one, const app_spec& other);

/// Why this cannot be a text of ignore_watch; nullopt: it can.
std::optional<std::string> ignore_problem(const std::string& text);

} // namespace procvisor
