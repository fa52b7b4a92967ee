#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "cli/screen/log_browser.hpp"
#include "cli/screen/log_pane.hpp"
#include "os/log_history.hpp"
#include "temp_folder.hpp"

using namespace procvisor;
using namespace procvisor::cli;

namespace {

std::string numbered_lines(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i)
    text += fmt::format("line {}\n", i);
  return text;
}

/// "line 1|line 2"
std::string joined(const std::vector<os::log_history::line>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += (text.empty() ? "" : "|") + line.text;
  return text;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += (text.empty() ? "" : "|") + line;
  return text;
}

std::string page_text(const log_pane& pane, int height) {
  std::string text;
  for (const auto* line : pane.page(height))
    text += (text.empty() ? "" : "|") + line->text;
  return text;
}

void add_lines(log_pane& pane, int from, int to, log_stream stream = log_stream::out) {
  for (int i = from; i <= to; ++i)
    pane.add({.stream = stream, .text = fmt::format("line {}", i)});
}

std::optional<bool> search_to_its_end(log_browser& browser, int height) {
  for (int steps = 0; steps < 1000; ++steps)
    if (const auto found = browser.search_on(height))
      return found;
  return std::nullopt;
}

} // namespace

// -- the files ------------------------------------------------------------------------

TEST_CASE("log history: a log and those put aside before it are read as one, from any place, both ways") {
  temp_folder folder;
  folder.write("web.log.2", numbered_lines(1, 3));
  folder.write("web.log.1", numbered_lines(4, 6));
  folder.write("web.log", numbered_lines(7, 9));
  const os::log_history history{folder / "web.log"};
  CHECK(history.end() == 9 * 7);
  CHECK(joined(history.lines_from(0, 100))
        == joined({"line 1", "line 2", "line 3", "line 4", "line 5", "line 6", "line 7", "line 8", "line 9"}));
  CHECK(joined(history.lines_from(history.back(history.end(), 4), 2)) == "line 6|line 7");
  CHECK(history.back(history.end(), 100) == 0);
  CHECK(history.back(0, 1) == 0);
  CHECK(history.left_out().empty());
}

TEST_CASE("log history: what is compressed and what is older are left out, and named") {
  temp_folder folder;
  folder.write("web.log.3", numbered_lines(1, 3));
  folder.write("web.log.2.gz", "...");
  folder.write("web.log.1", numbered_lines(4, 6));
  folder.write("web.log", numbered_lines(7, 9));
  const os::log_history history{folder / "web.log"};
  CHECK(joined(history.lines_from(0, 1)) == "line 4");
  CHECK(history.left_out() == folder / "web.log.2.gz");
}

