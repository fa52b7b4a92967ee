#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cli/render/amounts.hpp"
#include "cli/render/describe.hpp"
#include "cli/render/list_table.hpp"
#include "cli/render/log_line.hpp"
#include "cli/render/text_width.hpp"
#include "core/text.hpp"

using namespace procvisor;
using namespace procvisor::cli;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds now = 1'764'000'000'000ms;
constexpr size_t unlimited_width = 300;

rpc::process_row row_named(int64_t id, std::string name) {
  rpc::process_row row;
  row.id = id;
  row.name = std::move(name);
  row.name_space = "default";
  row.mode = "fork";
  row.pid = 4242;
  row.status = process_status::online;
  row.started_at = (now - 90s).count();
  row.cpu = 12.5;
  row.memory = 21'286'093;
  row.user = "root";
  row.version = "1.2.3";
  return row;
}

std::vector<rpc::process_row> varied_rows() {
  std::vector<rpc::process_row> rows{row_named(0, "web"), row_named(1, "データベース同期サービス本番環境"),
                                     row_named(2, "e\u0301te\u0301 🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀"),
                                     row_named(1000, std::string(60, 'x'))};
  rows[1].status = process_status::waiting_restart;
  rows[1].pid = 0;
  return rows;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("text width: wide characters fill two columns and combining marks none") {
  CHECK(display_width("") == 0);
  CHECK(display_width("web") == 3);
  CHECK(display_width("naïve") == 5);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("データ") == 6);
  CHECK(display_width("한국어") == 6);
  CHECK(display_width("🚀") == 2);
  CHECK(display_width("│─┐…↺") == 5);
  CHECK(display_width("\xff\xfe") == 2);
  CHECK(display_width("\xe3\x83") == 2);
}

TEST_CASE("text width: a cut never splits a character and never fills more than it may") {
  CHECK(cut_to("web", 3) == "web");
  CHECK(cut_to("webs", 3) == "we…");
  CHECK(cut_to("データ", 6) == "データ");
  CHECK(cut_to("データ", 5) == "デー…");
  CHECK(cut_to("データ", 4) == "デ…");
  CHECK(cut_to("データ", 1) == "…");
  CHECK(cut_to("データ", 0) == "");
  CHECK(fit_to("データ", 4) == "デ… ");
  CHECK(fit_to("a", 3) == "a  ");
}

