#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <caf/disposable.hpp>

#include "actors/protocol.hpp"

namespace procvisor {

/// Says which processes have to be restarted for files that have changed, and when (core/watch_pace). A part of the
/// registry, whose actor it uses.
class watch_desk {
public:
  struct setup {
    file_watcher_actor watcher;
    recorder_link_actor recorder;
    std::string home;
    std::function<const lifecycle*(process_id)> look;               ///< nullptr: there is no such process
    std::function<void(process_id, const std::string&)> on_trouble; ///< empty: it is over
    std::function<void(const std::map<process_id, restart_cause>&)> restart;
  };
  watch_desk(registry_actor::pointer self, setup with);

  /// It begins, goes on with other files, or ends.
  void declare(process_id id, const shared_spec& spec);
  void forget(process_id id);

  void take(const files_changed& changed);
  void take(const watch_trouble& trouble);

  /// Somebody asks for something: what has changed before is of no interest any more.
  void on_command(process_id id, bool is_start);
  /// It is not to run any more.
  void on_down(process_id id);

private:
  struct watching {
    shared_spec spec;
    shared_watch_rules rules;
    std::vector<std::string> own_files;
    watch_pace pace;
    std::optional<steady_time> ended_at;
    std::string trouble; ///< of its files
    std::string pause;   ///< why it is paused
  };

  void enter(process_id id, const watching& of);
  shared_watch_rules rules_for(const app_spec& spec) const;
  void set_timer();
  void on_timer();
  void say(process_id id, const watching& of);

  registry_actor::pointer self_;
  setup with_;
  std::map<process_id, watching> watching_;
  caf::disposable timer_; ///< for the earliest
};

} // namespace procvisor
