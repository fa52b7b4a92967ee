#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/result.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <nlohmann/json.hpp>

#include "core/app_spec.hpp"
#include "core/cluster_message.hpp"
#include "core/ipc_message.hpp"
#include "core/kept_socket.hpp"
#include "core/launch_recipe.hpp"
#include "core/lifecycle.hpp"
#include "core/log_paths.hpp"
#include "core/process.hpp"
#include "core/result.hpp"
#include "core/state.hpp"
#include "core/watch_pace.hpp"
#include "core/watch_rules.hpp"
#include "loop/event_loop.hpp"
#include "os/unique_fd.hpp"

/// Every message between the daemon's actors. They never leave the process, so most are plain structs that CAF may not
/// serialise (CAF_ALLOW_UNSAFE_MESSAGE_TYPE), and share what is large.
namespace procvisor {

/// A file descriptor on its way from one actor to another. Messages are copied, the fd is not.
using shared_fd = std::shared_ptr<os::unique_fd>;

/// What an app has said of itself on its IPC channel, in the form in which it said so.
struct app_offers {
  nlohmann::json actions = nlohmann::json::array();  ///< of `trigger`: [{action_name, ...}]
  nlohmann::json metrics = nlohmann::json::object(); ///< name: {value, ...}
  std::string status = {};                           ///< in its own words (STATUS=), one line
};
using shared_offers = std::shared_ptr<const app_offers>;

/// One listed process, as the registry knows it.
struct listed_process {
  process_view view;
  shared_spec spec;
  shared_environment caller;
  shared_offers offers = {};      ///< null: it has said nothing
  std::string failed_reload = {}; ///< why the newest reload has not replaced it; empty: it has, or there was none
  std::string watch_trouble = {}; ///< why changes of its files may not restart it, though it is to watch them
};

// -- app

enum class app_verb : uint8_t {
  start,
  restart,
  stop,
  remove,
  reset,
  take_over, ///< launch what is to replace the process of another actor (core/lifecycle: a successor)
  retire,    ///< it has been replaced: finish, end, and leave
};

/// What somebody asks of a process. It is answered when that has happened, has failed, or has been overtaken by a later
/// request.
struct app_request {
  app_verb verb = app_verb::start;
  bool until_it_runs = true;  ///< false: a start or restart is answered as soon as the program has been executed
  bool must_be_ready = false; ///< take_over: that it is alive is not enough
  bool with_message = false;  ///< retire: by the message 'shutdown' first
  restart_cause cause = {};   ///< restart
};

struct app_answer {
  process_view view;
  std::optional<error> failure = {}; ///< it has not happened
  std::string last_words = {};       ///< what the process wrote to stderr before it ended, the last lines of it
  std::string reply = {};            ///< to an action_order: JSON
};

/// For the stdin of a running program.
struct input_text {
  std::string text;
};
struct signal_order {
  int number = 0;
};
/// One of the actions that the app has offered on its IPC channel.
struct action_order {
  std::string action;
  std::optional<std::string> params;
};
using app_order = std::variant<input_text, signal_order, action_order>;

/// Something for a running program. Answered when it has been handed over; an action, when the app has replied.
struct pass_on {
  app_order what;
};

// -- cluster_balancer: the primary of a clustered app's workers

/// A launch of this app has an IPC channel; the sender passes on what is said on it.
struct worker_up {
  cluster::worker_key who;
  shared_spec spec;
  bool was_adopted = false; ///< it runs since before this daemon, and listens where the app's sockets are
};
struct worker_said {
  cluster::worker_key who;
  cluster::message what;
};
/// It is to get no connections any more.
struct worker_retires {
  cluster::worker_key who;
};
/// It has ended, or has closed its channel.
struct worker_down {
  cluster::worker_key who;
};
/// This process ends, and another one goes on: take no more connections. When it is answered, those that were taken are on
/// their way to a worker.
struct hold_connections {};
/// No process of the app is to run: whoever connects is refused, and others may listen there.
struct release_sockets {};

/// A socket of an earlier daemon's. It comes before the workers that run since then.
struct adopted_socket {
  cluster::kept_socket what;
  shared_fd fd;
};

using cluster_balancer_actor = caf::typed_actor<caf::result<void>(worker_up), caf::result<void>(worker_said),
                                                caf::result<void>(worker_retires), caf::result<void>(worker_down),
                                                caf::result<void>(release_sockets), caf::result<void>(hold_connections),
                                                caf::result<void>(adopted_socket), caf::result<void>(fd_ready)>;

/// For the IPC channel of this launch.
struct for_worker {
  generation gen{};
  std::string line;
  shared_fd fd = {}; ///< that goes with it; null: none
};

// -- app, once more

/// What the process is to run from its next launch on.
struct new_declaration {
  shared_spec spec;
  shared_environment caller;
  cluster_balancer_actor balancer = {}; ///< null: it is in no cluster
};

/// During a reload two actors look after one slot.
struct slot_standing {
  generation newest{};   ///< that the other one has used
  bool is_listed = true; ///< it is the one that is listed; the other one is about to come or to go
};

/// The keeper has seen the process end; it is a zombie until the app lets it be reaped.
struct process_exited {
  generation gen{};
  exit_status status;
  bool may_have_left_some = true; ///< false: nothing that it has started is alive
};

/// "The launch you ordered": the process runs.
struct launch_done {
  generation gen{};
  pid_t pid = 0;
  shared_fd channel = {}; ///< our end of its IPC channel; null: it has none
  uint64_t start_ticks = 0;
};

/// "The launch you ordered" did not come off.
struct launch_refused {
  generation gen{};
  std::string reason;
  bool is_transient = false;
};

/// "The tree you ordered": nothing of it is alive any more.
struct tree_ended {
  generation gen{};
  size_t killed = 0; ///< by SIGKILL, beside the process itself and its process group
};

/// What the keeper holds of a launch of an earlier daemon's.
struct held_launch {
  process_id id{};
  generation gen{};
  pid_t pid = 0;                   ///< 0: no child was made, where it is over; else it is not yet known whether one was
  bool is_over = false;            ///< it waits to be reaped
  exit_status status = {};         ///< where it is over
  std::vector<shared_fd> fds = {}; ///< read ends of stdout and stderr, and our end of its IPC channel, if it has one
  uint64_t start_ticks = 0;
  bool is_foster = false;     ///< no child of the keeper's: when it is over, its number may be another's
  bool is_taken_back = false; ///< this daemon has found it, after the loss of a keeper with all that it held
};

/// It is one of the times that the app has told the cron_scheduler.
struct cron_due {};

/// There is a new recorder, which knows nothing.
struct recorder_restarted {};

/// The first message to an app that an earlier daemon has written down is the held_launch of its newest launch; one
/// with neither pid nor exit says that there is none.
using app_actor =
    caf::typed_actor<caf::result<app_answer>(app_request), caf::result<app_answer>(pass_on),
                     caf::result<void>(fd_ready), caf::result<void>(new_declaration), caf::result<void>(launch_done),
                     caf::result<void>(launch_refused), caf::result<void>(process_exited),
                     caf::result<void>(tree_ended), caf::result<void>(held_launch), caf::result<void>(cron_due),
                     caf::result<void>(recorder_restarted), caf::result<void>(for_worker),
                     caf::result<void>(slot_standing)>;

// -- tree_ender: sees to it that nothing of an app's tree stays behind

/// An app's actor asks for this as often as it likes, until it has been told tree_ended or says tree_settled.
struct tree_order {
  process_id id{};
  generation gen{};
  std::string label;           ///< "web:3", for messages
  pid_t leader = 0;            ///< the process; the number stays its own until the app lets it be reaped
  bool leader_is_over = false; ///< then tree_ended is to be sent
  uint64_t foster_start =
      0;          ///< start_ticks of a leader that is no child of the keeper's: its number alone is not certain
  int signal = 0; ///< to everything of the tree, once; SIGKILL: to what is found later, too. 0: none
};

/// The process is over and has left nothing.
struct tree_settled {
  process_id id{};
  generation gen{};
};

/// The answer to look_order: children of the keeper's that are no launches, living when it looked.
struct orphans_seen {
  std::vector<pid_t> pids;
};

using tree_ender_actor = caf::typed_actor<caf::result<void>(tree_order), caf::result<void>(tree_settled),
                                          caf::result<void>(orphans_seen), caf::result<void>(fd_ready)>;

// -- cron_scheduler: knows when apps are due

/// The sender, an app, is to be told when it is due. Its newest entry counts; one without times ends it.
struct cron_entry {
  std::string times; ///< core/cron
  std::string zone;  ///< a name; empty: this process's own
};

using cron_scheduler_actor = caf::typed_actor<caf::result<void>(cron_entry), caf::result<void>(fd_ready)>;

// -- file_watcher: hears of files that change

using shared_watch_rules = std::shared_ptr<const watch_rules>;

/// The sender, the registry, is to be told of the files that this process is restarted for. Its newest entry counts.
struct watch_entry {
  process_id id{};
  shared_watch_rules rules;                ///< null: it watches nothing. Processes of one app share theirs
  std::vector<std::string> own_files = {}; ///< logs and the like: they count for nobody
};

struct files_changed {
  std::vector<process_id> ids;
  std::vector<file_change> changes;
};

/// Their files cannot be watched, or not all of them. Empty: it is over.
struct watch_trouble {
  std::vector<process_id> ids;
  std::string text;
};

using file_watcher_actor = caf::typed_actor<caf::result<void>(watch_entry), caf::result<void>(fd_ready)>;

// -- memory_guard: looks after the memory of processes that have a limit

/// The sender, the registry, is to be told when this launch and what it has started use more. The newest entry of an id
/// counts.
struct memory_entry {
  process_id id{};
  generation gen{};
  pid_t pid = 0;
  uint64_t limit = 0; ///< bytes; 0: none any more
  std::chrono::milliseconds interval{0};

