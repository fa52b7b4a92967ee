#include "core/runtime_exit.hpp"

namespace procvisor {

namespace {

bool is_over(process_status status) {
  switch (status) {
    case process_status::stopped:
    case process_status::errored:
      return true;
    case process_status::launching:
    case process_status::online:
    case process_status::stopping:
    case process_status::waiting_restart:
      return false;
  }
  return false;
}

int code_of(const runtime_process& one) {
  constexpr int by_signal = 128; // as a shell says it
  if (one.was_asked)
    return 0;
  if (one.exit_signal != 0)
    return by_signal + static_cast<int>(one.exit_signal);
  if (one.exit_code != 0)
    return static_cast<int>(one.exit_code);
  return one.status == process_status::errored ? 1 : 0;
}

} // namespace

exit_rule parse_exit_rule(const std::string& text) {
  if (text == "all")
    return {exit_rule::kind::all, {}};
  if (text == "any")
    return {exit_rule::kind::any, {}};
  return {exit_rule::kind::named, text};
}

std::optional<int> runtime_exit::after(const std::vector<runtime_process>& all) {
  bool has_ended = false;
  bool has_alive = false;
  for (const runtime_process& one : all) {
    if (rule_.on == exit_rule::kind::named && one.name != rule_.name)
      continue;
    if (!is_over(one.status)) {
      over_.erase(one.id);
      has_alive = true;
      continue;
    }
    has_ended = true;
    if (!over_.insert(one.id).second)
      continue;
    if (const int code = code_of(one); code != 0)
      code_ = code;
  }
  const bool is_end = rule_.on == exit_rule::kind::any ? has_ended : !has_alive;
  return is_end ? std::optional{code_} : std::nullopt;
}

} // namespace procvisor