TEST_CASE("amounts: an uptime is rounded down to the largest unit of which there are two") {
  struct {
    std::chrono::milliseconds uptime;
    const char* text;
  } const rows[] = {{-5s, "0s"},       {999ms, "0s"},    {59s, "59s"},       {60s, "60s"},     {119'999ms, "119s"},
                    {2min, "2m"},      {119min, "119m"}, {2h, "2h"},         {47h, "47h"},     {48h, "2D"},
                    {59 * 24h, "59D"}, {60 * 24h, "2M"}, {729 * 24h, "24M"}, {730 * 24h, "2Y"}};
  for (const auto& [uptime, text] : rows)
    CHECK(uptime_text(uptime) == text);
}

TEST_CASE("amounts: memory has one decimal and units of 1024") {
  CHECK(memory_text(0) == "0b");
  CHECK(memory_text(1023) == "1023b");
  CHECK(memory_text(1024) == "1.0kb");
  CHECK(memory_text(21'286'093) == "20.3mb");
  CHECK(memory_text(3LL << 30) == "3.0gb");
}

TEST_CASE("amounts: cpu is written without decimals that are zero") {
  CHECK(cpu_text(0) == "0%");
  CHECK(cpu_text(12.5) == "12.5%");
  CHECK(cpu_text(100) == "100%");
  CHECK(cpu_text(1599.9) == "1600%");
}

TEST_CASE("amounts: a time is ISO 8601 in UTC with milliseconds") {
  CHECK(time_text(1'764'000'000'007ms) == "2025-11-24T16:00:00.007Z");
}

TEST_CASE("list table: it fits the terminal, every line is equally wide, and no character is torn") {
  for (size_t columns : {40U, 60U, 80U, 120U, 300U}) {
    CAPTURE(columns);
    std::string table = render_list(varied_rows(), {columns, false, now});
    CHECK(is_utf8(table));
    std::vector<std::string> lines = lines_of(table);
    REQUIRE(lines.size() == 4 + 4);
    for (const std::string& line : lines) {
      CHECK(display_width(line) <= columns);
      CHECK(display_width(line) == display_width(lines.front()));
    }
    CHECK(has(table, "waiting restart"));
    CHECK(has(table, "web"));
  }
}

TEST_CASE("list table: the widest of the three layouts that fits is chosen") {
  std::vector rows{row_named(0, "web")};
  std::string full = render_list(rows, {unlimited_width, false, now});
  for (const char* title :
       {"id", "name", "namespace", "version", "mode", "pid", "uptime", "↺", "status", "cpu", "mem", "user", "watching"})
    CHECK(has(full, title));
  for (const char* value :
       {"web", "default", "1.2.3", "fork", "4242", "90s", "online", "12.5%", "20.3mb", "root", "disabled"})
    CHECK(has(full, value));

  std::string condensed = render_list(rows, {80, false, now});
  CHECK(has(condensed, "memory"));
  CHECK_FALSE(has(condensed, "namespace"));

  std::string mini = render_list(rows, {60, false, now});
  CHECK(has(mini, "mem"));
  CHECK_FALSE(has(mini, "mode"));

  std::string narrow = render_list(rows, {40, false, now});
  CHECK(has(narrow, "status"));
  CHECK_FALSE(has(narrow, "mem"));
}

TEST_CASE("list table: colours are there only when asked for, and do not change the layout") {
  std::string plain = render_list(varied_rows(), {80, false, now});
  CHECK_FALSE(has(plain, "\x1b"));
  std::string coloured = render_list(varied_rows(), {80, true, now});
  CHECK(has(coloured, "\x1b[32monline\x1b[0m"));
  CHECK(has(coloured, "\x1b[34mwaiting restart\x1b[0m"));
}

TEST_CASE("list table: without processes there is the heading alone") {
  std::vector<std::string> lines = lines_of(render_list({}, {80, false, now}));
  REQUIRE(lines.size() == 3);
  CHECK(has(lines[1], "name"));
}

TEST_CASE("list table: a process that does not run has no uptime") {
  std::vector rows{row_named(0, "web")};
  rows[0].pid = 0;
  rows[0].status = process_status::stopped;
  CHECK_FALSE(has(render_list(rows, {unlimited_width, false, now}), "90s"));
}

TEST_CASE("mini list: one block of key and value for each process") {
  std::string text = render_mini_list(varied_rows(), {80, false, now});
  CHECK(has(text, "+--- web\nnamespace : default\nversion : 1.2.3\npid : 4242\npm2 id : 0\nstatus : online\n"));
  CHECK(has(text, "status : waiting restart\n"));
  CHECK(has(text, "watching : no\n"));
}

TEST_CASE("describe: everything that is known, with the reason, wrapped to the terminal") {
  nlohmann::json process{{"id", 3},
                         {"name", "web"},
                         {"namespace", "default"},
                         {"mode", "fork"},
                         {"pid", 0},
                         {"status", "errored"},
                         {"reason", "16 unstable restarts"},
                         {"restarts", 16},
                         {"exit_signal", 11},
                         {"created_at", 1'764'000'000'000},
                         {"script", "/srv/" + std::string(100, 'x') + "/app.js"},
                         {"args", {"--port", "80"}},
                         {"kill_signal", "SIGINT 10000, SIGTERM"},
                         {"node_version", "20.1.0"},
                         {"out_file", "/home/logs/web-out.log"}};
  std::string text = render_describe(process, {60, false, now});
  for (const std::string& line : lines_of(text))
    CHECK(display_width(line) <= 60);
  CHECK(has(text, "Describing process with id 3 - name web"));
  CHECK(has(text, "16 unstable restarts"));
  CHECK(has(text, "signal 11"));
  CHECK(has(text, "--port 80"));
  CHECK(has(text, "SIGINT 10000, SIGTERM"));
  CHECK(has(text, "20.1.0"));
  CHECK(has(text, "/home/logs/web-out.log"));
  CHECK(has(text, "2025-11-24T16:00:00.000Z"));
  CHECK(has(text, "N/A"));
}

TEST_CASE("describe: a terminal too narrow for a table gets lines") {
  const nlohmann::json process{{"id", 3}, {"name", "web"}, {"status", "online"}};
  CHECK(has(render_describe(process, {34, false, now}), "│ name "));
  const std::string text = render_describe(process, {33, false, now});
  CHECK_FALSE(has(text, "│"));
  CHECK(has(text, "\nname: web\n"));
}

TEST_CASE("describe: no exit is claimed for a process that has never ended") {
  nlohmann::json process{{"id", 0}, {"name", "web"}, {"status", "online"}, {"pid", 7}, {"started_at", now.count()}};
  std::string text = render_describe(process, {80, false, now});
  CHECK_FALSE(has(text, "code 0"));
  process["restarts"] = 1;
  CHECK(has(render_describe(process, {80, false, now}), "code 0"));
}

TEST_CASE("render: a text stands out wherever it occurs in a line") {
  CHECK(highlighted("a disk, a disk", "disk", true) == "a \x1b[7mdisk\x1b[0m, a \x1b[7mdisk\x1b[0m");
  CHECK(highlighted("a disk", "disk", false) == "a disk");
  CHECK(highlighted("a disk", "tape", true) == "a disk");
  CHECK(highlighted("a disk", "", true) == "a disk");
}

TEST_CASE("log lines: the prefix grows to the widest label and never shrinks") {
  log_line_prefix prefix{false};
  CHECK(prefix.before("0|web", log_stream::out) == "0|web      | ");
  CHECK(prefix.before("10|データベース", log_stream::err) == "10|データベース | ");
  CHECK(prefix.before("0|web", log_stream::out) == "0|web           | ");
  CHECK(log_line_prefix{true}.before("0|web", log_stream::err) == "\x1b[31m0|web      | \x1b[0m");
}