  bool operator==(const memory_entry&) const = default;
};

/// Said again after a while, where it goes on.
struct memory_exceeded {
  process_id id{};
  generation gen{};
  uint64_t used = 0;
  uint64_t limit = 0;
};

using memory_guard_actor = caf::typed_actor<caf::result<void>(memory_entry)>;

// -- launcher: creates processes, and speaks with the keeper

/// What an app declares by `listen`, in that order; null: nothing.
using shared_sockets = std::shared_ptr<const std::vector<shared_fd>>;

struct launch_order {
  process_id id{};
  generation gen{};
  int instance = 0;
  shared_spec spec;
  shared_environment caller;
  shared_sockets sockets = {}; ///< from the registry
};

/// The exit is known and nothing of the process's tree is alive: the keeper may forget the process.
struct reap_order {
  process_id id{};
  generation gen{};
};

/// The exit of this launch of an earlier daemon's is to be told to the sender, an app.
struct claim_launch {
  process_id id{};
  generation gen{};
};

/// The file in which all processes are written down, for the keeper to hold: the next daemon goes on from it.
struct deposit_state {
  shared_fd file;
};

/// The keeper shall make room for this program. Whoever asks is answered only where it does not: with why.
struct give_way_to {
  shared_fd program;
};

/// `kill`: every app is down; the keeper shall end the recorder and itself, for this process exits now.
struct end_keeper {};

/// A listening socket that the keeper is to hold for the next daemon, with the text that says what it is.
struct keep_socket {
  std::string text; ///< core/kept_socket
  shared_fd fd;     ///< null: it is held no longer
};

/// Whoever asks for this is sent orphans_seen, after each process_exited that the keeper had said before.
struct look_order {};

/// A launch_order is answered to its sender, an app, by launch_done or launch_refused, and its exit by process_exited.
using launcher_actor =
    caf::typed_actor<caf::result<void>(launch_order), caf::result<void>(reap_order), caf::result<void>(claim_launch),
                     caf::result<void>(look_order), caf::result<void>(deposit_state), caf::result<void>(keep_socket),
                     caf::result<void>(end_keeper), caf::result<std::string>(give_way_to), caf::result<void>(fd_ready)>;

// -- recorder_link: speaks with the recorder

/// One packet for the recorder (rpc/recorder_wire.hpp).
struct recorder_packet {
  /// What may become of it where the recorder is stalled (recorder_backlog).
  enum class role : uint8_t {
    line,       ///< of procvisor.log
    launch,     ///< `open` of this id and generation
    launch_end, ///< `ended`
    removal,    ///< `forget`
    client,     ///< who is handed over to it
    question,   ///< with a tag
  };
  role what{};
  std::string json;
  std::vector<shared_fd> fds = {};
  process_id id{};
  generation gen{};
  uint64_t tag = 0;
};

/// A file is to be replaced by the first bytes of `content`, durably. Answered with what went wrong; empty: it is on disk.
struct save_file {
  std::string path;
  shared_fd content;
  size_t size = 0;
};

/// The recorder was started anew.
struct new_recorder {
  shared_fd socket;
};

/// Wanted: the last lines that this launch has written to stderr, its pipe drained before. Empty where there are none,
/// where it is no longer the newest launch of its process, and where the recorder has not answered within half a second.
struct tail_stderr {
  process_id id{};
  generation gen{};
  size_t lines = 20;
};

/// A packet without its tag that the recorder is to carry out while somebody waits. Answered with what it could not do;
/// an error where it has not answered in time.
struct recorder_order {
  std::string json;
};
struct order_outcome {
  std::vector<std::string> failed; ///< lines for the user
};

using recorder_link_actor =
    caf::typed_actor<caf::result<void>(recorder_packet), caf::result<std::string>(tail_stderr),
                     caf::result<order_outcome>(recorder_order), caf::result<std::string>(save_file),
                     caf::result<void>(new_recorder), caf::result<void>(fd_ready)>;

// -- event_stream: a client that follows what happens

struct event_line {
  std::shared_ptr<const std::string> text; ///< one message of the wire, with its newline
};

using event_stream_actor = caf::typed_actor<caf::result<void>(event_line), caf::result<void>(fd_ready)>;

// -- registry: names, ids, namespaces

/// What happens to an app that runs already.
enum class when_running : uint8_t {
  restart, ///< it is restarted with its new declaration (a file)
  refuse,  ///< an error, where the same script has the same name (a script)
  add,     ///< one more with that name (--force)
  reload,  ///< it is replaced by one with its new declaration (startOrReload)
};

/// How processes are replaced.
struct reload_manner {
  bool with_message = false; ///< gracefulReload: 'shutdown' on the IPC channel first
  size_t parallel = 1;       ///< so many at a time
};

struct start_apps {
  std::vector<shared_spec> specs;
  shared_environment caller;
  when_running policy = when_running::refuse;
  bool until_they_run = true; ///< false: answered as soon as they have been executed
  /// With when_running::restart: processes that are there get this caller's environment. Otherwise they keep that of the
  /// caller who has entered them in the list.
  bool updates_env = false;
  reload_manner manner = {}; ///< with when_running::reload
};

/// What becomes of the watch of an app.
enum class watch_switch : uint8_t { as_it_is, off, toggle };

/// What a command changes of an app for good.
struct declaration_change {
  std::shared_ptr<const nlohmann::json> keys; ///< for spec_with(); nullptr: none
  shared_environment caller;                  ///< nullptr: it keeps its own
  watch_switch watch = watch_switch::as_it_is;

