#include <doctest/doctest.h>

#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/screen/action_runner.hpp"
#include "cli/screen/monitor.hpp"
#include "cli/screen/view.hpp"

using namespace procvisor;
using namespace procvisor::cli;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds now = 1'764'000'000'000ms;

rpc::process_row process(int64_t id, std::string name, std::string name_space = "default") {
  rpc::process_row row;
  row.id = id;
  row.name = std::move(name);
  row.name_space = std::move(name_space);
  row.pid = 100 + id;
  row.status = process_status::online;
  row.mode = "fork";
  row.started_at = (now - 90s).count();
  row.cpu = 12.5;
  row.memory = 21'286'093;
  return row;
}

monitor shop(int columns, int lines) {
  monitor state;
  state.now = now;
  state.link = link_state::live;
  state.host = {.cpu = 20, .memory = 3ULL << 30U, .memory_total = 8ULL << 30U, .load = 0.5};
  take_size(state, columns, lines);
  rpc::process_list list;
  list.processes = {process(0, "web"), process(1, "web"), process(2, "mail"), process(3, "evil\x1b[2J日本")};
  list.processes[2].status = process_status::errored;
  list.processes[2].pid = 0;
  state.histories.add(list.processes);
  take_list(state, std::move(list));
  for (int i = 1; i <= 5; ++i)
    state.log.add({.text = fmt::format("request {}", i)});
  state.log.add({.stream = log_stream::err, .text = "failure"});
  return state;
}

/// The picture, a line each.
std::vector<std::string> picture(const monitor& state) {
  const auto screen = draw(state);
  std::vector<std::string> lines;
  for (int y = 0; y < screen.dimy(); ++y) {
    std::string line;
    for (int x = 0; x < screen.dimx(); ++x)
      line += screen.at(x, y);
    lines.push_back(std::move(line));
  }
  return lines;
}

bool shows(const monitor& state, std::string_view text) {
  for (const auto& line : picture(state))
    if (line.find(text) != std::string::npos)
      return true;
  return false;
}

effects press(monitor& state, key what) {
  return on_input(state, key_press{what});
}

effects type(monitor& state, std::string_view text) {
  effects last;
  for (const char c : text)
    last = on_input(state, key_press{key::character, std::string{c}});
  return last;
}

effects click(monitor& state, int x, int y) {
  return on_input(state, mouse_event{mouse_action::press, x, y});
}

template <class T>
const T* only(const effects& list) {
  return list.size() == 1 ? std::get_if<T>(&list.front()) : nullptr;
}

int line_with(const monitor& state, std::string_view text) {
  const auto lines = picture(state);
  for (size_t i = 0; i < lines.size(); ++i)
    if (lines[i].find(text) != std::string::npos)
      return static_cast<int>(i);
  return -1;
}

} // namespace

TEST_CASE("monit: its picture at three sizes") {
  for (const auto& [columns, lines] : {std::pair{120, 40}, std::pair{80, 24}, std::pair{60, 15}}) {
    CAPTURE(columns);
    auto state = shop(columns, lines);
    CHECK(shows(state, "3/4 online 1 errored"));
    CHECK(shows(state, "   0 web"));
    CHECK(shows(state, "errored"));
    CHECK(shows(state, "12.5%"));
    CHECK(shows(state, "20.3mb"));
    CHECK(shows(state, "90s"));
    CHECK(shows(state, "following"));
    CHECK(shows(state, "▌failure"));
    CHECK(shows(state, "q quit"));
    CHECK(shows(state, "evil\\x1b[2J"));
    CHECK(picture(state).size() == static_cast<size_t>(lines));
  }
  CHECK(shows(shop(120, 40), "cpu 20%  memory 3.0gb of 8.0gb  load 0.50"));
  CHECK(shows(shop(120, 40), "host cpu 20%"));
  CHECK(shows(shop(80, 24), "host memory 3.0gb"));
  CHECK_FALSE(shows(shop(60, 15), "host cpu"));
}

