#pragma once

#include <ftxui/dom/elements.hpp>
#include <ftxui/screen/screen.hpp>

#include "cli/screen/monitor.hpp"

namespace procvisor::cli {

/// The picture of a state, cell by cell.
ftxui::Screen draw(const monitor& state);

// -- its parts, each of which fills its area --------------------------------------

ftxui::Element table_head(const monitor& state, const area& where);
ftxui::Element table_body(const monitor& state, const area& where);
ftxui::Element usage_graphs(const monitor& state, const area& where);
ftxui::Element process_details(const monitor& state, const area& where);
ftxui::Element log_lines(const monitor& state, const area& where);
/// "following", "history of out 45%": where in the log the page is.
std::string log_place(const monitor& state);
ftxui::Element help_box(const monitor& state);

/// Text in exactly so many columns.
ftxui::Element cell(std::string_view text, int width, bool is_right = false);

} // namespace procvisor::cli
