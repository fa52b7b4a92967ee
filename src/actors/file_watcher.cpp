#include "actors/file_watcher.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "actors/support.hpp"
#include "core/text.hpp"

namespace procvisor {

namespace {

/// Others have a turn after so much of looking through folders.
constexpr std::chrono::milliseconds work_at_once{4};

/// More changes of one turn are not told by name.
constexpr size_t most_changes = 2 * most_change_names;

watch_trouble trouble(std::vector<process_id> ids, const std::string& root, const std::string& problem) {
  return {std::move(ids), problem.empty() ? std::string{} : in_quotes(root) + ": " + problem};
}

} // namespace

file_watcher_state::file_watcher_state(file_watcher_actor::pointer self)
  : self_(self),
    tree_({.wants = [this](const std::string& root, const std::string& folder) { return wants_folder(root, folder); },
           .on_change = [this](const os::tree_watch::change& change) { on_change(change); },
           .on_problem = [this](const std::string& root, const std::string& problem) { on_problem(root, problem); }}) {
}

file_watcher_actor::behavior_type file_watcher_state::make_behavior() {
  keep_quiet(self_);
  return {
      [this](const watch_entry& wanted) {
        registry_ = caf::actor_cast<registry_actor>(self_->current_sender());
        enter(wanted);
      },
      [this](const fd_ready& ready) {
        if (!events_ || ready.token != events_.token())
          return;
        tree_.read();
        conclude();
        if (events_)
          events_.arm(EPOLLIN);
      },
  };
}

void file_watcher_state::enter(const watch_entry& wanted) {
  const auto before = watchers_.find(wanted.id);
  const auto old = before != watchers_.end() ? before->second.rules : nullptr;
  if (old)
    take_off(wanted.id);
  if (wanted.rules) {
    watchers_.emplace(wanted.id, watcher{wanted.rules, wanted.own_files});
    for (const auto& file : wanted.own_files)
      ++own_files_[file];
    const bool is_anew = ++rules_[wanted.rules] == 1 || wanted.rules == old;
    for (const auto& root : wanted.rules->roots()) {
      if (is_anew)
        tree_.add(root);
      else if (const auto problem = tree_.problem_of(root); !problem.empty())
        self_->send(registry_, trouble({wanted.id}, root, problem));
    }
  }
  if (old && !rules_.contains(old))
    for (const auto& root : old->roots())
      if (!is_root(root))
        tree_.remove(root);
  conclude();
}

void file_watcher_state::take_off(process_id id) {
  const auto gone = watchers_.extract(id);
  for (const auto& file : gone.mapped().own_files)
    if (--own_files_[file] == 0)
      own_files_.erase(file);
  if (--rules_[gone.mapped().rules] == 0)
    rules_.erase(gone.mapped().rules);
}

/// A log, or what has been one: `app-out.log.1`, `app-out.log.2.gz`.
bool file_watcher_state::is_own(std::string_view path) const {
  if (own_files_.contains(std::string{path}))
    return true;
  constexpr std::string_view compressed = ".gz";
  if (path.ends_with(compressed))
    path.remove_suffix(compressed.size());
  const auto digits = path.find_last_not_of("0123456789");
  const bool has_number = digits != std::string_view::npos && digits + 1 < path.size() && path[digits] == '.';
  return has_number && own_files_.contains(std::string{path.substr(0, digits)});
}

bool file_watcher_state::is_root(const std::string& path) const {
  return std::ranges::any_of(rules_, [&](const auto& item) {
    const auto& roots = item.first->roots();
    return std::ranges::find(roots, path) != roots.end();
  });
}

bool file_watcher_state::wants_folder(const std::string&, const std::string& folder) const {
  return std::ranges::any_of(rules_, [&](const auto& item) { return item.first->wants_folder(folder); });
}

void file_watcher_state::on_change(const os::tree_watch::change& change) {
  if (is_own(change.path))
    return;
  for (const auto& [rules, count] : rules_) {
    const bool is_its_root = std::ranges::find(rules->roots(), change.root) != rules->roots().end();
    if (auto& found = changes_[rules]; is_its_root && found.size() < most_changes && rules->wants_file(change.path))
      found.push_back({rules->shown(change.path), change.is_gone});
  }
}

void file_watcher_state::on_problem(const std::string& root, const std::string& problem) {
  for (const auto& [rules, count] : rules_)
    if (const auto& roots = rules->roots(); std::ranges::find(roots, root) != roots.end())
      self_->send(registry_, trouble(ids_of(rules), root, problem));
}

std::vector<process_id> file_watcher_state::ids_of(const shared_watch_rules& rules) const {
  std::vector<process_id> ids;
  for (const auto& [id, one] : watchers_)
    if (one.rules == rules)
      ids.push_back(id);
  return ids;
}

void file_watcher_state::conclude() {
  for (auto& [rules, changes] : std::exchange(changes_, {}))
    if (!changes.empty())
      self_->send(registry_, files_changed{ids_of(rules), std::move(changes)});
  if (tree_.fd() < 0)
    events_.reset();
  if (tree_.fd() >= 0 && (!events_ || times_opened_ != tree_.times_opened())) {
    times_opened_ = tree_.times_opened();
    events_.reset();
    if (os::unique_fd copy{::fcntl(tree_.fd(), F_DUPFD_CLOEXEC, 0)}) {
      events_ = watched_fd{event_loop::of(self_->system()), std::move(copy), caf::weak_actor_ptr{self_->ctrl()}};
      events_.arm(EPOLLIN);
    }
  }
  work_later();
}

void file_watcher_state::work_later() {
  if (!tree_.has_work() || work_.valid())
    return;
  work_ = self_->run_delayed(std::chrono::milliseconds{0}, [this] {
    work_ = {};
    tree_.work(work_at_once);
    conclude();
  });
}

} // namespace procvisor
