#include "cli/log_upkeep.hpp"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace procvisor::cli {

result<exit_code> conclude_upkeep(invocation& call, const nlohmann::json& answer, std::string_view done_text) {
  console& out = call.out();
  const auto failed = answer.value("failed", std::vector<std::string>{});
  for (const auto& text : failed)
    out.report({exit_code::other, text, {}});
  const auto code = failed.empty() ? exit_code::done : exit_code::other;
  if (out.behaviour().json) {
    auto shown = out.data(answer.dump() + "\n");
    return shown ? code : shown;
  }
  if (failed.empty())
    out.talk(done_text);
  return code;
}

} // namespace procvisor::cli
