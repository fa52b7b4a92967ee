#pragma once

#include <string>

namespace procvisor::os {

/// 32 hexadecimal digits that nobody can guess (getrandom(2)).
std::string random_text();

} // namespace procvisor::os
