#include "cli/screen/full_screen.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include <ftxui/screen/screen.hpp>
#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/daemon.hpp"
#include "cli/screen/action_runner.hpp"
#include "cli/screen/frame.hpp"
#include "cli/screen/history_desk.hpp"
#include "cli/screen/log_feed.hpp"
#include "cli/screen/monitor.hpp"
#include "cli/screen/row_feed.hpp"
#include "cli/screen/terminal.hpp"
#include "cli/screen/view.hpp"
#include "os/signals.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto list_pause = 1s;
constexpr auto frame_pause = 40ms;   ///< between two frames, and between two looks at a flood of log lines
constexpr auto first_pause = 40ms;   ///< the first frame waits so long for the list
constexpr auto escape_pause = 30ms;  ///< the bytes of one key come together
constexpr auto select_pause = 120ms; ///< who goes through the list does not open a stream for each process

class screen_loop {
public:
  screen_loop(terminal& on, monitor& state, row_feed rows, const os::home& place, int signals, bool coloured)
    : terminal_(on), state_(state), rows_(std::move(rows)), log_(place), actions_(place), history_(place),
      signals_(signals), coloured_(coloured) {}

  /// Until it is quit; the signal that has ended it, or 0.
  int run() {
    while (!is_over_) {
      on_time(steady::now());
      if (is_over_)
        break;
      wait();
    }
    return ended_by_;
  }

private:
  using moment = steady::time_point;

  // -- time ---------------------------------------------------------------------------

  void on_time(moment now) {
    if (now >= tick_)
      tick(now);
    if (settle_ && now >= *settle_) {
      settle_.reset();
      for (const auto& event : input_.settle())
        on_event(event);
    }
    if (follow_ && now >= *follow_)
      follow();
    if (history_.is_searching())
      take(history_.search_on(state_));
    if (is_changed_ && now >= frame_ && !terminal_.has_unwritten())
      draw_frame(now);
  }

  void tick(moment now) {
    tick_ = now + list_pause;
    state_.now = std::chrono::duration_cast<std::chrono::milliseconds>(wall_clock::now().time_since_epoch());
    state_.host = meter_.look();
    state_.host_history.add(state_.host.cpu, static_cast<double>(state_.host.memory));
    ask();
    if (log_.is_lost())
      plan_follow(0ms); // its recorder or its daemon was replaced
    is_changed_ = true;
  }

  void ask() {
    const auto* one = state_.selected_process();
    rows_.ask(one != nullptr && one->id != journal_id ? std::optional{one->id} : std::nullopt, steady::now());
    state_.link = rows_.link(steady::now());
  }

  void draw_frame(moment now) {
    frame_ = now + frame_pause;
    is_changed_ = false;
    history_.fill(state_);
    auto next = draw(state_);
    terminal_.write(frame_text(shown_ ? &*shown_ : nullptr, next, coloured_));
    shown_ = std::move(next);
  }

  // -- waiting --------------------------------------------------------------------------

