#include "core/targets.hpp"

#include <charconv>
#include <functional>

#include <fmt/format.h>
#include <re2/re2.h>

#include "core/path_text.hpp"
#include "core/suggest.hpp"

namespace procvisor {

namespace {

using predicate = std::function<bool(const targetable&)>;

std::vector<process_id> matching(const std::vector<targetable>& all, const predicate& matches) {
  std::vector<process_id> found;
  for (const auto& one : all)
    if (matches(one))
      found.push_back(one.id);
  return found;
}

tl::unexpected<error> nothing_matches(std::string_view target, const std::vector<targetable>& all) {
  std::vector<std::string_view> names;
  for (const auto& one : all)
    names.push_back(one.name);
  const auto near = did_you_mean(target, names);
  return fail(exit_code::not_found, fmt::format("no app, namespace or id '{}'", target),
              near.empty() ? "procvisor list shows what there is" : near);
}

result<std::vector<process_id>> resolve_expression(std::string_view target, const std::vector<targetable>& all) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const std::string expression{target.substr(1, target.size() - 2)};
  const RE2 pattern{expression, options};
  if (!pattern.ok())
    return fail(exit_code::usage, fmt::format("'{}' is not a regular expression: {}", target, pattern.error()),
                "the syntax is RE2's: no look-ahead, no back-references");
  auto found = matching(all, [&](const targetable& one) {
    return RE2::PartialMatch(re2::StringPiece{one.name.data(), one.name.size()}, pattern);
  });
  if (found.empty())
    return fail(exit_code::not_found, fmt::format("no app's name matches {}", target),
                "procvisor list shows what there is");
  return found;
}

} // namespace

bool is_expression(std::string_view target) {
  return target.size() > 2 && target.front() == '/' && target.back() == '/';
}

result<std::vector<process_id>> resolve_target(std::string_view target, const std::vector<targetable>& all,
                                               std::string_view cwd) {
  if (target == "all") {
    auto found = matching(all, [](const targetable& one) { return one.name_space != own_namespace; });
    if (found.empty())
      return fail(exit_code::not_found, "there is no app", "procvisor start FILE starts some");
    return found;
  }
  if (auto found = matching(all, [=](const targetable& one) { return one.name == target || one.name_space == target; });
      !found.empty())
    return found;
  uint32_t number = 0;
  const auto* end = target.data() + target.size();
  if (const auto [stop, error] = std::from_chars(target.data(), end, number); error == std::errc{} && stop == end) {
    if (auto found = matching(all, [=](const targetable& one) { return one.id == process_id{number}; }); !found.empty())
      return found;
  } else if (is_expression(target)) {
    return resolve_expression(target, all);
  }
  if (!target.empty() && (target.front() == '/' || !cwd.empty())) {
    const auto script = absolute_path(target, cwd);
    if (auto found = matching(all, [&](const targetable& one) { return one.exec_path == script; }); !found.empty())
      return found;
  }
  return nothing_matches(target, all);
}

} // namespace procvisor
