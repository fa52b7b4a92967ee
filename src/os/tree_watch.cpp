#include "os/tree_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "core/path_text.hpp"
#include "core/text.hpp"

namespace procvisor::os {

namespace {

constexpr uint32_t comings_and_goings = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr uint32_t of_a_name = comings_and_goings | IN_MOVE_SELF;
constexpr uint32_t of_a_folder = of_a_name | IN_CLOSE_WRITE;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string child_of(const std::string& folder, std::string_view name) {
  return fmt::format("{}/{}", folder == "/" ? "" : folder, name);
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real{::realpath(path.c_str(), nullptr), &std::free};
  return real ? real.get() : "";
}

bool is_folder(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

/// A file is made empty and closed later, when it is whole; a further name of one comes whole.
bool comes_whole(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 && (!S_ISREG(about.st_mode) || about.st_nlink > 1);
}

bool is_below(const std::string& path, const std::string& folder) {
  const auto rest = rest_below(path, folder);
  return rest && !rest->empty();
}

} // namespace

// -- roots ----------------------------------------------------------------------

void tree_watch::add(const std::string& path) {
  const auto at = roots_.try_emplace(path).first;
  set_problem(at, "");
  if (!open()) {
    set_problem(at, inotify_shortage(errno));
    return;
  }
  look(at);
  if (!at->second.real.empty() && at->second.is_folder)
    jobs_.push_back({path, at->second.real, false});
}

void tree_watch::remove(const std::string& path) {
  if (roots_.erase(path) == 0)
    return;
  std::erase_if(jobs_, [&](const job& one) { return one.root == path; });
  if (roots_.empty())
    begin_anew();
  else
    drop_unwanted("/");
}

bool tree_watch::open() {
  if (!fd_) {
    fd_ = open_inotify();
    ++times_opened_;
  }
  return static_cast<bool>(fd_);
}

std::string tree_watch::problem_of(const std::string& path) const {
  const auto at = roots_.find(path);
  return at == roots_.end() ? std::string{} : at->second.problem;
}

/// Without any watch, and looks through everything.
void tree_watch::begin_anew() {
  fd_.reset();
  watches_.clear();
  paths_.clear();
  jobs_.clear();
  listing_.reset();
  if (roots_.empty())
    return;
  const bool is_open = open();
  const int failure = errno;
  for (auto at = roots_.begin(); at != roots_.end(); ++at) {
    if (!is_open) {
      set_problem(at, inotify_shortage(failure));
      continue;
    }
    find(at);
    if (!at->second.real.empty() && at->second.is_folder)
      jobs_.push_back({at->first, at->second.real, false});
    host_.on_change({at->first, at->first}); // nobody knows what
  }
}

/// Finds the root where it is now, and what has become of it.
void tree_watch::look(root_at at) {
  auto& of = at->second;
  const auto before = of.real;
  const bool was_folder = of.is_folder;
  const bool was_looked_at = std::exchange(of.is_looked_at, true);
  const auto known = watches_.find(before);
  const int watch_before = known != watches_.end() ? known->second : -1;
  find(at);
  if (!before.empty() && before != of.real)
    drop_unwanted(before);
  if (!was_looked_at)
    return;
  const auto now = watches_.find(of.real);
  const bool is_same_folder = was_folder && of.is_folder && now != watches_.end() && now->second == watch_before;
  if (before == of.real && (of.real.empty() || is_same_folder))
    return;
  if (of.is_folder && !of.real.empty())
    jobs_.push_back({at->first, of.real, true});
  host_.on_change({at->first, at->first, of.real.empty()});
}

void tree_watch::find(root_at at) {
  auto& of = at->second;
  constexpr int most_tries = 4; // what is looked for may come at this moment
  for (int tries = 0; tries < most_tries; ++tries) {
    of.names.clear();
    of.real = real_path(at->first);
    of.is_folder = !of.real.empty() && is_folder(of.real);
    for (size_t end = 0; end < at->first.size();) {
      end = std::min(at->first.find('/', end + 1), at->first.size());
      const auto part = at->first.substr(0, end);
      if (part == "/")
        break;
      struct stat about {};
      const bool is_there = ::lstat(part.c_str(), &about) == 0;
      if (!is_there || S_ISLNK(about.st_mode) || end == at->first.size())
        of.names.emplace_back(real_path(parent_of(part)), part.substr(part.rfind('/') + 1));
      if (!is_there)
        break;
    }
    const uint32_t mask = of.real.empty() || of.is_folder ? of_a_name : of_a_folder;
    for (const auto& [folder, name] : of.names)
      watch(at, folder, mask);
    if (of.is_folder)
      watch(at, of.real, of_a_folder);
    if (of.real == real_path(at->first))
      break;
  }
  if (of.real.empty())
    set_problem(at, "it is gone, and is watched again as soon as it is back");
  else if (of.problem.find("it is gone") == 0)
    set_problem(at, "");
}

void tree_watch::set_problem(root_at at, std::string text) {
  if (at->second.problem == text)
    return;
  at->second.problem = std::move(text);
  host_.on_problem(at->first, at->second.problem);
}

// -- watches --------------------------------------------------------------------

int tree_watch::watch(root_at at, const std::string& path, uint32_t mask) {
  const int made = ::inotify_add_watch(fd_.get(), path.c_str(), mask | IN_MASK_ADD | IN_ONLYDIR | IN_DONT_FOLLOW);
  if (made < 0) {
    const int failure = errno;
    if (failure == ENOSPC || failure == ENOMEM)
      set_problem(at, inotify_shortage(failure));
    else if (failure == EACCES)
      set_problem(at, fmt::format("{} cannot be read", in_quotes(path)));
    return -failure; // otherwise it is gone by now
  }
  const auto known = watches_.find(path);
  if (known != watches_.end() && known->second == made)
    return made;
  if (known != watches_.end())
    forget_below(path); // another folder has taken its place
  watches_[path] = made;
  paths_[made].push_back(path);
  return made;
}

/// The kernel has given it up.
void tree_watch::forget(int watch) {
  const auto at = paths_.find(watch);
  if (at == paths_.end())
    return;
  for (const auto& path : at->second)
    watches_.erase(path);
  paths_.erase(at);
}

/// The folders of these paths are not there any more, wherever they are now.
void tree_watch::forget_below(const std::string& path) {
  for (auto at = watches_.lower_bound(path); at != watches_.end();) {
    if (!at->first.starts_with(path))
      return;
    if (!rest_below(at->first, path)) {
      ++at; // "/a-b" stands between "/a" and "/a/b"
      continue;
    }
    auto& names = paths_[at->second];
    std::erase(names, at->first);
    if (names.empty()) {
      ::inotify_rm_watch(fd_.get(), at->second);
      paths_.erase(at->second);
    }
    at = watches_.erase(at);
  }
}

void tree_watch::drop_unwanted(const std::string& below) {
  std::vector<std::string> unwanted;
  for (const auto& [path, watch] : watches_)
    if (rest_below(path, below) && !is_wanted(path))
      unwanted.push_back(path);
  for (const auto& path : unwanted) {
    const int watch = watches_.at(path);
    watches_.erase(path);
    auto& names = paths_[watch];
    std::erase(names, path);
    if (!names.empty())
      continue;
    ::inotify_rm_watch(fd_.get(), watch);
    paths_.erase(watch);
  }
}

bool tree_watch::is_wanted(const std::string& path) const {
  return std::ranges::any_of(roots_, [&](const auto& item) {
    const auto& [name, of] = item;
    if (std::ranges::any_of(of.names, [&](const auto& one) { return one.first == path; }))
      return true;
    const auto rest = of.is_folder && !of.real.empty() ? rest_below(path, of.real) : std::nullopt;
    return rest && (rest->empty() || host_.wants(name, fmt::format("{}{}", name == "/" ? "" : name, *rest)));
  });
}

std::string tree_watch::declared(root_at at, const std::string& real_path) {
  return fmt::format("{}{}", at->first == "/" ? "" : at->first, *rest_below(real_path, at->second.real));
}

void tree_watch::tell(root_at at, const std::string& real_path, bool is_gone) const {
  host_.on_change({at->first, declared(at, real_path), is_gone});
}

// -- events ---------------------------------------------------------------------

void tree_watch::read() {
  read_inotify(fd_.get(), [this](const inotify_change& event) { take(event); });
  for (const auto& name : std::exchange(to_look_at_, {}))
    if (const auto at = roots_.find(name); at != roots_.end())
      look(at);
  if (std::exchange(has_overflowed_, false))
    begin_anew();
}

void tree_watch::take(const inotify_change& event) {
  has_overflowed_ = has_overflowed_ || (event.mask & IN_Q_OVERFLOW) != 0;
  const auto at = paths_.find(event.watch);
  if (at == paths_.end())
    return; // of a watch that was given up
  const auto folders = at->second;
  const bool is_over = (event.mask & IN_IGNORED) != 0;
  if (is_over)
    forget(event.watch);
  if (!event.name.empty()) {
    for (const auto& folder : folders)
      take_child(folder, event);
    return;
  }
  for (const auto& folder : folders)
    for (auto& [name, of] : roots_) {
      const bool depends =
          of.real == folder || std::ranges::any_of(of.names, [&](const auto& one) { return one.first == folder; });
      if (!depends)
        continue;
      if (!is_over)
        forget_below(folder); // it has been moved
      to_look_at_.insert(name);
    }
}

void tree_watch::take_child(const std::string& folder, const inotify_change& event) {
  const auto path = child_of(folder, event.name);
  const bool is_gone = (event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0;
  if (is_gone && (event.mask & IN_ISDIR) != 0)
    forget_below(path);
  for (auto at = roots_.begin(); at != roots_.end(); ++at) {
    auto& of = at->second;
    const bool is_name_of_root =
        std::ranges::any_of(of.names, [&](const auto& one) { return one.first == folder && one.second == event.name; });
    if (is_name_of_root && of.is_folder) {
      to_look_at_.insert(at->first);
    } else if (is_name_of_root) {
      if ((event.mask & comings_and_goings) != 0)
        to_look_at_.insert(at->first);
      if (of.real == path && (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0)
        tell(at, path, false);
    } else if (of.is_folder && is_below(path, of.real)) {
      take_below(at, path, event);
    }
  }
}

void tree_watch::take_below(root_at at, const std::string& path, const inotify_change& event) {
  const bool is_gone = (event.mask & (IN_DELETE | IN_MOVED_FROM)) != 0;
  if ((event.mask & IN_ISDIR) == 0) {
    if (is_gone || (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0 || comes_whole(path))
      tell(at, path, is_gone);
    return;
  }
  if (!host_.wants(at->first, declared(at, path)))
    return;
  if ((event.mask & IN_MOVED_FROM) != 0)
    tell(at, path, true); // nothing is said of what is in it
  else if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0)
    jobs_.push_back({at->first, path, true});
}

// -- looking through folders ----------------------------------------------------

void tree_watch::work(std::chrono::milliseconds at_most) {
  constexpr int entries_at_once = 64;
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (has_work() && std::chrono::steady_clock::now() < end) {
    if (!listing_) {
      list();
      continue;
    }
    for (int i = 0; i < entries_at_once && listing_; ++i) {
      if (const dirent* entry = ::readdir(listing_.get()))
        list_entry(listed_, *entry);
      else
        listing_.reset();
    }
  }
}

void tree_watch::list() {
  listed_ = std::move(jobs_.front());
  jobs_.pop_front();
  const auto at = roots_.find(listed_.root);
  if (at == roots_.end() || !at->second.is_folder || !rest_below(listed_.folder, at->second.real))
    return; // given up meanwhile
  // Watched before it is looked through: what comes in between is seen twice, and not missed.
  if (const int made = watch(at, listed_.folder, of_a_folder); made < 0) {
    if (made == -ENOSPC)
      std::erase_if(jobs_, [&](const job& one) { return one.root == listed_.root; });
    return;
  }
  listing_.reset(::opendir(listed_.folder.c_str()));
}

void tree_watch::list_entry(const job& of, const dirent& entry) {
  const bool may_be_folder = entry.d_type == DT_DIR || entry.d_type == DT_UNKNOWN;
  if (!may_be_folder && !of.is_new)
    return; // nearly always
  const std::string_view name = entry.d_name;
  const auto at = roots_.find(of.root);
  if (name == "." || name == ".." || at == roots_.end() || !rest_below(of.folder, at->second.real))
    return;
  const auto path = child_of(of.folder, name);
  if (entry.d_type == DT_DIR || (entry.d_type == DT_UNKNOWN && is_folder(path))) {
    if (host_.wants(of.root, declared(at, path)))
      jobs_.push_back({of.root, path, of.is_new});
  } else if (of.is_new) {
    tell(at, path, false);
  }
}

} // namespace procvisor::os