TEST_CASE("monit: every size is drawn, and one that is too small says so") {
  for (const auto page : {page_kind::overview, page_kind::log})
    for (int columns = 1; columns <= 130; columns += 3)
      for (int lines = 1; lines <= 45; lines += 2) {
        auto state = shop(columns, lines);
        state.page = page;
        state.shows_help = columns % 2 == 0;
        state.last = field{field_kind::filter, std::string(300, 'x')};
        CHECK(picture(state).size() == static_cast<size_t>(lines));
      }
  auto small = shop(20, 5);
  CHECK(picture(small).front() == "at least 40x8, q qu…");
  CHECK(only<quit>(type(small, "q")));
}

TEST_CASE("monit: nothing is done to a process before a question is answered") {
  const std::pair<const char*, process_action> rows[] = {{"r", process_action::restart},
                                                         {"R", process_action::reload},
                                                         {"s", process_action::stop},
                                                         {"S", process_action::start}};
  for (const auto& [typed, action] : rows) {
    CAPTURE(typed);
    auto state = shop(80, 24);
    CHECK(type(state, typed).empty());
    CHECK(shows(state, fmt::format("{} web (id 0)? y yes  n no", to_string(action))));

    auto refused = state;
    CHECK(type(refused, "n").empty());
    CHECK(shows(refused, "q quit"));
    refused = state;
    CHECK(press(refused, key::escape).empty());
    CHECK(shows(refused, "q quit"));
    refused = state;
    CHECK(type(refused, "x").empty()); // no answer
    CHECK(shows(refused, "y yes"));

    const auto done = type(state, "y");
    const auto* request = only<action_request>(done);
    REQUIRE(request);
    CHECK(request->what == action);
    CHECK(request->ids == std::vector<int64_t>{0});
  }
}

TEST_CASE("monit: what was asked about is what is done, whatever is selected meanwhile") {
  auto state = shop(80, 24);
  type(state, "s");
  auto list = state.list;
  list.processes.erase(list.processes.begin());
  take_list(state, list);
  const auto done = type(state, "y");
  REQUIRE(only<action_request>(done));
  CHECK(only<action_request>(done)->ids == std::vector<int64_t>{0});
}

TEST_CASE("monit: scaling asks for a number and then whether it is meant") {
  auto state = shop(80, 24);
  type(state, "+");
  CHECK(shows(state, "number of processes: 3"));
  press(state, key::backspace);
  type(state, "5");
  CHECK(press(state, key::enter).empty());
  CHECK(shows(state, "scale web to 5?"));
  const auto done = type(state, "y");
  REQUIRE(only<action_request>(done));
  CHECK(only<action_request>(done)->app == "web");
  CHECK(only<action_request>(done)->processes == 5);

  type(state, "c");
  type(state, "x");
  press(state, key::enter);
  CHECK(shows(state, "'2x' is no number of processes"));
}

TEST_CASE("monit: an id that is another app's name is not acted on") {
  auto state = shop(80, 24);
  auto list = state.list;
  list.processes.push_back(process(7, "0"));
  take_list(state, list);
  CHECK(type(state, "r").empty());
  CHECK(shows(state, "an app is called '0'"));
}

TEST_CASE("monit: the list is filtered while one types") {
  auto state = shop(80, 24);
  type(state, "fma");
  CHECK(shows(state, "filter: ma"));
  CHECK(shows(state, "mail"));
  CHECK_FALSE(shows(state, "   0 web"));
  press(state, key::enter);
  CHECK(shows(state, "filter ma"));
  press(state, key::escape);
  CHECK(shows(state, "   0 web"));

  type(state, "fzzz");
  CHECK(shows(state, "nothing matches the filter"));
  CHECK(press(state, key::enter).empty());
  CHECK(type(state, "r").empty());
  CHECK(shows(state, "no process is selected"));
}

TEST_CASE("monit: namespaces fold, and an action on one is for all its processes") {
  auto state = shop(80, 24);
  auto list = state.list;
  list.processes[0].name_space = list.processes[1].name_space = "front";
  take_list(state, list);
  state.table.selected = selection{"front", 0};
  type(state, "r");
  CHECK(shows(state, "restart namespace front (2 processes)?"));
  REQUIRE(only<action_request>(type(state, "y")));
  press(state, key::enter);
  CHECK(shows(state, "▸ front (2)"));
  CHECK_FALSE(shows(state, "   0 web"));
  type(state, " ");
  CHECK(shows(state, "   0 web"));
}

