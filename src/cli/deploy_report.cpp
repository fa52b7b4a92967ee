#include "cli/deploy_report.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/text.hpp"

namespace procvisor::cli {

namespace {

using nlohmann::json;

std::string short_commit(std::string_view commit) {
  return std::string{commit.substr(0, 10)};
}

std::string done_line(deploy_action action, const deploy_target& target, const deploy_result& one) {
  const auto& outcome = one.outcome;
  const std::string now = short_commit(outcome.commit());
  const std::string time = seconds_text(one.time);
  if (action == deploy_action::setup)
    return fmt::format("{}: set up in {}, at {} ({})", outcome.host(), printable(target.path), now, time);
  if (outcome.commit() == outcome.before())
    return fmt::format("{}: deployed {}, which was there before ({})", outcome.host(), now, time);
  return fmt::format("{}: deployed {}, before {} ({})", outcome.host(), now,
                     outcome.before().empty() ? "nothing" : short_commit(outcome.before()), time);
}

std::string hosts_with(const std::vector<deploy_result>& results, deploy_fate fate) {
  std::vector<std::string> names;
  for (const auto& one : results)
    if (one.fate == fate)
      names.push_back(one.outcome.host());
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

/// Newest first, with its number, as PM2 prints it.
std::vector<std::string> numbered(std::vector<std::string> commits) {
  std::reverse(commits.begin(), commits.end());
  for (size_t i = 0; i < commits.size(); ++i)
    commits[i] = fmt::format("{}\t{}", i, commits[i]);
  return commits;
}

result<exit_code> print_output(deploy_action action, const std::vector<deploy_result>& results, console& out) {
  std::string text;
  for (const auto& one : results)
    for (const auto& line : action == deploy_action::list ? numbered(one.output) : one.output)
      text.append(results.size() > 1 ? one.outcome.host() + " | " : "").append(line).append("\n");
  return out.data(text);
}

json done_json(deploy_action action, const deploy_result& one) {
  json row{{"host", one.outcome.host()}, {"milliseconds", one.time.count()}};
  if (is_asking(action))
    row.update({{"output", one.output}, {"is_output_cut", one.is_output_cut}});
  else
    row.update({{"commit", one.outcome.commit()}, {"before", one.outcome.before()}});
  return row;
}

json failure_json(const deploy_result& one) {
  return {{"host", one.outcome.host()},
          {"stage", one.outcome.stage_text()},
          {"code", static_cast<int>(one.failure.code)},
          {"message", one.failure.what},
          {"hint", one.failure.hint}};
}

json as_json(deploy_action action, const deploy_target& target, const std::vector<deploy_result>& results) {
  json done = json::array();
  json failed = json::array();
  json not_begun = json::array();
  for (const auto& one : results) {
    switch (one.fate) {
      case deploy_fate::done:
        done.push_back(done_json(action, one));
        break;
      case deploy_fate::failed:
        failed.push_back(failure_json(one));
        break;
      case deploy_fate::not_begun:
        not_begun.push_back(one.outcome.host());
        break;
    }
  }
  return {{"environment", target.name}, {"done", done}, {"failed", failed}, {"not_begun", not_begun}};
}

exit_code code_of(const std::vector<deploy_result>& results) {
  const auto has = [&](deploy_fate fate) {
    return std::any_of(results.begin(), results.end(), [&](const auto& one) { return one.fate == fate; });
  };
  if (!has(deploy_fate::failed) && !has(deploy_fate::not_begun))
    return exit_code::done;
  return has(deploy_fate::done) ? exit_code::partly : exit_code::other;
}

} // namespace

void say_end(deploy_action action, const deploy_target& target, const deploy_result& one, deploy_display& display,
             console& out) {
  display.erase();
  if (one.fate == deploy_fate::failed)
    out.report(one.failure);
  else if (!is_asking(action))
    display.say(done_line(action, target, one));
}

result<exit_code> conclude_deploy(deploy_action action, const deploy_target& target,
                                  const std::vector<deploy_result>& results, deploy_display& display, console& out) {
  const auto code = code_of(results);
  const auto ended = [&](exit_code) { return code; };
  if (out.behaviour().json) {
    const auto text = as_json(action, target, results).dump(-1, ' ', false, json::error_handler_t::replace);
    return out.data(text + "\n").map(ended);
  }
  if (code != exit_code::done && results.size() > 1)
    display.say(fmt::format("done: {}; failed: {}; not begun: {}", hosts_with(results, deploy_fate::done),
                            hosts_with(results, deploy_fate::failed), hosts_with(results, deploy_fate::not_begun)));
  return print_output(action, results, out).map(ended);
}

} // namespace procvisor::cli
