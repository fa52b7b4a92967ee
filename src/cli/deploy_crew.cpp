#include "cli/deploy_crew.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/text.hpp"
#include "os/signals.hpp"

namespace procvisor::cli {

namespace {

using namespace std::chrono_literals;

/// A hook may leave programs behind that have the output open: when the script has said its last word, the rest of it
/// has so long to arrive.
constexpr auto grace = 1s;

/// And so long what is interrupted, to end by itself.
constexpr auto last_chance = 5s;

/// What ssh itself says, and what a host answers.
constexpr size_t most_complaint = 16 * 1024;
constexpr size_t most_output = 1024 * 1024;

std::chrono::milliseconds since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
}

/// What there is to read now. False: the stream has ended.
bool read_available(const os::unique_fd& fd, std::string& into) {
  std::array<char, 16 * 1024> block{};
  for (;;) {
    const auto count = ::read(fd.get(), block.data(), block.size());
    if (count > 0) {
      into.append(block.data(), static_cast<size_t>(count));
      return true; // poll says whether there is more
    }
    if (count == 0)
      return false;
    if (errno != EINTR)
      return errno == EAGAIN;
  }
}

deploy_end end_of(int wait_status, std::string complaint) {
  if (WIFSIGNALED(wait_status))
    return {0, WTERMSIG(wait_status), std::move(complaint)};
  return {WEXITSTATUS(wait_status), 0, std::move(complaint)};
}

} // namespace

struct deploy_crew::work {
  deploy_result& result;
  os::piped_child child;
  deploy_marks marks;
  std::string unsent;
  std::string complaint;
  std::string unread_error = {}; ///< a line of standard error that has not ended
  size_t output_bytes = 0;
  clock::time_point started = clock::now();
  std::optional<clock::time_point> give_up_at = {};
};

deploy_crew::deploy_crew(deploy_display& display, size_t at_a_time, output_use use, listener listens)
  : display_(display), at_a_time_(at_a_time), use_(use), listens_(std::move(listens)),
    signals_(os::take_signals({SIGINT, SIGTERM})) {
}

deploy_crew::~deploy_crew() = default;

std::vector<deploy_result> deploy_crew::run(std::vector<deploy_job> jobs) {
  std::vector<deploy_result> results;
  for (const auto& job : jobs)
    results.push_back({.outcome = job.outcome});
  size_t next = 0;
  const auto has_failure = [&] {
    return std::any_of(results.begin(), results.end(),
                       [](const deploy_result& one) { return one.fate == deploy_fate::failed; });
  };
  for (;;) {
    while (next < jobs.size() && running_.size() < at_a_time_ && !has_failure() && !is_interrupted_) {
      begin(std::move(jobs[next]), results[next]);
      ++next;
    }
    if (running_.empty())
      return results;
    draw();
    wait_and_read();
    for (auto at = running_.begin(); at != running_.end();) {
      if (is_finished(*at)) {
        finish(*at);
        at = running_.erase(at);
      } else {
        ++at;
      }
    }
  }
}

void deploy_crew::begin(deploy_job job, deploy_result& result) {
  const bool has_own_input = !job.script.empty();
  const bool is_local = job.outcome.host() == local_host;
  auto child = os::piped_child::start(job.argv, {.inherits_input = !has_own_input, .has_own_group = is_local});
  if (!child) {
    end(result, error{exit_code::other, fmt::format("{}: cannot run {}: {}", job.outcome.host(), job.argv.front(),
                                                    std::strerror(child.error()))});
    return;
  }
  if (!is_local)
    display_.stage(job.outcome.host(), job.outcome.stage_text(), true); // ssh may ask something below it
  running_.push_back({result, std::move(*child), deploy_marks{job.mark, display_.is_raw()}, std::move(job.script), {}});
}

void deploy_crew::wait_and_read() {
  std::vector<pollfd> ready{{signals_.get(), POLLIN, 0}};
  for (const auto& one : running_) {
    ready.push_back({one.child.out.get(), POLLIN, 0});
    ready.push_back({one.child.err.get(), POLLIN, 0});
    ready.push_back({one.unsent.empty() ? -1 : one.child.in.get(), POLLOUT, 0});
  }
  if (::poll(ready.data(), ready.size(), milliseconds_to_wait()) < 0)
    return; // EINTR
  auto at = ready.begin();
  if ((at++)->revents != 0 && os::next_signal(signals_.get()))
    interrupt();
  for (auto& one : running_) {
    if ((at++)->revents != 0)
      read_out(one);
    if ((at++)->revents != 0)
      read_err(one);
    if ((at++)->revents != 0)
      feed(one);
  }
}

