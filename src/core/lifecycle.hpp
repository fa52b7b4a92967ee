#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "core/app_spec.hpp"
#include "core/process.hpp"
#include "core/restart_policy.hpp"

/// The life of one process: what it is doing, what may happen, and what is then to be done.
///
/// A process is *stopped* until somebody asks for it. A launch makes it *launching* and, when execve has succeeded,
/// *online*. Told to end it is *stopping*: it gets its stop signal, and SIGKILL when kill_timeout is over (or several signals, each with its own time: kill_signal); only its
/// exit leads on from there, never an assumption about it. What follows that exit is what was last asked for
/// (`after_exit`): a stop, a restart or a delete that comes while it is stopping changes only that, so the last command
/// wins and nothing is signalled twice.
///
/// When it ends and nobody told it to, restart_policy decides: launch again at once, after a delay (*waiting restart*),
/// stay *stopped*, or *errored*. Neither of the last two comes back by itself; both name their reason.
///
/// A launch that fails makes it *errored* with the stage that failed, except where the machine was short of something
/// for the moment (processes, memory, fds) and the launch was an automatic one: then it waits and tries again.
///
/// A start, stop, restart or delete ends a wait: its timer is cancelled. Each launch has a new generation; `launched`,
/// `launch_failed`, `exited` and the timers carry the one they belong to, and an event of an earlier one does nothing.
///
/// | event \ status | stopped | launching | online | stopping | waiting restart | errored |
/// |---|---|---|---|---|---|---|
/// | start_requested | launch | - | - | relaunch after exit | launch | launch |
/// | restart_requested | launch | relaunch* | terminate, relaunch | relaunch after exit | launch | launch |
/// | stop_requested | - | stop* | terminate, stay | stay after exit | stopped | stopped |
/// | delete_requested | remove | remove* | terminate, remove | remove after exit | remove | remove |
/// | launched | - | online* | - | - | - | - |
/// | launch_failed | - | errored, waiting* | - | - | - | - |
/// | exited | - | - | policy | what was asked | - | - |
/// | kill_timer_due | - | - | - | next signal, SIGKILL | - | - |
/// | restart_timer_due | - | - | - | - | launch | - |
///
/// (*) A launch is over within a millisecond, except from a network filesystem; what is asked meanwhile is remembered
/// and done when it is over.
namespace procvisor {

/// A moment on both clocks: durations are measured on the steady one, people are told the other.
struct moment {
  steady_time steady{};
  wall_clock::time_point wall{};
};

enum class after_exit : uint8_t { policy, stay, relaunch, remove };

struct lifecycle {
  process_status status = process_status::stopped;
  after_exit next = after_exit::policy; ///< what is to follow the exit (stopping) or the launch (launching)
  generation gen{0};                    ///< of the newest launch; 0: never launched
  pid_t pid = 0;
  size_t stop_stage = 0; ///< stopping: the one of kill_signal that it has been sent
  uint32_t restarts = 0;
  uint32_t unstable_restarts = 0;
  moment asked_at{}; ///< when somebody last asked for a start or restart
  moment started_at{};
  std::chrono::milliseconds delay{0}; ///< before the newest automatic launch
  bool launch_is_automatic = false;
  exit_status last_exit{};
  std::string reason; ///< why it is errored or stopped; empty where somebody asked for it
};

// -- events

struct start_requested {};
struct restart_requested {};
struct stop_requested {};
struct delete_requested {};
struct launched {
  generation gen{};
  pid_t pid = 0;
};
struct launch_failed {
  generation gen{};
  std::string reason;
  bool is_transient = false; ///< EAGAIN, ENOMEM, EMFILE, ENFILE: may work a moment later
};
struct exited {
  generation gen{};
  exit_status status;
};
struct kill_timer_due {
  generation gen{};
};
struct restart_timer_due {
  generation gen{};
};
using lifecycle_event = std::variant<start_requested, restart_requested, stop_requested, delete_requested, launched,
                                     launch_failed, exited, kill_timer_due, restart_timer_due>;

// -- effects, to be carried out in order

struct launch { ///< answer with launched or launch_failed
  generation gen{};
};
struct terminate { ///< send this stop signal
  int signal = 0;
};
struct kill_now {}; ///< send SIGKILL
struct start_kill_timer {
  std::chrono::milliseconds after;
};
struct start_restart_timer {
  std::chrono::milliseconds after;
};
struct cancel_timers {};
struct remove_process {}; ///< it is gone and deleted: no event may follow
using lifecycle_effect =
    std::variant<launch, terminate, kill_now, start_kill_timer, start_restart_timer, cancel_timers, remove_process>;

struct lifecycle_step {
  lifecycle state;
  std::vector<lifecycle_effect> effects;
};

/// How long an automatic launch that failed for want of processes, memory or fds waits at least before the next try.
inline constexpr std::chrono::milliseconds shortage_delay{1000};

lifecycle_step step(lifecycle state, const app_spec& spec, const lifecycle_event& event, moment now);

/// Nothing that was asked for is still under way: pending requests can be answered.
bool is_settled(const lifecycle& state) noexcept;

} // namespace procvisor