TEST_CASE("log history: an unfinished line, no newline at all, an empty file, no file and a folder") {
  temp_folder folder;
  folder.write("cut", "a\nb\nunfinished");
  const os::log_history cut{folder / "cut"};
  CHECK(joined(cut.lines_from(cut.back(cut.end(), 2), 5)) == "b|unfinished");

  folder.write("one", std::string(100'000, 'x'));
  const os::log_history one{folder / "one"};
  CHECK(one.back(one.end(), 1) == 100'000 - os::log_history::most_line_bytes);
  CHECK(one.lines_from(0, 3).size() == 3);
  CHECK(one.lines_from(0, 1).front().text.size() == os::log_history::most_line_bytes);
  CHECK(one.back(one.end(), 100) == 0);

  folder.write("empty", "");
  for (const auto* name : {"empty", "missing", "."}) {
    CAPTURE(name);
    const os::log_history nothing{folder / name};
    CHECK(nothing.end() == 0);
    CHECK(nothing.lines_from(0, 5).empty());
    CHECK(nothing.back(0, 5) == 0);
    CHECK_FALSE(nothing.find_before(0, "x", false).line);
  }
}

TEST_CASE("log history: goes on with the file that is open when that is put aside, and survives that it is emptied") {
  temp_folder folder;
  folder.write("web.log", numbered_lines(1, 5));
  const os::log_history history{folder / "web.log"};
  std::filesystem::rename(folder / "web.log", folder / "web.log.1");
  folder.write("web.log", "new\n");
  CHECK(joined(history.lines_from(0, 2)) == "line 1|line 2");
  std::ofstream{folder / "web.log.1", std::ios::app} << "late\n";
  CHECK(joined(history.lines_from(history.back(history.end(), 1), 9)) == "late");

  std::filesystem::resize_file(folder / "web.log.1", 0);
  CHECK(history.end() == 0);
  CHECK(history.lines_from(14, 3).empty());
  CHECK(history.back(28, 1) == 0);
}

TEST_CASE("log history: a search finds the nearest line in either direction, over steps and files") {
  temp_folder folder;
  std::string filling;
  while (static_cast<off_t>(filling.size()) < os::log_history::search_step + 1000)
    filling += "nothing to see in this line\n";
  folder.write("web.log.1", "Needle one\n" + filling);
  folder.write("web.log", filling + "needle two\n" + filling);
  const os::log_history history{folder / "web.log"};
  const auto search = [&](off_t at, bool is_older, std::string_view text, bool fold) -> std::string {
    for (int steps = 0; steps < 100; ++steps) {
      const auto found = is_older ? history.find_before(at, text, fold) : history.find_from(at, text, fold);
      if (found.line)
        return history.lines_from(*found.line, 1).front().text;
      at = found.reached;
      if (is_older ? at <= 0 : at >= history.end())
        return "";
    }
    return "no end";
  };
  const auto end = history.end();
  CHECK(search(end, true, "needle", true) == "needle two");
  CHECK(search(static_cast<off_t>(filling.size()), true, "needle", true) == "Needle one");
  CHECK(search(static_cast<off_t>(filling.size()), true, "needle", false) == "");
  CHECK(search(20, false, "needle", true) == "needle two");
  CHECK(search(0, false, "needle", true) == "Needle one");
  CHECK(search(0, false, "haystack", false) == "");
  CHECK(search(end, true, "haystack", false) == "");
}

TEST_CASE("log history: a text that stands on the border of two steps is found") {
  temp_folder folder;
  for (int shift = -8; shift <= 2; ++shift) {
    CAPTURE(shift);
    std::string text(static_cast<size_t>(os::log_history::search_step + 2000), '.');
    for (size_t i = 99; i < text.size(); i += 100)
      text[i] = '\n';
    const auto place = text.size() - static_cast<size_t>(os::log_history::search_step + shift);
    text.replace(place, 6, "needle");
    folder.write("web.log", text);
    const os::log_history history{folder / "web.log"};
    auto found = history.find_before(history.end(), "needle", false);
    if (!found.line)
      found = history.find_before(found.reached, "needle", false);
    REQUIRE(found.line);
    CHECK(*found.line <= static_cast<off_t>(place));
    CHECK(*found.line + 200 > static_cast<off_t>(place));
  }
}

// -- the page of the files ---------------------------------------------------------------

TEST_CASE("log browser: pages up to the first line, and down until who follows goes on") {
  temp_folder folder;
  folder.write("web.log", numbered_lines(1, 100));
  log_browser browser{folder / "web.log", log_stream::out, 10};
  CHECK(joined(browser.page(3).lines) == "line 91|line 92|line 93");
  CHECK(browser.scroll(-5, 3));
  CHECK(joined(browser.page(3).lines) == "line 86|line 87|line 88");
  CHECK(browser.scroll(-1000, 3));
  CHECK(browser.is_at_start());
  CHECK(browser.page(3).is_start);
  CHECK(browser.scroll(97, 3));
  CHECK(joined(browser.page(3).lines) == "line 98|line 99|line 100");
  CHECK(browser.page(3).percent == 100);
  CHECK_FALSE(browser.scroll(1, 3));
}

TEST_CASE("log browser: a search puts the line in the middle of the page, and goes on from there") {
  temp_folder folder;
  folder.write("web.log", numbered_lines(1, 1000));
  log_browser browser{folder / "web.log", log_stream::out, 10};
  browser.begin_search("line 50", true, 0);
  CHECK(search_to_its_end(browser, 5) == true);
  CHECK(joined(browser.page(5).lines) == "line 507|line 508|line 509|line 510|line 511");
  CHECK(browser.page(5).match == 2);

  browser.begin_search("line 50", true, 5);
  CHECK(search_to_its_end(browser, 5) == true);
  CHECK(browser.page(5).lines[*browser.page(5).match] == "line 508");
  browser.begin_search("line 50", false, 5);
  CHECK(search_to_its_end(browser, 5) == true);
  CHECK(browser.page(5).lines[*browser.page(5).match] == "line 509");
  browser.begin_search("nowhere", true, 5);
  CHECK(search_to_its_end(browser, 5) == false);
}

// -- the pane ---------------------------------------------------------------------------

TEST_CASE("log pane: follows, and stays where it is while somebody reads") {
  log_pane pane;
  add_lines(pane, 1, 10);
  CHECK(page_text(pane, 3) == "line 8|line 9|line 10");
  CHECK(pane.follows());

  CHECK_FALSE(pane.scroll(-2, 3));
  CHECK(page_text(pane, 3) == "line 6|line 7|line 8");
  add_lines(pane, 11, 20);
  CHECK(page_text(pane, 3) == "line 6|line 7|line 8");
  CHECK_FALSE(pane.follows());

  CHECK_FALSE(pane.scroll(100, 3));
  CHECK(pane.follows());
  CHECK(page_text(pane, 3) == "line 18|line 19|line 20");

  pane.pause();
  add_lines(pane, 21, 22);
  CHECK(page_text(pane, 3) == "line 18|line 19|line 20");
  CHECK(pane.to_end());
  CHECK(page_text(pane, 3) == "line 20|line 21|line 22");
}

TEST_CASE("log pane: above its first line the files go on") {
  log_pane pane;
  add_lines(pane, 1, 10);
  const auto wanted = pane.scroll(-20, 4);
  REQUIRE(wanted);
  CHECK(std::get<scroll_history>(*wanted).lines == -14);
  CHECK(page_text(pane, 4) == "line 1|line 2|line 3|line 4");

  pane.show_history(history_page{});
  const auto next = pane.scroll(3, 4);
  REQUIRE(next);
  CHECK(std::get<scroll_history>(*next).lines == 3);
}

TEST_CASE("log pane: shows one stream or both") {
  log_pane pane;
  pane.add({.text = "── web-out.log", .is_heading = true});
  add_lines(pane, 1, 2);
  add_lines(pane, 3, 4, log_stream::err);
  CHECK(page_text(pane, 9) == "── web-out.log|line 1|line 2|line 3|line 4");
  pane.choose(stream_choice::out);
  CHECK(page_text(pane, 9) == "line 1|line 2");
  pane.choose(stream_choice::err);
  CHECK(page_text(pane, 9) == "line 3|line 4");
  CHECK(pane.count_of(log_stream::out) == 2);
}

TEST_CASE("log pane: a search goes up through the lines that are there, and then to the files") {
  log_pane pane;
  add_lines(pane, 1, 30);
  pane.look_for("line 1");
  CHECK_FALSE(pane.search(true, 5));
  CHECK(page_text(pane, 5) == "line 17|line 18|line 19|line 20|line 21");
  CHECK(pane.has_match(*pane.page(5)[2]));
  CHECK_FALSE(pane.search(true, 5));
  CHECK(pane.has_match(*pane.page(5)[1]));
  CHECK_FALSE(pane.search(false, 5));
  CHECK(pane.has_match(*pane.page(5)[2]));
  add_lines(pane, 31, 40); // what was found does not run away
  CHECK(pane.has_match(*pane.page(5)[2]));

  pane.look_for("nowhere");
  const auto wanted = pane.search(true, 5);
  REQUIRE(wanted);
  CHECK(std::get<search_history>(*wanted).is_older);
  pane.look_for("");
  CHECK_FALSE(pane.search(true, 5));
}

TEST_CASE("log pane: keeps a bounded number of lines and bytes") {
  log_pane pane;
  add_lines(pane, 1, 2 * static_cast<int>(log_pane::most_lines));
  CHECK(pane.count_of(log_stream::out) == log_pane::most_lines);
  pane.clear();
  for (int i = 0; i < 100; ++i)
    pane.add({.text = std::string(100'000, 'x')});
  CHECK(pane.count_of(log_stream::out) == log_pane::most_bytes / 100'000);
  CHECK_FALSE(pane.scroll(-10, 5)); // bounded, and not yet at its first line
}
