#pragma once

#include <string>

#include "cli/screen/monitor.hpp"

namespace procvisor::cli {

/// Asks in the last line whether that is to be done to what is selected, or says there why it cannot be.
void ask(monitor& state, process_action what);

/// Asks for the number of processes of the selected app, beginning with what there is and so many more.
void ask_for_number(monitor& state, int by);

/// Asks whether that number is meant, or says that it is none.
void scale_to(monitor& state, const std::string& typed);

} // namespace procvisor::cli
