#include <nlohmann/json.hpp>

#include "cli/conclude.hpp"
#include "cli/pass_on.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::send(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto words = call.targets();
  words.insert(words.end(), call.app_args().begin(),
               call.app_args().end()); // behind `--`: a line that looks like an option
  if (words.size() != 2)
    return fail(exit_code::usage, "'send' needs a target and one line", "procvisor send --help");
  auto sent = pass_on(rpc::method::send, words[0], {{"text", words[1] + "\n"}});
  if (!sent)
    return fail(std::move(sent.error()));
  outcome reached;
  reached.add(sent->answer);
  return conclude(call, sent->daemon, reached, "sent the line to");
}

} // namespace procvisor::cli
