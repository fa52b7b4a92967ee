#pragma once

#include <string_view>

/// One function a fuzz target: takes any bytes, and aborts where what was read breaks a promise. The unit suite runs
/// the corpus through them.
namespace procvisor::fuzz {

void json(std::string_view bytes);
void yaml(std::string_view bytes);
void words(std::string_view bytes);
void units(std::string_view bytes);

} // namespace procvisor::fuzz
