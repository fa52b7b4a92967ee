#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/app_spec.hpp"
#include "core/process.hpp"
#include "core/restart_policy.hpp"
#include "core/result.hpp"

/// The life of one process: what it is doing, what may happen, and what is then to be done.
///
/// A process is *stopped* until somebody asks for it. A launch makes it *launching* and, when execve has succeeded, it
/// runs. Told to end it is *stopping*: it gets its stop signal, and SIGKILL when kill_timeout is over (or several
/// signals, each with its own time: kill_signal); only its exit leads on from there, never an assumption about it. What
/// follows that exit is what was last asked for (`after_exit`): a stop, a restart or a delete that comes while it is
/// stopping changes only that, so the last command wins and nothing is signalled twice.
///
/// Whoever asks for a start is told that it has worked when the process has shown that it runs. It is *settling* until
/// it has been alive for settle_time, and then *online*. One that ends sooner is a failed start, and said to be one at
/// once, although its restart policy goes on; unless its end is what was declared: exit code 0 without autorestart, or a
/// code of stop_exit_codes. An automatic launch is *online* at once, for nobody waits; a start that comes then waits for
/// what is left of the settle time.
///
/// An app with wait_ready is *getting ready* instead, whoever launched it, until it says so. Where listen_timeout is over
/// first it is *online* all the same, and the start has failed; with ready_timeout_action kill it is *stopping*, and the
/// policy decides as if it had ended by itself. To everybody else settling is online and getting ready
/// is launching (status_of).
///
/// When it ends and nobody told it to, restart_policy decides: launch again at once, after a delay (*waiting restart*),
/// stay *stopped*, or *errored*. Neither of the last two comes back by itself; both name their reason. What ends again and
/// again, though each time after a healthy while, waits longer and longer.
///
/// A reload replaces a process by its *successor*, a second lifecycle of the same slot (core/reload_plan): it is launched by
/// `takeover_requested` and gets ready until it listens, or says that it is ready where it has wait_ready. One that never
/// listens is ready when listen_timeout is over, unless what it replaces did listen. A successor that ends on its trial
/// is not started again. The process that has been replaced is told to *retire*: it is stopping, but before its stop
/// signal it has graceful_timeout to finish what it has begun. Whatever is asked of it then cuts that time short.
///
/// A launch that fails makes it *errored* with the stage that failed, except where the machine was short of something
/// for the moment (processes, memory, fds) and the launch was an automatic one: then it waits and tries again.
///
/// A start, stop, restart or delete ends a wait: its timer is cancelled. Each launch has a new generation; `launched`,
/// `launch_failed`, `exited`, `became_ready` and the timers carry the one they belong to, and an event of an earlier one
/// does nothing. As two lifecycles share the generations of a slot, each is told of those that the other has used
/// (`newest`).
///
/// | event \ phase | stopped | launching | getting ready | settling | online | stopping | waiting restart | errored |
/// |---|---|---|---|---|---|---|---|---|
/// | start_requested | launch | - | - | - | settle, or started | relaunch after exit | launch | launch |
/// | restart_requested | launch | relaunch* | terminate, relaunch | as before | as before | relaunch after exit | launch | launch |
/// | stop_requested | - | stop* | terminate, stay | as before | as before | stay after exit | stopped | stopped |
/// | delete_requested | remove | remove* | terminate, remove | as before | as before | remove after exit | remove | remove |
/// | reset_requested | counters to 0 | the same | the same | the same | the same | the same | the same | the same |
/// | takeover_requested | launch | - | - | - | - | - | - | - |
/// | retire_requested | remove | remove* | leave, remove | as before | as before | remove after exit | remove | remove |
/// | started_listening | - | - | online, started** | noted | noted | - | - | - |
/// | launched | - | get ready, settle or online* | - | - | - | - | - | - |
/// | launch_failed | - | errored, waiting* | - | - | - | - | - | - |
/// | became_ready | - | - | online, started | - | - | - | - | - |
/// | trial_timer_due | - | - | online or terminate, failed | online, started | - | - | - | - |
/// | exited | - | - | policy, failed | policy, failed | policy | what was asked | - | - |
/// | kill_timer_due | - | - | - | - | - | next signal, SIGKILL | - | - |
/// | restart_timer_due | - | - | - | - | - | - | launch | - |
/// | adopted, it runs | - | as launched | - | - | - | terminate | wait on | - |
/// | adopted, it does not | - | launch* | policy | policy | policy | what was asked | wait on | - |
///
/// (*) A launch is over within a millisecond, except from a network filesystem; what is asked meanwhile is remembered
/// and done when it is over.
/// (**) Only a successor, and only without wait_ready.
///
/// Every request is answered (effect `answer`): when it has happened, when it has failed, or when a later one has
/// overtaken it. A start is overtaken by a stop or a delete, a delete by anything, a stop only where the process was not
/// yet being stopped.
///
/// `adopted` is the first event of a state that an earlier daemon has written down. It may have died between writing
/// and doing, so what is under way is done again: a process that is stopping may get its stop signal a second time.
namespace procvisor {

/// A moment on both clocks: durations are measured on the steady one, people are told the other.
struct moment {
  steady_time steady{};
  wall_clock::time_point wall{};
};

enum class life_phase : uint8_t {
  stopped,
  launching,
  getting_ready,
  settling,
  online,
  stopping,
  waiting_restart,
  errored,
};

/// What everybody else calls it.
process_status status_of(life_phase phase) noexcept;

/// The phase to go on from where only the status is known: no trial, for nobody waits any more.
life_phase phase_of(process_status status) noexcept;

enum class after_exit : uint8_t { policy, stay, relaunch, remove };

/// What a successor still has to show before it takes over.
enum class takeover : uint8_t {
  none,          ///< it is no successor, or it has taken over
  must_be_ready, ///< what it replaces listened, or it has wait_ready
  alive_is_enough,
};

/// Written down after each change by core/state, so that another daemon goes on from it.
struct lifecycle {
  life_phase phase = life_phase::stopped;
  after_exit next = after_exit::policy; ///< what is to follow the exit (stopping) or the launch (launching)
  generation gen{0};                    ///< of the newest launch; 0: never launched
  generation newest{0};                 ///< that this slot has used, where another lifecycle of it is ahead
  pid_t pid = 0;
  uint64_t start_ticks = 0; ///< when that process started, since boot (os::process_stat); 0: unknown
  bool is_foster = false;   ///< an earlier keeper was its parent: when it is over, its number may be another's
  size_t stop_stage = 0;    ///< stopping: the one of kill_signal that it has been sent
  uint32_t restarts = 0;
  uint32_t unstable_restarts = 0;
  moment asked_at{}; ///< when somebody last asked for a start or restart
  moment started_at{};
  std::chrono::milliseconds delay{0};    ///< before the newest automatic launch
  steady_time due{};                     ///< waiting restart: when the delay is over
  std::vector<steady_time> recent_exits; ///< that nobody asked for, within crowd_window; the newest ones
  std::chrono::milliseconds slowdown{0}; ///< that the newest of them was answered with; zero: none
  bool launch_is_automatic = false;
  bool is_listening = false; ///< the program has said that it serves a port (cluster mode)
  bool is_leaving = false;   ///< stopping: it has not been sent a stop signal yet, so that it can finish
  takeover trial = takeover::none;
  exit_status last_exit{};
  std::string reason;    ///< why it is errored or stopped; empty where somebody asked for it
  restart_cause cause{}; ///< of the newest restart, or of the one that is to come
  restart_counts restarts_by{};
};

// -- events

struct start_requested {};
struct restart_requested {
  restart_cause cause = {};
};
struct stop_requested {};
struct delete_requested {};
struct takeover_requested {
  bool must_be_ready = false;
};
struct retire_requested {
  bool with_message = false; ///< the message 'shutdown' comes first (gracefulReload)
};
struct reset_requested {}; ///< the counters begin anew, and with them the policy's window
struct launched {
  generation gen{};
  pid_t pid = 0;
  uint64_t start_ticks = 0;
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
struct became_ready { ///< the app says so
  generation gen{};
};
struct started_listening { ///< on a port of its own, in cluster mode
  generation gen{};
};
struct trial_timer_due {
  generation gen{};
};
struct kill_timer_due {
  generation gen{};
};
struct restart_timer_due {
  generation gen{};
};
struct adopted {
  generation gen{};
  pid_t pid = 0; ///< 0: nothing is there of this launch, neither a process nor its exit status
  uint64_t start_ticks = 0;
  bool is_foster = false;
};
using lifecycle_event =
    std::variant<start_requested, restart_requested, stop_requested, delete_requested, takeover_requested,
                 retire_requested, reset_requested, launched, launch_failed, exited, became_ready, started_listening,
                 trial_timer_due, kill_timer_due, restart_timer_due, adopted>;

// -- effects, to be carried out in order

struct launch { ///< answer with launched or launch_failed
  generation gen{};
};
struct terminate { ///< send this stop signal
  int signal = 0;
};
struct kill_now {}; ///< send SIGKILL
struct let_finish { ///< it takes no new work, and leaves when it has done what it has
  bool with_message = false;
};
struct start_trial_timer {
  std::chrono::milliseconds after;
};
struct start_kill_timer {
  std::chrono::milliseconds after;
};
struct start_restart_timer {
  std::chrono::milliseconds after;
};
struct cancel_timers {};
struct remove_process {}; ///< it is gone and deleted: no event may follow

/// What somebody may be waiting for.
enum class awaited : uint8_t {
  launch, ///< a start or restart, as soon as the program has been executed
  run,    ///< a start or restart, once it has shown that it runs
  stop,
  removal,
};
/// To everybody who waits for this, if anybody does. A failed `run` is a failed `launch` too.
struct answer {
  awaited what{};
  std::optional<error> failure = {};
  std::optional<generation> ended = {}; ///< it failed because this launch ended: its last words explain why
};
using lifecycle_effect = std::variant<launch, terminate, kill_now, let_finish, start_trial_timer, start_kill_timer,
                                      start_restart_timer, cancel_timers, remove_process, answer>;

struct lifecycle_step {
  lifecycle state;
  std::vector<lifecycle_effect> effects;
};

/// How long an automatic launch that failed for want of processes, memory or fds waits at least before the next try.
inline constexpr std::chrono::milliseconds shortage_delay{1000};

/// How long a process has to be alive before a start has worked; min_uptime where that is shorter.
inline constexpr std::chrono::milliseconds settle_time{250};

lifecycle_step step(lifecycle state, const app_spec& spec, const lifecycle_event& event, moment now);

/// What was last asked for, or follows from the policy, is that it runs. An errored one does not, but ought to.
bool ought_to_run(const lifecycle& state) noexcept;

/// The newest generation that its slot has used, as far as it knows.
generation newest_of(const lifecycle& state) noexcept;

/// What others may know of it.
process_view view_of(process_id id, int instance, const lifecycle& state);

} // namespace procvisor
