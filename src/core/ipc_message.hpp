#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json.hpp>

#include "core/cluster_message.hpp"

/// What programs say on their IPC channel: JSON, one message a line, as Node's child_process does it with
/// NODE_CHANNEL_SERIALIZATION_MODE=json. `"ready"`, or `"online"`, which is the same, and objects {type, data} of which these types mean something:
///
/// - `axm:action`, data {action_name, action_type, arity}: it offers an action for `trigger`
/// - `axm:monitor`, data {name: {value, unit, ...}}: it shows metrics
/// - `axm:reply`, data {return, action_name}: to a trigger
///
/// All else is for whoever follows the events: under its type where it has one and data, otherwise as `process:msg`.
///
/// Messages of Node itself have a `cmd` that begins with NODE_: those of its cluster module (core/cluster_message), and
/// NODE_HANDLE, in which a program wraps what it passes on along with a descriptor.
///
/// To them go `"shutdown"`, and for `trigger` the name of an action, or {msg: its name, opts: parameters} where there are
/// any.
namespace procvisor::ipc {

struct ready {};
struct offered_action {
  std::string name;
  nlohmann::json data;
};
struct shown_metrics {
  nlohmann::json data; ///< an object
};
struct action_reply {
  std::string action;
  nlohmann::json value;
};
struct handed_over { ///< with a descriptor, which has to be acknowledged
  nlohmann::json message;
};
struct said {          ///< to whom it may concern
  std::string type;    ///< "process:msg" where it has none
  nlohmann::json data; ///< of the message, or all of it where it has no type
  bool is_raw = false; ///< the latter
  size_t bytes = 0;    ///< of the line it came in
};
struct unknown {}; ///< well-formed, and of no meaning here
struct garbage {};
using message = std::variant<ready, offered_action, shown_metrics, action_reply, cluster::message, handed_over, said,
                             unknown, garbage>;

message read_message(std::string_view line);
message read_value(nlohmann::json said);

nlohmann::json shutdown_message();
nlohmann::json action_message(const std::string& action, const std::optional<std::string>& params);

/// What is kept of what an app says of itself: so many actions and metrics, each of so many bytes.
inline constexpr size_t most_offers = 128;
inline constexpr size_t most_offer_bytes = 1024;

/// What is passed on of what an app says is never longer.
inline constexpr size_t most_said_bytes = 64 * 1024;

/// Adds an action, or replaces the one of that name. False: there are too many, or it is too large.
bool keep_action(nlohmann::json& actions, const offered_action& offered);

/// Takes over the values of the metrics that are shown, and keeps the others.
bool keep_metrics(nlohmann::json& metrics, const shown_metrics& shown);

} // namespace procvisor::ipc
