#include "core/watch_rules.hpp"

#include <algorithm>

#include <re2/re2.h>

#include "core/path_text.hpp"
#include "core/targets.hpp"
#include "core/text.hpp"

namespace procvisor {

namespace {

constexpr std::string_view packages_folder = "node_modules";
constexpr int64_t most_memory = 1 << 20; ///< of one expression

bool is_regular_expression(std::string_view text) {
  return text.find_first_of("\\^$|(") != std::string_view::npos;
}

bool is_pattern(std::string_view text) {
  return text.find_first_of("*?[{") != std::string_view::npos;
}

RE2::Options options_of(RE2::Options::Encoding encoding) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(most_memory);
  options.set_encoding(encoding);
  return options;
}

std::unique_ptr<RE2> expression_of(std::string_view text) {
  if (is_expression(text)) // as a target is one: /^tmp/
    text = text.substr(1, text.size() - 2);
  return std::make_unique<RE2>(re2::StringPiece{text.data(), text.size()}, options_of(RE2::Options::EncodingUTF8));
}

/// `[a-z]` of a pattern, from its bracket on; nothing: it is not closed.
std::optional<std::string_view> character_class(std::string_view text) {
  const auto end = text.find(']', 2);
  if (end == std::string_view::npos)
    return std::nullopt;
  return text.substr(0, end + 1);
}

std::string translated(std::string_view pattern) {
  std::string out;
  int open_braces = 0;
  while (!pattern.empty()) {
    const char c = pattern.front();
    if (pattern.starts_with("**/")) {
      out += "(?:.*/)?";
      pattern.remove_prefix(3);
      continue;
    }
    if (pattern.starts_with("**")) {
      out += ".*";
      pattern.remove_prefix(2);
      continue;
    }
    if (const auto set = c == '[' ? character_class(pattern) : std::nullopt) {
      const bool is_negated = (*set)[1] == '!';
      out += is_negated ? "[^" : "[";
      for (const char member : set->substr(is_negated ? 2 : 1, set->size() - (is_negated ? 3 : 2))) {
        if (member == '[' || member == '\\' || member == '^')
          out += '\\';
        out += member;
      }
      out += ']';
      pattern.remove_prefix(set->size());
      continue;
    }
    pattern.remove_prefix(1);
    if (c == '*')
      out += "[^/]*";
    else if (c == '?')
      out += "[^/]";
    else if (c == '{' && pattern.find('}') != std::string_view::npos && ++open_braces > 0)
      out += "(?:";
    else if (c == '}' && open_braces > 0 && open_braces-- > 0)
      out += ')';
    else if (c == ',' && open_braces > 0)
      out += '|';
    else
      out += RE2::QuoteMeta(re2::StringPiece{&c, 1});
  }
  out.append(static_cast<size_t>(open_braces), ')');
  return out;
}

/// Names are bytes.
std::unique_ptr<RE2> pattern_of(std::string_view pattern) {
  while (pattern.starts_with("./"))
    pattern.remove_prefix(2);
  const bool is_path = pattern.find('/') < pattern.size() - 1;
  if (pattern.ends_with('/'))
    pattern.remove_suffix(1);
  if (pattern.starts_with('/'))
    pattern.remove_prefix(1);
  return std::make_unique<RE2>((is_path ? "^/" : "/") + translated(pattern) + "$",
                               options_of(RE2::Options::EncodingLatin1));
}

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

} // namespace

std::optional<std::string> ignore_problem(const std::string& text) {
  if (text.empty() || text == "/" || text == ".")
    return "means everything: nothing would be watched";
  const bool is_regular = is_regular_expression(text);
  if (!is_regular && !is_pattern(text))
    return std::nullopt;
  const auto made = is_regular ? expression_of(text) : pattern_of(text);
  if (made->ok())
    return std::nullopt;
  return "is no " + std::string{is_regular ? "regular expression of RE2's" : "pattern"} + ": " + made->error();
}

watch_rules::watch_rules(const app_spec& spec, const std::string& home) : cwd_(spec.cwd), paths_{home} {
  roots_ = spec.watch.paths;
  if (roots_.empty())
    roots_.push_back(cwd_);
  std::ranges::sort(roots_);
  roots_.erase(std::unique(roots_.begin(), roots_.end()), roots_.end());
  for (const auto& text : spec.ignore_watch)
    ignore(text);
  endings_.insert(spec.ext.begin(), spec.ext.end());
}

watch_rules::~watch_rules() = default;

void watch_rules::ignore(const std::string& text) {
  if (ignore_problem(text)) // whoever declared it has been told
    return;
  if (is_regular_expression(text))
    expressions_.push_back(expression_of(text));
  else if (is_pattern(text))
    expressions_.push_back(pattern_of(rest_below(text, cwd_).value_or(text)));
  else if (text.find('/') < text.size() - 1)
    paths_.insert(absolute_path(text, cwd_));
  else
    names_.insert(text.substr(0, text.find('/')));
}

bool watch_rules::wants(std::string_view path, bool is_folder) const {
  return std::ranges::any_of(roots_, [&](const std::string& root) {
    const auto rest = rest_below(path, root);
    if (!rest)
      return false;
    if (rest->empty())
      return true; // the root itself, whatever its name is
    return !is_ignored(path, root, is_folder) && (is_folder || has_wanted_ending(path));
  });
}

bool watch_rules::is_ignored(std::string_view path, std::string_view root, bool is_folder) const {
  for (size_t end = root == "/" ? 0 : root.size(); end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    if (matches(path.substr(0, end), root, is_folder || end < path.size()))
      return true;
  }
  return false;
}

bool watch_rules::matches(std::string_view path, std::string_view root, bool is_folder) const {
  const auto name = name_of(path);
  if (name.starts_with('.') || name == packages_folder || names_.contains(name) || paths_.contains(path))
    return true;
  if (expressions_.empty())
    return false;
  std::string text{rest_below(root, cwd_) ? *rest_below(path, cwd_) : *rest_below(path, root)};
  const auto is_found = [&](const std::unique_ptr<RE2>& one) { return RE2::PartialMatch(text, *one); };
  if (std::ranges::any_of(expressions_, is_found))
    return true;
  text += '/'; // an expression may tell folders by that
  return is_folder && std::ranges::any_of(expressions_, is_found);
}

bool watch_rules::has_wanted_ending(std::string_view path) const {
  const auto name = name_of(path);
  const auto dot = name.rfind('.');
  return endings_.empty() || (dot != std::string_view::npos && endings_.contains(name.substr(dot + 1)));
}

std::string watch_rules::shown(std::string_view path) const {
  const auto rest = rest_below(path, cwd_);
  return printable(rest && !rest->empty() ? rest->substr(1) : path);
}

bool watch_alike(const app_spec& one, const app_spec& other) {
  return one.watch == other.watch && one.ignore_watch == other.ignore_watch && one.ext == other.ext
         && one.cwd == other.cwd;
}

} // namespace procvisor