TEST_CASE("monit: sorts by keys and by a click on a column") {
  auto state = shop(80, 24);
  type(state, "o");
  CHECK(shows(state, "name▾"));
  CHECK(line_with(state, "mail") < line_with(state, "   0 web"));
  type(state, "O");
  CHECK(shows(state, "name▴"));
  click(state, 1, 1);
  CHECK(shows(state, "id▾"));
  click(state, 1, 1);
  CHECK(shows(state, "id▴"));
}

TEST_CASE("monit: the mouse selects, opens, scrolls and presses keys") {
  auto state = shop(80, 24);
  click(state, 10, 4);
  CHECK(state.table.selected == selection{"", 2});
  on_input(state, mouse_event{mouse_action::wheel_up, 10, 4});
  CHECK(state.table.selected == selection{"", 1});
  const auto places = state.places();
  const auto scrolled = on_input(state, mouse_event{mouse_action::wheel_up, places.log.x, places.log.y});
  REQUIRE(only<history_request>(scrolled));
  CHECK(shows(state, "paused"));
  click(state, 10, 3);
  CHECK(state.page == page_kind::log);
  CHECK(only<quit>(click(state, 9, 23)));
}

TEST_CASE("monit: the log is opened full-screen and left again, and on a narrow screen the panes take turns") {
  auto state = shop(60, 15);
  press(state, key::tab);
  CHECK(shows(state, "memory 20.3mb"));
  CHECK_FALSE(shows(state, "failure"));
  state.details = {{"id", 0}, {"status", "online"}, {"axm_monitor", {{"Queue", {{"value", 12}, {"unit", "jobs"}}}}}};
  press(state, key::tab);
  CHECK(shows(state, "Queue          12 jobs"));
  press(state, key::tab);
  CHECK(shows(state, "failure"));
  press(state, key::enter);
  CHECK(state.page == page_kind::log);
  CHECK(shows(state, "● "));
  CHECK(shows(state, "request 1"));
  press(state, key::escape);
  CHECK(state.page == page_kind::overview);
}

TEST_CASE("monit: details of another process are not shown for the selected one") {
  auto state = shop(120, 40);
  state.details = {{"id", 2}, {"status", "errored"}, {"reason", "too many restarts"}};
  CHECK_FALSE(shows(state, "too many restarts"));
  state.table.selected = selection{"", 2};
  CHECK(shows(state, "too many restarts"));
}

TEST_CASE("monit: the search stands out, and steps back come one at a time") {
  auto state = shop(80, 24);
  type(state, "/request 3");
  CHECK(shows(state, "search: request 3"));
  press(state, key::enter);
  CHECK(shows(state, "▶request 3"));
  press(state, key::escape);
  CHECK_FALSE(shows(state, "▶"));
  CHECK(state.log.wanted().empty());
  CHECK(press(state, key::escape).empty());
}

TEST_CASE("monit: out, err and both take turns, and a pause is shown") {
  auto state = shop(80, 24);
  type(state, "e");
  CHECK(shows(state, "out following"));
  CHECK_FALSE(shows(state, "failure"));
  type(state, "e");
  CHECK(shows(state, "err following"));
  CHECK_FALSE(shows(state, "request 1"));
  type(state, "ep");
  CHECK(shows(state, "paused"));
  type(state, "p");
  CHECK(shows(state, "following"));
}

TEST_CASE("monit: help is shown until a key is pressed, which does nothing else") {
  auto state = shop(60, 15);
  type(state, "?");
  CHECK(shows(state, "scale the app"));
  CHECK(shows(state, "redraw suspend"));
  CHECK(type(state, "q").empty());
  CHECK_FALSE(shows(state, "scale the app"));
  CHECK(only<quit>(type(state, "q")));
}

TEST_CASE("monit: Ctrl-C quits whatever is asked, Ctrl-Z and Ctrl-L are for the terminal") {
  auto state = shop(80, 24);
  type(state, "r");
  CHECK(only<quit>(press(state, key::interrupt)));
  CHECK(only<suspend>(press(state, key::suspend)));
  CHECK(only<redraw>(press(state, key::redraw)));
}