  bool is_of_spec() const noexcept { return keys || watch != watch_switch::as_it_is; }
  explicit operator bool() const noexcept { return is_of_spec() || caller; }
};

struct act_on {
  app_verb verb = app_verb::stop;
  std::vector<std::string> targets = {}; ///< as typed
  std::string cwd = {};                  ///< where targets that are scripts start
  declaration_change change = {};        ///< made before
  std::vector<std::string> names = {};   ///< exact ones, from a file; one that is not there is skipped
  bool everything = false;               ///< whatever there is; nothing is no error
  bool until_they_run = true;            ///< as in start_apps
  std::optional<reload_manner> reload =
      {}; ///< with app_verb::restart: one after the other, and without a gap if possible
};

/// More or fewer processes of one app. What is done are those that were started or those that were deleted; nothing is
/// done where it has so many already.
struct scale_app {
  std::string target; ///< as typed; all that it means has to be one app
  int amount = 0;
  bool is_relative = false; ///< amount is a difference, and may be negative
};

struct failed_target {
  std::string target; ///< as typed, or an app's name
  error what;
  std::string last_words = {}; ///< of a process that ended, to stderr
};

struct outcome {
  std::vector<listed_process> done;
  std::vector<failed_target> failed;
  std::map<process_id, std::string> replies = {}; ///< to an action_order: JSON
  std::vector<std::string> skipped = {};          ///< resurrect: names that are in the list already
  std::vector<std::string> notes = {};            ///< what the user should know of how it was done
};

/// Something for the programs that the targets mean.
struct pass_on_to {
  std::vector<std::string> targets;
  app_order what;
};

/// The list is to be saved as dump.json, durably.
struct dump_list {
  bool is_forced = false;  ///< even where it is empty
  bool is_cleared = false; ///< an empty one, whatever there is
};

struct dumped {
  size_t processes = 0; ///< 0, and not forced: the file is as it was
  std::string failed;   ///< why it is not on disk; empty: it is
};

/// Processes of a saved list are to be there again: those that ran are started, the others are listed.
struct resurrect_list {
  std::shared_ptr<const saved_state> saved;
};

/// Which processes a command means.
struct find_processes {
  std::vector<std::string> targets; ///< none: all
};

struct found_processes {
  std::vector<listed_process> processes;
  std::vector<failed_target> failed;
  std::vector<std::string> notes = {}; ///< what the user should know of the daemon's state
};

/// An app's actor says what its process is doing now.
struct process_changed {
  process_view view;
  lifecycle state;
};

/// All that the keeper holds from an earlier daemon; then those of which it has found out later.
struct held_launches {
  std::vector<held_launch> launches;
  std::vector<keep_socket> sockets = {};
};

struct offers_changed {
  process_id id{};
  shared_offers offers;
};

/// What a program says on its IPC channel to whom it may concern.
struct app_said {
  process_id id{};
  generation gen{};
  ipc::said message;
};

/// What happens to processes from now on is for this one. Answered with whether it may.
struct follow_events {
  event_stream_actor follower;
};

struct process_removed {
  process_id id{};
  generation gen{}; ///< of its last launch
};

/// An app's orders for the launcher pass through the registry, behind the process_changed that led to them: what is done
/// has been written down before.
using registry_actor = caf::typed_actor<
    caf::result<outcome>(start_apps), caf::result<outcome>(act_on), caf::result<dumped>(dump_list),
    caf::result<outcome>(resurrect_list), caf::result<outcome>(scale_app), caf::result<outcome>(pass_on_to),
    caf::result<found_processes>(find_processes), caf::result<void>(process_changed), caf::result<void>(offers_changed),
    caf::result<void>(process_removed), caf::result<void>(launch_order), caf::result<void>(reap_order),
    caf::result<void>(held_launches), caf::result<void>(recorder_restarted), caf::result<void>(hold_connections),
    caf::result<void>(files_changed), caf::result<void>(watch_trouble), caf::result<void>(memory_exceeded),
    caf::result<void>(app_said), caf::result<bool>(follow_events)>;

// -- sampler: cpu and memory, only when somebody asks

struct usage {
  double cpu = 0;      ///< percent of one core since the sample before, or since the process started
  uint64_t memory = 0; ///< resident bytes
};

struct sample_processes {
  std::vector<pid_t> pids;
};

struct samples {
  std::vector<usage> values; ///< one for each pid, in order; not older than 2 s
};

using sampler_actor = caf::typed_actor<caf::result<samples>(sample_processes)>;

// -- rpc_server and its sessions

/// There are as many sessions as there may be, and another client waits: one that has nothing to do ends. Answered with
/// whether it does.
struct make_room {};

using rpc_server_actor = caf::typed_actor<caf::result<void>(fd_ready)>;
using session_actor = caf::typed_actor<caf::result<void>(fd_ready), caf::result<bool>(make_room)>;

// -- root

/// Every app has been stopped and whoever asked knows: end the keeper, the recorder and this process.
struct end_everything {};

/// The keeper was sent SIGTERM: stop every app, then end everything.
struct terminate_requested {};

/// The keeper's socket is closed: nobody holds the apps' descriptors or hears of their exits any more.
struct keeper_lost {};

using root_actor = caf::typed_actor<caf::result<void>(end_everything), caf::result<void>(terminate_requested),
                                    caf::result<void>(keeper_lost), caf::result<void>(held_launches),
                                    caf::result<void>(recorder_restarted), caf::result<void>(hold_connections)>;

} // namespace procvisor

