#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/conclude.hpp"
#include "cli/pass_on.hpp"
#include "core/signal_name.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::send_signal(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  const auto& words = call.targets();
  auto number = parse_signal(words[0]);
  if (!number)
    return fail(std::move(number.error()));
  auto sent = pass_on(rpc::method::signal, words[1], {{"signal", *number}});
  if (!sent)
    return fail(std::move(sent.error()));
  outcome reached;
  reached.add(sent->answer);
  return conclude(call, sent->daemon, reached, fmt::format("sent {} to", signal_name(*number)));
}

} // namespace procvisor::cli
