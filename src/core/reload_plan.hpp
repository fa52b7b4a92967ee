#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/process.hpp"

/// The order in which a reload replaces processes: so many slots at a time, each in these steps.
///
///     waiting -> starting -> leaving -> done        the successor is ready, takes over, and the old process has left
///                   |
///                   +--> failed                     it ended or was not ready: what served before serves on
///     waiting, starting --> kept                    the same, because another slot of the app has failed or because a
///                                                   later command has overtaken the reload
///
/// The first failure in an app ends the reload of that app and of no other. A slot without a process to replace without a
/// gap is restarted instead, which makes `starting` lead to `done`.
namespace procvisor {

enum class slot_step : uint8_t { waiting, starting, leaving, done, failed, kept };

struct reload_slot {
  process_id id{};
  std::string app;
  slot_step step = slot_step::waiting;
};

struct reload_plan {
  std::vector<reload_slot> slots;
  size_t parallel = 1; ///< slots that are starting or leaving at one time
};

// -- events

struct reload_begun {};
struct successor_ready {
  process_id id{};
};
struct successor_failed {
  process_id id{};
};
/// The old process has left, or the restart has worked.
struct slot_replaced {
  process_id id{};
};
struct reload_overtaken {
  std::string app;
};
using reload_event = std::variant<reload_begun, successor_ready, successor_failed, slot_replaced, reload_overtaken>;

// -- effects, to be carried out in order

struct start_successor {
  process_id id{};
};
struct let_take_over {
  process_id id{};
};
/// What is left of a successor is to go, and what served before serves on.
struct discard_successor {
  process_id id{};
};
struct reload_over {}; ///< nothing more will come of it
using reload_effect = std::variant<start_successor, let_take_over, discard_successor, reload_over>;

struct reload_result {
  reload_plan plan;
  std::vector<reload_effect> effects;
};

/// An event that does not fit the step of its slot comes late, and does nothing.
reload_result step(reload_plan plan, const reload_event& event);

/// Something of this app has still to be replaced.
bool is_reloading(const reload_plan& plan, std::string_view app);

} // namespace procvisor
