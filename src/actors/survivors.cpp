#include "actors/survivors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "os/process_tree.hpp"
#include "os/spawn.hpp"
#include "os/text_file.hpp"

namespace procvisor {

namespace {

/// As much as the recorder ever saves.
constexpr size_t most_bytes = 256U * 1024 * 1024;

struct marked_process {
  uint64_t start_ticks = 0;
  pid_t pid = 0;
};
using marked_launches = std::map<std::pair<process_id, generation>, marked_process>;

/// Of each launch, the leader of a session that has its mark. What a program has started may lead a session with the
/// same mark, but has started later.
marked_launches marked_leaders(const os::procfs& proc, const std::string& home) {
  marked_launches found;
  for (const pid_t pid : proc.all()) {
    const auto seen = proc.stat(pid);
    if (!seen || seen->is_over() || seen->session != pid || !seen->has_environment)
      continue;
    const auto variables = proc.environment(pid);
    const auto mark = variables ? read_mark(*variables, home) : std::nullopt;
    if (!mark)
      continue;
    auto& first = found[{mark->id, mark->gen}];
    if (first.pid == 0 || seen->start_ticks < first.start_ticks)
      first = {seen->start_ticks, pid};
  }
  return found;
}

std::string label_of(const process_record& record) {
  return fmt::format("{}:{}", record.spec->name, static_cast<uint32_t>(record.id));
}

/// What was written down last of a process that runs.
void bring_up_to_date(lifecycle& state, generation gen, const marked_process& now) {
  if (state.gen != gen) {
    state.phase = life_phase::online;
    state.next = after_exit::policy;
  } else if (state.phase != life_phase::stopping) {
    state.phase = life_phase::online;
  }
  state.gen = gen;
  state.pid = now.pid;
  state.start_ticks = now.start_ticks;
}

/// Another launch of a process that is in the list: a reload was replacing one by the other. What `treekill: false` has
/// left of an earlier one is the user's.
void take_back_other(const os::procfs& proc, process_record& of, generation gen, const marked_process& other,
                     found_survivors& found) {
  of.state.newest = std::max(of.state.newest, gen);
  if (!of.spec->treekill)
    return;
  if (auto held = hold_survivor(proc, {of.id, gen}, other.pid, other.start_ticks)) {
    found.notes.push_back(
        fmt::format("{} has another process too (pid {}), of a reload: it is ended", label_of(of), other.pid));
    found.alive.push_back(std::move(*held));
  }
}

} // namespace

std::optional<pid_t> find_launch(const os::procfs& proc, const std::string& home, instance_mark whose) {
  const auto marked = marked_leaders(proc, home);
  const auto at = marked.find({whose.id, whose.gen});
  return at != marked.end() ? std::optional{at->second.pid} : std::nullopt;
}

std::optional<survivor> hold_survivor(const os::procfs& proc, instance_mark whose, pid_t pid, uint64_t start_ticks) {
  if (pid <= 0 || start_ticks == 0)
    return std::nullopt;
  survivor one{.id = whose.id, .gen = whose.gen, .pid = pid, .start_ticks = start_ticks};
  one.pidfd = os::hold_started(proc, pid, start_ticks);
  if (!one.pidfd)
    return std::nullopt;
  const auto seen = proc.stat(pid);
  one.parent = seen ? seen->parent : 0;
  one.out = os::reopen_output(pid, STDOUT_FILENO);
  one.err = os::reopen_output(pid, STDERR_FILENO);
  one.has_lost_output = !one.out || !one.err;
  for (os::unique_fd* end : {&one.out, &one.err})
    if (!*end)
      end->reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return one;
}

state_after_loss read_state_after_loss(const std::string& path) {
  state_after_loss read;
  for (const std::string& file : {path, path + ".bak"}) {
    const auto text = os::read_text_file(file, most_bytes);
    if (!text && text.error() == ENOENT)
      continue;
    auto state = text ? read_state(*text) : result<saved_state>{fail(exit_code::other, std::strerror(text.error()))};
    if (!state) {
      read.notes.push_back(fmt::format("'{}' is of no use: {}", file, state.error().what));
      continue;
    }
    read.is_of_this_boot = state->boot_id == os::boot_id();
    if (read.is_of_this_boot)
      read.state = std::move(*state);
    return read;
  }
  return read;
}

found_survivors survivors_of(saved_state state, const std::string& home, bool is_of_this_boot) {
  found_survivors found;
  if (!is_of_this_boot)
    return found;
  const os::procfs proc;
  const auto marked = marked_leaders(proc, home);
  for (auto& [id, record] : state.processes) {
    const auto first = marked.lower_bound({id, generation{0}});
    const auto end = marked.upper_bound({id, generation{UINT64_MAX}});
    auto one = hold_survivor(proc, {id, record.state.gen}, record.state.pid, record.state.start_ticks);
    if (!one && first != end) {
      const auto& [key, newest] = *std::prev(end);
      const bool was_launching = record.state.phase == life_phase::launching && key.second == record.state.gen;
      if (was_launching || key.second > record.state.gen) {
        bring_up_to_date(record.state, key.second, newest);
        one = hold_survivor(proc, {id, key.second}, newest.pid, newest.start_ticks);
      }
    }
    for (auto at = first; at != end; ++at)
      if (at->first.second != record.state.gen)
        take_back_other(proc, record, at->first.second, at->second, found);
    const auto gone = record.state.pid;
    if (!one) {
      if (gone > 0)
        found.notes.push_back(fmt::format("{} (pid {}) has ended meanwhile; how is not known", label_of(record), gone));
      continue;
    }
    std::string note = fmt::format("took back {} (pid {})", label_of(record), one->pid);
    if (one->has_lost_output)
      note += "; it has another stdout or stderr now, which is not logged";
    if (has_channel(*record.spec))
      note += "; its IPC channel is closed";
    found.notes.push_back(std::move(note));
    found.alive.push_back(std::move(*one));
  }
  for (const auto& [key, one] : marked)
    if (!state.processes.contains(key.first))
      found.notes.push_back(
          fmt::format("pid {} was started as process {}, of which nothing is written down: it is left "
                      "alone; end it by its pid",
                      one.pid, static_cast<uint32_t>(key.first)));
  found.state = std::move(state);
  return found;
}

} // namespace procvisor
