#pragma once

#include <dirent.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "os/inotify.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::os {

/// Hears of files that change below some roots: folders with all that is below them, and single files. One inotify
/// instance for all; a folder that two roots have in common has one watch.
///
/// It watches folders only, and never follows a link below a root. A file has changed when somebody who had it open for
/// writing closes it, and when it is made, moved or removed. In a folder that appears later, whatever is in it has changed.
///
/// A root may be a link, may be replaced, and may be gone for a while. The folder around it is watched for its name, and
/// so is the one around each link on the way to it; of a root that is not there, the nearest folder that is.
///
/// Looking through folders is work that is done bit by bit: a large tree takes longer than an event loop may.
class tree_watch {
public:
  struct change {
    const std::string& root; ///< as it was added
    std::string path;        ///< the same, or below it
    bool is_gone = false;
  };
  struct host {
    std::function<bool(const std::string& root, const std::string& folder)> wants; ///< asked for folders below the root
    std::function<void(const change&)> on_change;
    std::function<void(const std::string& root, const std::string& problem)> on_problem; ///< empty: it is over
  };
  explicit tree_watch(host of) : host_(std::move(of)) {}

  /// Absolute. Once more: what is wanted of it has changed.
  void add(const std::string& root);
  void remove(const std::string& root);

  /// For epoll; -1: there is nothing to watch.
  int fd() const noexcept { return fd_.get(); }
  /// How many there have been: after an overflow of the kernel's queue there is another one, which may have its number.
  size_t times_opened() const noexcept { return times_opened_; }
  void read();

  /// Empty: there is none.
  std::string problem_of(const std::string& root) const;

  bool has_work() const noexcept { return !jobs_.empty() || listing_; }
  void work(std::chrono::milliseconds at_most);

  size_t watches() const noexcept { return paths_.size(); }

private:
  struct root {
    std::string real; ///< without links; empty: it is not there
    bool is_folder = false;
    bool is_looked_at = false;
    std::vector<std::pair<std::string, std::string>> names; ///< in these folders the root depends on these names
    std::string problem;
  };
  using root_at = std::map<std::string, root>::iterator;
  struct job {
    std::string root;
    std::string folder;  ///< real
    bool is_new = false; ///< what is in it has changed
  };

  bool open();
  void begin_anew();
  void take(const inotify_change& event);
  void take_child(const std::string& folder, const inotify_change& event);
  void take_below(root_at at, const std::string& path, const inotify_change& event);
  void look(root_at at);
  void find(root_at at);
  void list();
  void list_entry(const job& of, const dirent& entry);
  int watch(root_at at, const std::string& path, uint32_t mask); ///< negative: the number of the error
  void forget(int watch);
  void forget_below(const std::string& path);
  void drop_unwanted(const std::string& below);
  bool is_wanted(const std::string& path) const;
  void set_problem(root_at at, std::string text);
  void tell(root_at at, const std::string& real_path, bool is_gone) const;
  static std::string declared(root_at at, const std::string& real_path);

  host host_;
  unique_fd fd_;
  size_t times_opened_ = 0;
  std::map<std::string, root> roots_;
  std::map<std::string, int> watches_; ///< by real path of a folder
  std::unordered_map<int, std::vector<std::string>> paths_;
  std::set<std::string> to_look_at_; ///< roots of which something has been heard
  bool has_overflowed_ = false;
  std::deque<job> jobs_;
  std::unique_ptr<DIR, int (*)(DIR*)> listing_{nullptr, &::closedir};
  job listed_;
};

} // namespace procvisor::os
