#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/app_spec.hpp"
#include "core/lifecycle.hpp"

namespace procvisor {

/// What has happened to a process, for whoever follows it.
enum class happening : uint8_t {
  start,             ///< it is launched, for the first time or after it was down
  restart,           ///< it is launched again
  online,            ///< it runs
  exit,              ///< it has ended
  stop,              ///< it is down, because somebody asked for it or its policy says so
  waiting_restart,   ///< it will be launched when a delay is over
  restart_overlimit, ///< it is errored after too many early exits
  errored,           ///< it is errored for another reason
  reload,            ///< another process has taken its place
  remove,            ///< it is no longer in the list
};

/// PM2's words where it has one: "restart overlimit", "delete".
std::string_view to_string(happening what) noexcept;

/// One step of a life, in the order in which it happened: often none, and several where an exit is followed by a launch.
std::vector<happening> happenings(const lifecycle& before, const lifecycle& after);

/// Whether an exit was one that nobody had asked for.
bool is_unasked(const lifecycle& before) noexcept;

/// The params of an `event` of the wire (procvisor-rpc(7)). An exit is of the generation that has ended.
nlohmann::json describe_event(happening what, const app_spec& spec, process_id id, int instance,
                              const lifecycle& before, const lifecycle& after, moment now);

} // namespace procvisor
