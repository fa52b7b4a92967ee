#include <fmt/format.h>

#include "cli/set.hpp"
#include "core/text.hpp"
#include "core/words.hpp"

namespace procvisor::cli {

result<exit_code> run::multiset(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  const std::string& typed = call.targets().front();
  auto words = split_words(typed);
  if (!words || words->empty() || words->size() % 2 != 0)
    return fail(exit_code::usage, fmt::format("{} are no pairs of a setting and its value", in_quotes(typed)),
                "procvisor multiset \"KEY VALUE KEY VALUE\"");
  std::vector<std::pair<std::string, std::string>> wanted;
  for (size_t i = 0; i < words->size(); i += 2)
    wanted.emplace_back((*words)[i], (*words)[i + 1]);
  return change_settings(call, wanted);
}

} // namespace procvisor::cli
