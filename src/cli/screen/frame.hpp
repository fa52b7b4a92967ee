#pragma once

#include <string>

#include <ftxui/screen/screen.hpp>

namespace procvisor::cli {

/// What makes a terminal that shows `before` show `after`: the cells that differ, between the marks of a synchronized
/// update, which terminals without it pass over. Empty: nothing differs. `before` nullptr, or of another size: the
/// terminal is cleared first. Without `coloured` only bold, dim, underlined and inverse are left.
std::string frame_text(const ftxui::Screen* before, const ftxui::Screen& after, bool coloured);

} // namespace procvisor::cli
