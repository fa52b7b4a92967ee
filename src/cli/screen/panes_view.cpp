/// What is known of the selected process, drawn: graphs and details.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/render/amounts.hpp"
#include "cli/render/describe.hpp"
#include "cli/render/text_width.hpp"
#include "cli/screen/view.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

using namespace ftxui;

namespace {

constexpr int columns_for_pairs = 56; ///< the graphs of the app beside those of the host
constexpr double least_bytes = 1 << 20;

struct one_graph {
  std::string title;
  std::string scale;
  std::vector<float> samples;
  double most = 1;
  Color ink;
};

Element drawn(const one_graph& what, int width, int height) {
  Elements parts;
  const auto room = static_cast<size_t>(width);
  const auto left = cut_to(what.title, room);
  const auto rest = room - display_width(left);
  Elements head{text(left)};
  if (rest > what.scale.size() + 1)
    head.push_back(text(fmt::format("{:>{}}", what.scale, rest)) | dim);
  parts.push_back(hbox(std::move(head)));
  if (height > 1)
    parts.push_back(
        graph([what](int columns, int lines) { return graph_points(what.samples, what.most, columns, lines); })
        | color(what.ink) | size(HEIGHT, EQUAL, height - 1) | size(WIDTH, EQUAL, width));
  return vbox(std::move(parts)) | size(HEIGHT, EQUAL, height) | size(WIDTH, EQUAL, width);
}

std::vector<one_graph> graphs_of(const monitor& state) {
  std::vector<one_graph> all;
  const auto* row = state.selected_process();
  const auto* past = row != nullptr ? state.histories.of(row->id) : nullptr;
  if (past != nullptr) {
    const auto cpu = percent_scale(past->cpu, 10);
    const auto memory = bytes_scale(past->memory, least_bytes);
    all.push_back({fmt::format("cpu {:.1f}%", row->cpu), fmt::format("{:.0f}%", cpu), past->cpu, cpu, Color::Green});
    all.push_back({"memory " + memory_text(row->memory), memory_text(static_cast<int64_t>(memory)), past->memory,
                   memory, Color::Cyan});
  }
  const auto total = static_cast<double>(state.host.memory_total);
  all.push_back({fmt::format("host cpu {:.0f}%", state.host.cpu), "100%", state.host_history.cpu, 100, Color::Yellow});
  all.push_back({"host memory " + memory_text(static_cast<int64_t>(state.host.memory)),
                 memory_text(static_cast<int64_t>(total)), state.host_history.memory, total, Color::Magenta});
  return all;
}

/// Below each other, as many as there is room for with a line for each graph.
Element stacked(const std::vector<one_graph>& graphs, int width, int height) {
  const int count = std::clamp(height / 2, 1, static_cast<int>(graphs.size()));
  Elements parts;
  for (int i = 0; i < count; ++i)
    parts.push_back(drawn(graphs[static_cast<size_t>(i)], width, height / count + (i < height % count ? 1 : 0)));
  return vbox(std::move(parts));
}

} // namespace

Element usage_graphs(const monitor& state, const area& where) {
  const auto graphs = graphs_of(state);
  if (where.width < columns_for_pairs || graphs.size() < 4)
    return stacked(graphs, where.width, where.height);
  const int left = (where.width - 1) / 2;
  return hbox({stacked({graphs[0], graphs[1]}, left, where.height), separator() | dim,
               stacked({graphs[2], graphs[3]}, where.width - left - 1, where.height)});
}

Element process_details(const monitor& state, const area& where) {
  constexpr int title_columns = 15;
  Elements parts;
  const auto add = [&](std::string_view title, std::string_view value, Color ink) {
    if (static_cast<int>(parts.size()) == where.height)
      return;
    const auto titled = std::max<int>(title_columns, static_cast<int>(display_width(title)) + 1);
    parts.push_back(hbox({cell(title, std::min(titled, where.width)) | dim,
                          cell(printable(value), std::max(where.width - titled, 0)) | color(ink)}));
  };
  const auto ink_of = [](colour paint) -> Color {
    return paint == colour::yellow ? Color{Color::Yellow} : paint == colour::red ? Color{Color::Red} : Color{};
  };
  const bool is_known = state.details.is_object() && state.table.selected
                        && state.details.value("id", int64_t{-2}) == state.table.selected->id;
  if (!is_known)
    return text(fit_to(state.selected_process() != nullptr ? "..." : "", static_cast<size_t>(where.width)));
  for (const auto& [name, value] : metrics_of(state.details))
    add(printable(name), value, Color::Green);
  for (const auto& line : describe_lines(state.details, state.now))
    if (line.title != "metrics" && line.title != "name" && line.value != "N/A")
      add(line.title, line.value, ink_of(line.paint));
  return vbox(std::move(parts));
}

} // namespace procvisor::cli
