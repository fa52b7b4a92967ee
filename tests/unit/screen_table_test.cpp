#include <doctest/doctest.h>

#include <numeric>

#include "cli/screen/columns.hpp"
#include "cli/screen/layout.hpp"
#include "cli/screen/process_table.hpp"
#include "cli/screen/samples.hpp"
#include "os/host_usage.hpp"

using namespace procvisor;
using namespace procvisor::cli;

namespace {

rpc::process_row process(int64_t id, std::string name, std::string name_space = "default") {
  rpc::process_row row;
  row.id = id;
  row.name = std::move(name);
  row.name_space = std::move(name_space);
  row.pid = 100 + id;
  row.status = process_status::online;
  row.mode = "fork";
  return row;
}

/// "2,0,1"; a heading is its namespace.
std::string order_of(const std::vector<rpc::process_row>& rows, const table_view& view) {
  std::string text;
  for (const auto& line : table_lines(rows, view)) {
    const auto what = selection_of(line, rows);
    text += (text.empty() ? "" : ",") + (what.name_space.empty() ? std::to_string(what.id) : what.name_space);
  }
  return text;
}

} // namespace

TEST_CASE("screen table: is sorted by each column, and by id where that is equal") {
  std::vector<rpc::process_row> rows{process(0, "web"), process(1, "api"), process(2, "mail")};
  rows[0].cpu = 5;
  rows[1].memory = 7;
  rows[2].restarts = 2;
  rows[1].mode = "cluster";
  rows[2].status = process_status::errored;
  rows[0].started_at = 10;
  rows[1].started_at = 30;
  rows[2].started_at = 20;
  const std::pair<sort_column, const char*> expected[] = {
      {sort_column::id, "0,1,2"},       {sort_column::name, "1,2,0"},   {sort_column::mode, "1,0,2"},
      {sort_column::restarts, "2,0,1"}, {sort_column::status, "2,0,1"}, {sort_column::uptime, "1,2,0"},
      {sort_column::cpu, "0,1,2"},      {sort_column::memory, "1,0,2"},
  };
  for (const auto& [column, order] : expected) {
    CAPTURE(to_string(column));
    CHECK(order_of(rows, {.sort = column}) == order);
  }
  CHECK(order_of(rows, {.sort = sort_column::name, .is_reversed = true}) == "0,2,1");
}

TEST_CASE("screen table: the filter looks at names, namespaces, states and ids") {
  std::vector<rpc::process_row> rows{process(0, "Web"), process(1, "api"), process(12, "mail", "shop")};
  rows[1].status = process_status::stopped;
  const std::pair<const char*, const char*> expected[] = {
      {"", "default,0,1,shop,12"}, {"web", "default,0"}, {"WEB", "default,0"}, {"shop", "shop,12"},
      {"stop", "default,1"},       {"12", "shop,12"},    {"zzz", ""},
  };
  for (const auto& [filter, order] : expected) {
    CAPTURE(filter);
    CHECK(order_of(rows, {.filter = filter}) == order);
  }
}

TEST_CASE("screen table: namespaces have headings with sums where there are several, and fold") {
  std::vector<rpc::process_row> rows{process(0, "web", "shop"), process(1, "api", "shop"), process(2, "x", "back")};
  rows[0].cpu = 1.5;
  rows[1].memory = 10;
  rows[1].status = process_status::stopped;
  CHECK(order_of(rows, {}) == "back,2,shop,0,1");
  CHECK(order_of(rows, {.folded = {"shop"}}) == "back,2,shop");

  const auto lines = table_lines(rows, {.folded = {"shop"}});
  const auto& shop = std::get<namespace_line>(lines.back());
  CHECK(shop.processes == 2);
  CHECK(shop.online == 1);
  CHECK(shop.cpu == 1.5);
  CHECK(shop.memory == 10);
  CHECK(shop.is_folded);

  rows.pop_back(); // one namespace: nothing to fold
  CHECK(order_of(rows, {.folded = {"shop"}}) == "0,1");
}

TEST_CASE("screen table: the journal stands behind all processes, however they are sorted") {
  std::vector<rpc::process_row> rows{process(0, "web"), process(1, "zoo", "shop")};
  rows.push_back(process(journal_id, "procvisor.log", ""));
  CHECK(order_of(rows, {.sort = sort_column::name, .is_reversed = true}) == "default,0,shop,1,-1");
  CHECK(order_of({rows[2]}, {}) == "-1");
}

TEST_CASE("screen table: what is selected stays selected and in sight") {
  std::vector<rpc::process_row> rows;
  for (int64_t i = 0; i < 50; ++i)
    rows.push_back(process(i, "p" + std::to_string(i)));
  table_view view;
  const auto settle = [&] { settle_selection(view, table_lines(rows, view), rows, 10); };
  settle();
  CHECK(view.selected == selection{"", 0});

  move_selection(view, table_lines(rows, view), rows, 30);
  settle();
  CHECK(view.selected == selection{"", 30});
  CHECK(view.first == 21);

  view.is_reversed = true;
  settle();
  CHECK(view.selected == selection{"", 30});
  CHECK(view.first == 19);

  move_selection(view, table_lines(rows, view), rows, 1000);
  CHECK(view.selected == selection{"", 0});

  rows.erase(rows.begin()); // it is gone
  settle();
  CHECK(view.selected == selection{"", 49});
  rows.clear();
  settle();
  CHECK_FALSE(view.selected);
}