  int patience() const {
    moment until = tick_;
    const auto earlier = [&until](std::optional<moment> other) {
      if (other && *other < until)
        until = *other;
    };
    earlier(settle_);
    earlier(follow_);
    if (is_changed_ && !terminal_.has_unwritten())
      earlier(frame_);
    if (log_.socket() >= 0)
      earlier(log_pause_);
    if (history_.is_searching())
      return 0;
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now());
    return static_cast<int>(std::max<int64_t>(rest.count(), 0));
  }

  void wait() {
    const auto now = steady::now();
    const bool is_log_due = !log_pause_ || now >= *log_pause_;
    if (is_log_due)
      log_pause_.reset();
    std::vector<pollfd> ready{{terminal_.input(), POLLIN, 0},
                              {signals_, POLLIN, 0},
                              {terminal_.has_unwritten() ? terminal_.output() : -1, POLLOUT, 0},
                              {rows_.socket(), POLLIN, 0},
                              {is_log_due ? log_.socket() : -1, POLLIN, 0}};
    for (const int socket : actions_.sockets())
      ready.push_back({socket, POLLIN, 0});
    if (::poll(ready.data(), ready.size(), patience()) < 0 && errno != EINTR) {
      is_over_ = true;
      return;
    }
    if (ready[1].revents != 0)
      on_signals();
    if (ready[0].revents != 0)
      read_input();
    if (ready[2].revents != 0)
      terminal_.flush();
    if (ready[3].revents != 0)
      take_rows();
    if (ready[4].revents != 0) {
      log_.take(state_.log);
      log_pause_ = steady::now() + frame_pause;
      is_changed_ = true;
    }
    if (std::any_of(ready.begin() + 5, ready.end(), [](const pollfd& p) { return p.revents != 0; }))
      take_outcomes();
  }

  void on_signals() {
    while (const auto number = os::next_signal(signals_)) {
      if (*number == SIGWINCH) {
        const auto size = terminal_.size();
        take_size(state_, size.columns, size.lines);
        is_changed_ = true;
        frame_ = {};
      } else if (*number == SIGTSTP) {
        stop_here();
      } else {
        is_over_ = true;
        ended_by_ = *number;
      }
    }
  }

  void read_input() {
    std::array<char, 4096> bytes; // NOLINT: read fills it
    const ssize_t got = ::read(terminal_.input(), bytes.data(), bytes.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
      return;
    if (got <= 0) { // the terminal is gone
      is_over_ = true;
      ended_by_ = SIGHUP;
      return;
    }
    for (const auto& event : input_.read({bytes.data(), static_cast<size_t>(got)}))
      on_event(event);
    settle_ = input_.is_unsettled() ? std::optional{steady::now() + escape_pause} : std::nullopt;
  }

  // -- what has come -------------------------------------------------------------------

  void take_rows() {
    auto news = rows_.take(steady::now());
    state_.link = rows_.link(steady::now());
    if (news.list) {
      state_.histories.add(news.list->processes);
      if (state_.home == page_kind::log && state_.target.empty())
        news.list->processes.push_back(journal_row());
      take_list(state_, std::move(*news.list));
      if (!shown_)
        frame_ = {};
      check_selection();
    }
    if (news.trouble)
      say(state_, {news.trouble->what, true});
    if (news.details)
      state_.details = std::move(*news.details);
    is_changed_ = true;
  }

  void take_outcomes() {
    for (auto& one : actions_.take())
      say(state_, std::move(one));
    ask();
    is_changed_ = true;
  }

  void on_event(const input_event& event) {
    for (auto& wanted : on_input(state_, event))
      carry_out(std::move(wanted));
    check_selection();
    is_changed_ = true;
    frame_ = {};
  }

  void carry_out(effect wanted) {
    if (std::holds_alternative<quit>(wanted)) {
      is_over_ = true;
    } else if (std::holds_alternative<suspend>(wanted)) {
      stop_here();
    } else if (std::holds_alternative<redraw>(wanted)) {
      shown_.reset();
    } else if (const auto* action = std::get_if<action_request>(&wanted)) {
      take(actions_.begin(*action));
    } else if (const auto* request = std::get_if<history_request>(&wanted)) {
      take(history_.serve(*request, state_));
    }
  }

  void take(std::optional<message> said) {
    if (said)
      say(state_, std::move(*said));
    is_changed_ = true;
  }

  /// As the shell's Ctrl-Z does; goes on when it is continued.
  void stop_here() {
    terminal_.leave();
    ::raise(SIGSTOP);
    terminal_.take_over();
    const auto size = terminal_.size();
    take_size(state_, size.columns, size.lines);
    shown_.reset();
    is_changed_ = true;
  }

  // -- whose log -------------------------------------------------------------------------

  std::vector<int64_t> wanted_ids() const {
    std::vector<int64_t> ids;
    for (const auto* row : state_.selected_processes())
      ids.push_back(row->id);
    return ids;
  }

  void check_selection() {
    if (wanted_ids() == shown_ids_)
      return;
    const bool is_first = shown_ids_.empty();
    shown_ids_ = wanted_ids();
    history_.close(state_);
    state_.log.clear();
    log_.stop();
    state_.details = nullptr;
    plan_follow(is_first ? 0ms : select_pause);
  }

  void plan_follow(std::chrono::milliseconds pause) { follow_ = steady::now() + pause; }

  void follow() {
    follow_.reset();
    if (history_.is_open() && log_.followed() == shown_ids_)
      return;                    // whoever reads older lines is not thrown out; the next tick asks again
    if (log_.follow(shown_ids_)) // else what was there is better than nothing
      state_.log.clear();
    ask();
    is_changed_ = true;
  }

  static rpc::process_row journal_row() {
    rpc::process_row row;
    row.id = journal_id;
    row.name = "procvisor.log";
    return row;
  }

  terminal& terminal_;
  monitor& state_;
  row_feed rows_;
  log_feed log_;
  action_runner actions_;
  history_desk history_;
  int signals_;
  bool coloured_;
  input_reader input_;
  os::host_meter meter_;
  std::vector<int64_t> shown_ids_;
  std::optional<ftxui::Screen> shown_; ///< what the terminal shows
  moment tick_{};
  moment frame_ = steady::now() + first_pause; ///< not before
  std::optional<moment> settle_;
  std::optional<moment> follow_;
  std::optional<moment> log_pause_;
  bool is_changed_ = true;
  bool is_over_ = false;
  int ended_by_ = 0;
};

/// With the status that the signal gives.
void end_by(int number) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, number);
  ::signal(number, SIG_DFL);
  ::raise(number);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

} // namespace

result<exit_code> run_full_screen(invocation& call, page_kind page) {
  if (auto ended = call.parse())
    return *ended;
  monitor state;
  state.page = state.home = page;
  state.target = call.targets().empty() ? "" : call.targets().front();
  const auto place = os::find_home();
  if (!place)
    return fail(error{place.error()});
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon && !state.target.empty())
    return nothing_there(state.target);
  if (*daemon && !state.target.empty()) { // an unknown one is said while the terminal is as it was
    const nlohmann::json params{{"targets", nlohmann::json::array({state.target})}};
    if (auto found = (*daemon)->call(rpc::method::list, params, rpc::prompt); !found)
      return fail(std::move(found.error()));
  }
  int signal = 0;
  {
    auto taken = terminal::take();
    if (!taken)
      return fail(std::move(taken.error()));
    const auto signals = os::take_signals({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP});
    const auto size = taken->size();
    take_size(state, size.columns, size.lines);
    screen_loop loop{*taken, state,         row_feed{*place, std::move(*daemon), state.target},
                     *place, signals.get(), call.out().data_canvas().coloured};
    signal = loop.run();
  }
  if (signal != 0)
    end_by(signal);
  return exit_code::done;
}

} // namespace procvisor::cli
