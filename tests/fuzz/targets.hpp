#pragma once

#include <string_view>

/// One function a fuzz target: takes any bytes, and aborts where what was read breaks a promise. The unit suite runs
/// the corpus through them.
namespace procvisor::fuzz {

void json(std::string_view bytes);
void yaml(std::string_view bytes);
void words(std::string_view bytes);
void units(std::string_view bytes); ///< durations, sizes, numbers, and the stages of kill_signal
void request(std::string_view bytes);
void state(std::string_view bytes); ///< state.json and dump.json
void pm2_dump(std::string_view bytes);

} // namespace procvisor::fuzz