TEST_CASE("screen table: the heading stands for what is folded away") {
  std::vector<rpc::process_row> rows{process(0, "web", "shop"), process(1, "api", "back")};
  table_view view{.folded = {"shop"}, .selected = selection{"", 0}};
  settle_selection(view, table_lines(rows, view), rows, 10);
  CHECK(view.selected == selection{"shop", 0});
}

TEST_CASE("screen columns: fill the width, and the less important ones are left out first") {
  for (int width = least_columns; width < 300; ++width) {
    CAPTURE(width);
    const auto columns = columns_for(width);
    CHECK(columns.back().x + columns.back().width == width);
    for (const auto& column : columns)
      CHECK(column_at(width, column.x) == column.what);
    CHECK(columns[1].width >= 5);
  }
  CHECK(columns_for(80).size() == 8);
  CHECK(columns_for(60).size() == 6);
  CHECK_FALSE(column_at(80, 4));
}

TEST_CASE("screen layout: the areas do not overlap and stay on the screen, at any size") {
  for (const auto page : {page_kind::overview, page_kind::log})
    for (const auto pane : {pane_kind::log, pane_kind::graphs, pane_kind::details})
      for (int columns = 1; columns < 200; columns += 7)
        for (int lines = 1; lines < 60; ++lines)
          for (const int rows : {0, 1, 5, 500}) {
            const auto made = layout_of(page, pane, columns, lines, rows);
            CHECK(made.is_too_small == (columns < least_columns || lines < least_lines));
            if (made.is_too_small)
              continue;
            const area all[] = {made.title,  made.head,    made.table, made.bar,
                                made.graphs, made.details, made.log,   made.keys};
            int cells = 0;
            bool fits = made.table.height >= 1;
            for (const auto& one : all) {
              fits = fits && one.x >= 0 && one.y >= 0 && one.x + one.width <= columns && one.y + one.height <= lines;
              cells += one.width * one.height;
            }
            CHECK((fits && cells <= columns * lines));
          }
  CHECK(layout_of(page_kind::overview, pane_kind::log, 120, 40, 10).details.height > 0);
  CHECK(layout_of(page_kind::overview, pane_kind::log, 80, 24, 10).details.height == 0);
  CHECK(layout_of(page_kind::overview, pane_kind::log, 80, 24, 10).graphs.height > 0);
  CHECK(layout_of(page_kind::overview, pane_kind::log, 60, 15, 10).graphs.height == 0);
}

TEST_CASE("screen graphs: the newest sample is at the right, and something is more than nothing") {
  using points = std::vector<int>;
  CHECK(graph_points({}, 100, 3, 4) == points{-1, -1, -1});
  CHECK(graph_points({100}, 100, 3, 4) == points{-1, -1, 3});
  CHECK(graph_points({0, 1, 50, 100, 500}, 100, 5, 4) == points{-1, 0, 1, 3, 3});
  CHECK(graph_points({9, 8, 100}, 100, 1, 4) == points{3});
  CHECK(percent_scale({}, 10) == 10);
  CHECK(percent_scale({11}, 10) == 20);
  CHECK(percent_scale({350}, 10) == 500);
  CHECK(percent_scale({100}, 10) == 100);
  CHECK(bytes_scale({3'000'000}, 1 << 20) == 1 << 22);
}

TEST_CASE("screen graphs: a history keeps the newest samples, and that of a process which is gone is forgotten") {
  usage_histories histories;
  for (int i = 0; i < 300; ++i) {
    auto row = process(1, "web");
    row.cpu = i;
    histories.add({row, process(2, "api")});
  }
  REQUIRE(histories.of(1) != nullptr);
  CHECK(histories.of(1)->cpu.size() == usage_history::most);
  CHECK(histories.of(1)->cpu.back() == 299);
  histories.add({process(2, "api")});
  CHECK(histories.of(1) == nullptr);
  CHECK(histories.of(2)->cpu.size() == usage_history::most);
}

TEST_CASE("host usage: what /proc says of CPUs and memory") {
  const auto ticks = os::parse_cpu_ticks("cpu  100 10 50 800 40 5 5 0 7 0\ncpu0 1 2 3 4\n");
  REQUIRE(ticks);
  CHECK(ticks->busy == 170);
  CHECK(ticks->all == 1010);
  CHECK_FALSE(os::parse_cpu_ticks(""));
  CHECK_FALSE(os::parse_cpu_ticks("cpu  1 2"));
  const auto memory = os::parse_meminfo("MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\n");
  REQUIRE(memory);
  CHECK(memory->total == 2048 * 1024);
  CHECK(memory->available == 1024 * 1024);
  CHECK_FALSE(os::parse_meminfo("MemTotal: 1 kB\n"));
  os::host_meter meter;
  meter.look();
  CHECK(meter.look().memory_total > 0);
}
