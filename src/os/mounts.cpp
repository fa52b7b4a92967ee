#include "os/mounts.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

#include "os/unique_fd.hpp"

namespace procvisor::os {

namespace {

constexpr std::array remote_types = {"9p",   "afs",   "autofs",   "beegfs", "ceph",  "cifs",
                                     "coda", "gfs2",  "gpfs",     "lustre", "ncpfs", "nfs",
                                     "nfs4", "ocfs2", "orangefs", "pvfs2",  "smb3",  "smbfs"};

bool is_remote(std::string_view type) {
  return type.starts_with("fuse") || std::ranges::find(remote_types, type) != remote_types.end();
}

std::string_view next_word(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

/// proc(5): space, tab, newline and backslash stand as \ooo.
std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0'));
    i += 3;
  }
  return plain;
}

bool is_within(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t got = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (got <= 0)
      return text;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
}

/// The remote mount points of now. proc(5): mountinfo is ready for POLLPRI and POLLERR once after each change.
class mount_watch {
public:
  const std::vector<std::string>& points() {
    pollfd changed{mountinfo_.get(), POLLPRI, 0};
    if (!is_read_ || ::poll(&changed, 1, 0) > 0) {
      points_ = remote_mount_points(read_all(mountinfo_.get()));
      is_read_ = true;
    }
    return points_;
  }

private:
  unique_fd mountinfo_{::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)};
  bool is_read_ = false;
  std::vector<std::string> points_;
};

} // namespace

std::vector<mount> parse_mounts(std::string_view mountinfo) {
  std::vector<mount> all;
  while (!mountinfo.empty()) {
    const size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    std::string_view line = mountinfo.substr(0, end);
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    // "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": the fourth word, the fifth, and the first after
    // the dash.
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos)
      continue;
    std::string_view after_dash = line.substr(dash + 3);
    for (int i = 0; i < 3; ++i)
      next_word(line);
    mount one;
    one.root = unescape(next_word(line));
    one.point = unescape(next_word(line));
    one.type = next_word(after_dash);
    all.push_back(std::move(one));
  }
  return all;
}

std::string own_mountinfo() {
  const unique_fd file{::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)};
  return read_all(file.get());
}

std::vector<std::string> remote_mount_points(std::string_view mountinfo) {
  std::vector<std::string> points;
  for (auto& one : parse_mounts(mountinfo))
    if (one.point != "/" && is_remote(one.type))
      points.push_back(std::move(one.point));
  return points;
}

bool enters_any(const std::string& path, const std::vector<std::string>& mount_points) {
  if (mount_points.empty())
    return false;
  constexpr int max_links = 40; // the kernel's own limit (path_resolution(7))
  int links = 0;
  std::string done;
  std::string rest = path;
  while (!rest.empty()) {
    const size_t begin = std::min(rest.find_first_not_of('/'), rest.size());
    const size_t end = std::min(rest.find('/', begin), rest.size());
    const std::string name = rest.substr(begin, end - begin);
    rest.erase(0, end);
    if (name.empty() || name == ".")
      continue;
    if (name == "..") {
      done.erase(std::min(done.rfind('/'), done.size()));
      continue;
    }
    const std::string here = done + '/' + name;
    if (std::ranges::any_of(mount_points, [&](const std::string& point) { return is_within(here, point); }))
      return true;
    std::array<char, PATH_MAX> target;
    const ssize_t length = ::readlink(here.c_str(), target.data(), target.size());
    if (length < 0) { // no link, or not there at all, which the launch will say
      done = here;
      continue;
    }
    if (++links > max_links)
      return false;
    if (target[0] == '/')
      done.clear();
    rest = std::string(target.data(), static_cast<size_t>(length)) + rest;
  }
  return false;
}

bool may_block(const std::string& path) {
  static mount_watch mounts;
  return enters_any(path, mounts.points());
}

} // namespace procvisor::os
