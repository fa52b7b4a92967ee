#include "os/cgroup.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "core/crc32.hpp"
#include "os/pidfd.hpp"

namespace procvisor::os {

namespace {

constexpr std::string_view base_prefix = "procvisor-";
constexpr mode_t private_folder = 0700;
constexpr nlink_t links_of_an_empty_folder = 2;

std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (got <= 0)
      return text;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
}

std::string read_file(const std::string& path) {
  const unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  return file ? read_all(file.get()) : std::string{};
}

bool write_file(const std::string& path, std::string_view text) {
  const unique_fd file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string membership_of(pid_t pid) {
  return read_file(fmt::format("/proc/{}/cgroup", pid));
}

/// The last part of a path, and what is in front of it.
std::string_view take_last_part(std::string_view& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos)
    return std::exchange(path, {});
  const auto last = path.substr(slash + 1);
  path = path.substr(0, slash);
  return last;
}

bool is_base_name(std::string_view name) {
  return name.size() == base_prefix.size() + 8 && name.starts_with(base_prefix)
         && name.find_first_not_of("0123456789abcdef", base_prefix.size()) == std::string_view::npos;
}

std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> found;
  struct stat about {};
  if (::stat(folder.c_str(), &about) == 0 && about.st_nlink == links_of_an_empty_folder)
    return found; // kernfs counts: nearly always so, and cheaper than a listing of its thirty files
  const std::unique_ptr<DIR, int (*)(DIR*)> listing{::opendir(folder.c_str()), &::closedir};
  while (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr)
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
      found.push_back(fmt::format("{}/{}", folder, entry->d_name));
  return found;
}

void collect_processes(const std::string& folder, std::vector<pid_t>& into) {
  const std::string text = read_file(folder + "/cgroup.procs");
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    pid_t pid = 0;
    at = std::from_chars(at, end, pid).ptr;
    if (pid > 0) // 0: of another pid namespace
      into.push_back(pid);
    at = std::find(at, end, '\n');
    at += at < end ? 1 : 0;
  }
  for (const auto& below : folders_in(folder))
    collect_processes(below, into);
}

} // namespace

std::string cgroup_path(std::string_view membership) {
  constexpr std::string_view version_2 = "0::";
  const size_t at = membership.starts_with(version_2) ? 0 : membership.find("\n0::");
  if (at == std::string_view::npos)
    return {};
  auto line = membership.substr(membership.find(version_2, at) + version_2.size());
  line = line.substr(0, line.find('\n'));
  constexpr std::string_view removed = " (deleted)";
  return line.ends_with(removed) ? std::string{} : std::string{line};
}

std::string cgroup_folder(const mount& hierarchy, std::string_view path) {
  if (hierarchy.point.empty() || path.empty() || path.starts_with("/.."))
    return {};
  const std::string_view root = hierarchy.root == "/" ? std::string_view{} : std::string_view{hierarchy.root};
  if (!path.starts_with(root) || (path.size() > root.size() && path[root.size()] != '/'))
    return {};
  path.remove_prefix(root.size());
  return path == "/" ? hierarchy.point : fmt::format("{}{}", hierarchy.point, path);
}

std::string_view above_launches(std::string_view path) {
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at + 1), path.size());
    if (end < path.size() && is_base_name(path.substr(at + 1, end - at - 1)))
      return at == 0 ? std::string_view{"/"} : path.substr(0, at);
    at = end;
  }
  return path;
}

launch_cgroups::launch_cgroups(std::string_view home, bool may_make)
  : name_(fmt::format("{}{:08x}", base_prefix, crc32(home))) {
  const std::string own = cgroup_path(read_file("/proc/self/cgroup"));
  for (auto& one : parse_mounts(own_mountinfo())) {
    if (one.type != "cgroup2" || cgroup_folder(one, own).empty())
      continue;
    hierarchy_ = std::move(one);
    break;
  }
  const std::string folder = cgroup_folder(hierarchy_, own);
  if (folder.empty() || !may_make)
    return;
  std::string base = fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", name_);
  if (::mkdir(base.c_str(), private_folder) != 0 && errno != EEXIST)
    return;
  if (::access((base + "/cgroup.kill").c_str(), W_OK) == 0)
    base_ = std::move(base);
  else
    ::rmdir(base.c_str());
}

