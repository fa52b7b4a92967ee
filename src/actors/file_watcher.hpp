#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/protocol.hpp"
#include "os/tree_watch.hpp"

namespace procvisor {

/// Tells the registry which processes the files that change are of. All of them share one os::tree_watch: nobody else may
/// use up the user's inotify instances, and a folder that many apps watch costs one watch. With nothing to watch it has
/// none.
class file_watcher_state {
public:
  static inline const char* name = "procvisor.file_watcher";

  explicit file_watcher_state(file_watcher_actor::pointer self);
  file_watcher_actor::behavior_type make_behavior();

private:
  struct watcher {
    shared_watch_rules rules;
    std::vector<std::string> own_files;
  };

  void enter(const watch_entry& wanted);
  void take_off(process_id id);
  bool is_own(std::string_view path) const;
  bool is_root(const std::string& path) const;
  bool wants_folder(const std::string& root, const std::string& folder) const;
  void on_change(const os::tree_watch::change& change);
  void on_problem(const std::string& root, const std::string& problem);
  /// After anything that may have led to changes or to work.
  void conclude();
  void work_later();
  std::vector<process_id> ids_of(const shared_watch_rules& rules) const;

  file_watcher_actor::pointer self_;
  registry_actor registry_;
  std::map<process_id, watcher> watchers_;
  std::map<shared_watch_rules, size_t> rules_;                     ///< each once, and how many processes have them
  std::unordered_map<std::string, size_t> own_files_;              ///< of how many processes
  std::map<shared_watch_rules, std::vector<file_change>> changes_; ///< of the turn under way
  os::tree_watch tree_;
  watched_fd events_;       ///< a copy of the tree's descriptor
  size_t times_opened_ = 0; ///< the tree's, of that descriptor
  caf::disposable work_;
};

using file_watcher_impl = file_watcher_actor::stateful_impl<file_watcher_state>;

} // namespace procvisor