TEST_CASE("monit: says that there is no daemon, or that it does not answer") {
  auto state = shop(60, 15);
  state.link = link_state::gone;
  CHECK(shows(state, "no daemon is running; waiting for one"));
  state.link = link_state::silent;
  CHECK(shows(state, "waiting for the daemon"));
}

TEST_CASE("ilogs: the journal can be read and not be restarted") {
  auto state = shop(80, 24);
  state.page = state.home = page_kind::log;
  auto list = state.list;
  list.processes.push_back(process(journal_id, "procvisor.log", ""));
  take_list(state, list);
  state.table.selected = selection{"", journal_id};
  CHECK(shows(state, "─ procvisor.log "));
  CHECK(type(state, "r").empty());
  CHECK(shows(state, "no process is selected"));
  type(state, " ");
  CHECK(shows(state, "paused"));
}

TEST_CASE("ilogs: shows the page of the files where there is one") {
  auto state = shop(80, 24);
  state.page = state.home = page_kind::log;
  state.log.show_history(history_page{.lines = {"old one", "old two"},
                                      .percent = 37,
                                      .is_start = true,
                                      .match = 1,
                                      .note = "older lines are compressed"});
  CHECK(shows(state, "history 37%"));
  CHECK(shows(state, " old one"));
  CHECK(shows(state, "▶old two"));
  CHECK(shows(state, "older lines are compressed"));
  state.log.searched = 12;
  CHECK(shows(state, "searching 12%, Esc stops"));
}

TEST_CASE("monit: what has come of an action does not take away what is being typed") {
  auto state = shop(80, 24);
  type(state, "fwe");
  say(state, {"restarted api (id 1)", false});
  CHECK(shows(state, "filter: we"));
  press(state, key::enter);
  CHECK(shows(state, "restarted api (id 1)"));
  say(state, {"stopped api (id 1)", false});
  CHECK(shows(state, "stopped api (id 1)"));
}

TEST_CASE("monit: whatever is pressed in whatever order, there is a picture of the screen's size") {
  std::mt19937 random{20261126};
  const auto below = [&random](int end) { return std::uniform_int_distribution{0, end - 1}(random); };
  constexpr std::string_view characters = "qrRsSc+-f/nNepudgGoOkjyx ?h0123";
  auto state = shop(80, 24);
  for (int step = 0; step < 5000; ++step) {
    if (below(10) == 0)
      take_size(state, 1 + below(150), 1 + below(50));
    if (below(10) == 0) {
      rpc::process_list list;
      for (int i = below(60); i > 0; --i)
        list.processes.push_back(process(below(100), fmt::format("p{}", below(20)), fmt::format("n{}", below(3))));
      take_list(state, std::move(list));
    }
    if (below(20) == 0)
      state.log.show_history(below(2) == 0 ? std::nullopt : std::optional{history_page{.lines = {"a", "b"}}});
    state.log.add({.stream = below(2) == 0 ? log_stream::out : log_stream::err, .text = fmt::format("line {}", step)});
    switch (below(3)) {
      case 0:
        on_input(state, key_press{static_cast<key>(below(20))});
        break;
      case 1:
        on_input(state, mouse_event{static_cast<mouse_action>(below(3)), below(160), below(60)});
        break;
      case 2:
        type(state, characters.substr(static_cast<size_t>(below(static_cast<int>(characters.size()))), 1));
        break;
    }
    const auto screen = draw(state);
    REQUIRE(screen.dimx() == state.columns);
    REQUIRE(screen.dimy() == state.lines);
  }
}

TEST_CASE("monit: what has come of an action is said in one line") {
  const action_request restart{.what = process_action::restart, .ids = {3}, .subject = "web (id 3)", .app = "web"};
  CHECK(message_of(restart, nlohmann::json{{"done", {{{"id", 3}}}}}).text == "restarted web (id 3)");
  CHECK(message_of(restart, nlohmann::json{{"failed", {{{"message", "it ended"}, {"last_words", "oops\nbad\n"}}}}}).text
        == "restart web (id 3): it ended:");
  const auto failed = message_of(restart, fail(exit_code::not_found, "there is no process"));
  CHECK(failed.is_trouble);
  CHECK(failed.text == "restart web (id 3): there is no process");
}
