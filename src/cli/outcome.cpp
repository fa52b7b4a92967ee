#include "cli/outcome.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "rpc/client.hpp"
#include "rpc/process_row.hpp"

namespace procvisor::cli {

namespace {

/// More processes than these get one line.
constexpr size_t most_lines = 20;

void append(nlohmann::json& list, const nlohmann::json& wire, const char* key) {
  if (auto found = wire.find(key); found != wire.end() && found->is_array())
    list.insert(list.end(), found->begin(), found->end());
}

/// What a process wrote before it ended stands below the message, a line each.
error failure_of(const nlohmann::json& wire) {
  std::string what = wire.value("message", "unknown error");
  std::string last_words = wire.value("last_words", "");
  if (last_words.ends_with('\n'))
    last_words.pop_back();
  if (!last_words.empty())
    what += ":\n" + last_words;
  return {rpc::code_from_wire(wire.value("code", nlohmann::json{})), std::move(what), wire.value("hint", "")};
}

bool is_anything_done(const outcome& what) {
  const auto has_failed = [&](const std::string& app) {
    return std::ranges::any_of(what.failed, [&](const auto& failure) { return failure.value("target", "") == app; });
  };
  return std::ranges::any_of(what.done,
                             [&](const auto& row) { return !what.is_by_app || !has_failed(row.value("name", "")); });
}

std::string line_of(const rpc::process_row& row, std::string_view done_word) {
  if (row.pid == 0)
    return fmt::format("{} {} (id {})", done_word, row.name, row.id);
  return fmt::format("{} {} (id {}, pid {})", done_word, row.name, row.id, row.pid);
}

} // namespace

void outcome::add(const nlohmann::json& wire) {
  append(done, wire, "done");
  append(failed, wire, "failed");
  append(notes, wire, "notes");
}

void outcome::add_failure(const std::string& target, const error& e) {
  failed.push_back({{"target", target}, {"code", static_cast<int>(e.code)}, {"message", e.what}, {"hint", e.hint}});
}

exit_code exit_code_of(const outcome& what) {
  if (what.failed.empty())
    return exit_code::done;
  if (is_anything_done(what))
    return exit_code::partly;
  std::vector<error> failures = failures_of(what);
  for (const error& e : failures)
    if (e.code != failures.front().code)
      return exit_code::other;
  return failures.front().code;
}

std::vector<std::string> outcome_lines(const outcome& what, std::string_view done_word) {
  if (what.done.size() > most_lines)
    return {fmt::format("{} {} processes", done_word, what.done.size())};
  std::vector<std::string> lines;
  for (const nlohmann::json& row : what.done)
    lines.push_back(line_of(rpc::row_from_json(row), done_word));
  return lines;
}

std::vector<error> failures_of(const outcome& what) {
  std::vector<error> failures;
  for (const nlohmann::json& failure : what.failed)
    failures.push_back(failure_of(failure));
  return failures;
}

} // namespace procvisor::cli
