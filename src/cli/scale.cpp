#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/conclude.hpp"
#include "cli/daemon.hpp"
#include "core/text.hpp"
#include "core/units.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// "4", "+2", "-1"
result<nlohmann::json> parse_amount(const std::string& text) {
  auto amount = parse_integer(text);
  if (!amount || *amount != static_cast<int>(*amount))
    return fail(exit_code::usage, fmt::format("{} is no number of processes", in_quotes(text)),
                "4: that many; +2: two more; -1: one less");
  bool is_relative = text[0] == '+' || text[0] == '-';
  return nlohmann::json{{is_relative ? "by" : "to", *amount}};
}

} // namespace

result<exit_code> run::scale(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  const std::string& target = call.targets()[0];
  auto params = parse_amount(call.targets()[1]);
  if (!params)
    return fail(std::move(params.error()));
  (*params)["target"] = target;
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon)
    return nothing_there(target);
  auto answer = (*daemon)->call(rpc::method::scale, *params, rpc::unlimited);
  if (!answer)
    return fail(std::move(answer.error()));
  outcome reached;
  reached.add(*answer);
  if (reached.done.empty() && reached.failed.empty())
    call.out().talk(fmt::format("nothing to do: {} has so many processes already", in_quotes(target)));
  bool were_deleted = !reached.done.empty() && reached.done.front().value("pid", 0) == 0;
  return conclude(call, **daemon, reached, were_deleted ? "deleted" : "started");
}

} // namespace procvisor::cli