/// Standard input stays open when all is sent: its end tells the script that this command has gone.
void deploy_crew::feed(work& one) {
  const auto count = ::write(one.child.in.get(), one.unsent.data(), one.unsent.size());
  if (count >= 0)
    one.unsent.erase(0, static_cast<size_t>(count));
  else if (errno != EAGAIN && errno != EINTR)
    one.unsent.clear(); // it has ended, and its streams say so
}

void deploy_crew::read_out(work& one) {
  std::string bytes;
  const bool goes_on = read_available(one.child.out, bytes);
  take(one, one.marks.take(bytes));
  if (!goes_on) {
    take(one, one.marks.finish());
    one.child.out.reset();
  }
}

void deploy_crew::read_err(work& one) {
  std::string bytes;
  const bool goes_on = read_available(one.child.err, bytes);
  if (!goes_on)
    one.child.err.reset();
  one.complaint += bytes;
  if (one.complaint.size() > most_complaint)
    one.complaint.erase(0, one.complaint.size() - most_complaint);
  if (use_ != output_use::pass_on)
    return;
  one.unread_error += bytes;
  for (size_t end = 0; (end = one.unread_error.find('\n')) != std::string::npos; one.unread_error.erase(0, end + 1))
    listens_.output(one.result.outcome.host(), {{}, one.unread_error.substr(0, end)}, true);
  if (!goes_on && !one.unread_error.empty())
    listens_.output(one.result.outcome.host(), {{}, one.unread_error}, true);
}

void deploy_crew::take(work& one, std::vector<deploy_event> events) {
  auto& outcome = one.result.outcome;
  for (const auto& event : events) {
    outcome.add(event);
    if (event.word.empty())
      keep_output(one, event);
    else if (event.word == "stage")
      display_.stage(outcome.host(), outcome.stage_text(), false);
    else if (event.word == "note")
      display_.say(fmt::format("{}: {}", outcome.host(), printable(event.text)));
  }
  if (outcome.is_over() && !one.give_up_at)
    one.give_up_at = clock::now() + grace;
}

void deploy_crew::keep_output(work& one, const deploy_event& output) {
  switch (use_) {
    case output_use::show:
      if (display_.is_raw())
        display_.pass(output.text + (output.ends_line ? "\r\n" : ""));
      else
        display_.output(one.result.outcome.host(), output.text);
      return;
    case output_use::pass_on:
      display_.erase();
      listens_.output(one.result.outcome.host(), output, false);
      return;
    case output_use::collect:
      one.output_bytes += output.text.size() + 1;
      one.result.is_output_cut = one.output_bytes > most_output;
      if (!one.result.is_output_cut)
        one.result.output.push_back(output.text);
      return;
  }
}

/// The end of its standard input is what a script ends by.
void deploy_crew::interrupt() {
  for (auto& one : running_) {
    if (is_interrupted_ || !one.child.in)
      one.child.kill();
    one.unsent.clear();
    one.child.in.reset();
    one.give_up_at = clock::now() + (is_interrupted_ ? grace : last_chance);
  }
  is_interrupted_ = true;
}

bool deploy_crew::is_finished(const work& one) const {
  return (!one.child.out && !one.child.err) || (one.give_up_at && clock::now() >= *one.give_up_at);
}

void deploy_crew::finish(work& one) {
  if (one.child.out || one.child.err)
    one.child.kill();
  auto failure = one.result.outcome.failure(end_of(one.child.wait(), std::move(one.complaint)));
  if (failure && is_interrupted_)
    failure->what = fmt::format("{}: interrupted while {}", one.result.outcome.host(), one.result.outcome.stage_text());
  one.result.time = since(one.started);
  end(one.result, std::move(failure));
}

void deploy_crew::end(deploy_result& one, std::optional<error> failure) {
  one.fate = failure ? deploy_fate::failed : deploy_fate::done;
  if (failure)
    one.failure = std::move(*failure);
  if (listens_.end)
    listens_.end(one);
}

void deploy_crew::draw() {
  std::vector<deploy_display::host_line> lines;
  for (const auto& one : running_)
    if (one.result.outcome.has_begun() || at_a_time_ > 1) // one that is alone may ask something
      lines.push_back({one.result.outcome.host(), one.result.outcome.stage_text(), since(one.started)});
  display_.draw(lines);
}

int deploy_crew::milliseconds_to_wait() const {
  std::chrono::milliseconds wait = display_.has_clock() ? 1000ms : std::chrono::milliseconds{-1};
  for (const auto& one : running_)
    if (one.give_up_at)
      wait = std::chrono::duration_cast<std::chrono::milliseconds>(grace);
  return static_cast<int>(wait.count());
}

} // namespace procvisor::cli
