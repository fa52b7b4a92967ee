#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/caller.hpp"
#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "core/version.hpp"
#include "core/wire_text.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// What answers once the keeper has changed: the new daemon, or the older one again, which may be killed while it is
/// asked.
result<nlohmann::json> ask_successor() {
  constexpr int attempts = 5;
  result<nlohmann::json> answer = fail(exit_code::unreachable, "nothing answers after the update");
  for (int i = 0; i < attempts; ++i) {
    auto daemon = find_daemon();
    if (!daemon)
      return fail(std::move(daemon.error()));
    if (!*daemon)
      return answer;
    answer = (*daemon)->call(rpc::method::ping, nlohmann::json::object(), rpc::prompt);
    if (answer || answer.error().code != exit_code::unreachable)
      return answer;
  }
  return answer;
}

} // namespace

result<exit_code> run::update(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon) {
    call.out().talk(fmt::format("no daemon is running; the next one will be procvisor {}", version()));
    return exit_code::done;
  }
  auto before = (*daemon)->call(rpc::method::ping, nlohmann::json::object(), rpc::prompt);
  if (!before)
    return fail(std::move(before.error()));
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));

  const auto refusal = (*daemon)->call(rpc::method::update, {{"program", to_wire_text(who->program)}}, rpc::unlimited);
  if (!refusal && refusal.error().code != exit_code::unreachable)
    return fail(error{refusal.error()});
  auto after = ask_successor();
  if (!after)
    return fail(std::move(after.error()));
  if (after->value("keeper_version", "") != version() || after->value("has_returned", false))
    return fail(exit_code::other,
                fmt::format("procvisor {} did not take over; {} goes on", version(), after->value("version", "")),
                "see procvisor.log; no app was touched");
  call.out().talk(fmt::format("updated from {} to {}; no app was touched", before->value("version", "?"), version()));
  return exit_code::done;
}

} // namespace procvisor::cli