CAF_BEGIN_TYPE_ID_BLOCK(procvisor_daemon, caf::id_block::procvisor_loop::end)

  // app
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::app_request))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::new_declaration))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::process_exited))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::launch_done))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::launch_refused))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::app_answer))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::pass_on))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::held_launch))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::recorder_restarted))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::app_actor))

  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::tree_ended))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::for_worker))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::slot_standing))

  // cluster_balancer
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::worker_up))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::worker_said))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::worker_retires))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::worker_down))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::release_sockets))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::hold_connections))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::adopted_socket))

  // tree_ender
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::tree_order))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::tree_settled))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::orphans_seen))

  // cron_scheduler
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::cron_entry))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::cron_due))

  // file_watcher
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::watch_entry))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::files_changed))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::watch_trouble))

  // memory_guard
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::memory_entry))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::memory_exceeded))

  // launcher
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::launch_order))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::reap_order))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::look_order))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::claim_launch))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::deposit_state))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::end_keeper))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::keep_socket))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::give_way_to))

  // recorder_link
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::recorder_packet))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::save_file))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::new_recorder))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::tail_stderr))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::recorder_order))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::order_outcome))

  // registry
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::start_apps))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::act_on))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::scale_app))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::outcome))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::dump_list))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::dumped))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::resurrect_list))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::find_processes))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::found_processes))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::process_changed))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::pass_on_to))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::offers_changed))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::held_launches))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::app_said))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::follow_events))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::event_line))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::process_removed))

  // sampler
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::sample_processes))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::samples))

  // rpc_server
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::make_room))

  // root
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::end_everything))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::terminate_requested))
  CAF_ADD_TYPE_ID(procvisor_daemon, (procvisor::keeper_lost))

CAF_END_TYPE_ID_BLOCK(procvisor_daemon)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::app_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::new_declaration)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::process_exited)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::launch_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::launch_refused)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::app_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::pass_on)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::held_launch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder_restarted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::tree_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::for_worker)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::slot_standing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::worker_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::worker_said)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::worker_retires)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::worker_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::release_sockets)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::hold_connections)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::tree_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::tree_settled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::orphans_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::cron_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::cron_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::watch_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::files_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::watch_trouble)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::memory_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::memory_exceeded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::launch_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::look_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::reap_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::claim_launch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::deposit_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::end_keeper)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::keep_socket)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::adopted_socket)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::give_way_to)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder_packet)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::save_file)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::new_recorder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::tail_stderr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::order_outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::start_apps)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::act_on)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::scale_app)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::dump_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::dumped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::resurrect_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::find_processes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::found_processes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::process_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::pass_on_to)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::offers_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::held_launches)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::app_said)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::follow_events)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::event_line)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::process_removed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::sample_processes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::samples)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::make_room)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::end_everything)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::terminate_requested)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::keeper_lost)
