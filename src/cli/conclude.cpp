#include "cli/conclude.hpp"

#include "cli/show_list.hpp"

namespace procvisor::cli {

result<exit_code> conclude(invocation& call, rpc::client& daemon, const outcome& what, std::string_view done_word) {
  console& out = call.out();
  for (const error& e : failures_of(what))
    out.report(e);
  for (const nlohmann::json& note : what.notes)
    out.warn(note.get<std::string>());
  exit_code code = exit_code_of(what);
  if (out.behaviour().json) {
    auto shown = out.data(nlohmann::json{{"done", what.done}, {"failed", what.failed}}.dump() + "\n");
    return shown ? code : shown;
  }
  if (out.behaviour().silent || code == exit_code::unreachable)
    return code;
  for (const std::string& line : outcome_lines(what, done_word))
    out.talk(line);
  auto list = fetch_list(daemon, call.wants_mini_list());
  if (!list)
    return fail(std::move(list.error()));
  out.show(list_text(*list, default_order, call.wants_mini_list(), out.talk_canvas()));
  for (const std::string& note : list->notes)
    out.talk(note);
  return code;
}

} // namespace procvisor::cli