std::optional<launch_cgroups::made> launch_cgroups::make(uint32_t id, uint64_t generation) const {
  made one{.folder = fmt::format("{}/{}.{}", base_, id, generation), .fd = {}};
  int failed = ::mkdir(one.folder.c_str(), private_folder);
  if (failed != 0 && errno == ENOENT && ::mkdir(base_.c_str(), private_folder) == 0) // somebody has tidied up
    failed = ::mkdir(one.folder.c_str(), private_folder);
  if (failed != 0 && errno == EEXIST && remove_cgroup(one.folder)) // an earlier list of apps had this launch, too
    failed = ::mkdir(one.folder.c_str(), private_folder);
  if (failed != 0)
    return std::nullopt;
  one.fd.reset(::open(one.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!one.fd) {
    const int why = errno;
    ::rmdir(one.folder.c_str());
    errno = why;
    return std::nullopt;
  }
  return one;
}

std::string launch_cgroups::of(pid_t pid) const {
  const std::string path = cgroup_path(membership_of(pid));
  std::string_view above = path;
  take_last_part(above);
  return take_last_part(above) == name_ ? cgroup_folder(hierarchy_, path) : std::string{};
}

std::string launch_cgroups::of_launch(uint32_t id, uint64_t generation) const {
  std::string folder = fmt::format("{}/{}.{}", base_, id, generation);
  return !base_.empty() && ::access(folder.c_str(), F_OK) == 0 ? folder : std::string{};
}

void launch_cgroups::sweep() const {
  if (base_.empty())
    return;
  for (const auto& folder : folders_in(base_))
    remove_cgroup(folder);
  ::rmdir(base_.c_str());
}

void leave_launch_cgroup() {
  const std::string own = cgroup_path(read_file("/proc/self/cgroup"));
  const auto above = above_launches(own);
  if (above.size() == own.size())
    return;
  for (const auto& one : parse_mounts(own_mountinfo()))
    if (one.type == "cgroup2")
      if (const auto folder = cgroup_folder(one, above); !folder.empty()) {
        write_file(folder + "/cgroup.procs", "0"); // where it may not, it ends with the app that has started it
        return;
      }
}

bool kill_cgroup(const std::string& folder) {
  return write_file(folder + "/cgroup.kill", "1");
}

std::vector<pid_t> processes_in(const std::string& folder) {
  std::vector<pid_t> found;
  collect_processes(folder, found);
  return found;
}

std::vector<held_process> hold_processes_in(const procfs& proc, const std::string& folder) {
  std::map<pid_t, held_process> held;
  std::map<pid_t, pid_t> parents;
  for (const pid_t pid : processes_in(folder)) {
    held_process one{.pid = pid, .group = 0, .session = 0, .pidfd = open_pidfd(pid)};
    const auto seen = one.pidfd ? proc.stat(pid) : std::nullopt;
    if (!seen || seen->is_over())
      continue;
    one.group = seen->group;
    one.session = seen->session;
    parents.emplace(pid, seen->parent);
    held.emplace(pid, std::move(one));
  }
  // Listed again after it was held: the number was its own then, if it is still alive when it is sent a signal.
  const auto depth = [&](pid_t pid) {
    size_t deep = 0;
    for (auto at = parents.find(pid); at != parents.end() && deep < parents.size(); at = parents.find(at->second))
      ++deep;
    return deep;
  };
  std::multimap<size_t, held_process, std::greater<>> by_depth;
  for (const pid_t pid : processes_in(folder))
    if (const auto at = held.find(pid); at != held.end())
      by_depth.emplace(depth(pid), std::move(at->second));
  std::vector<held_process> found;
  for (auto& [deep, one] : by_depth)
    found.push_back(std::move(one));
  return found;
}

unique_fd open_cgroup_events(const std::string& folder) {
  return unique_fd{::open((folder + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC)};
}

bool is_populated(int events) {
  std::array<char, 256> text;
  const ssize_t got = ::pread(events, text.data(), text.size(), 0);
  return got > 0
         && std::string_view{text.data(), static_cast<size_t>(got)}.find("populated 1") != std::string_view::npos;
}

bool remove_cgroup(const std::string& folder) {
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT)
    return true;
  if (const auto events = open_cgroup_events(folder); !events || is_populated(events.get()))
    return false;
  for (const auto& below : folders_in(folder))
    if (!remove_cgroup(below))
      return false;
  return ::rmdir(folder.c_str()) == 0;
}

} // namespace procvisor::os
