#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace procvisor::os {

struct mount {
  std::string root;  ///< which folder of the filesystem is seen there
  std::string point; ///< where it is seen
  std::string type;
};

/// The text of /proc/PID/mountinfo (proc(5)).
std::vector<mount> parse_mounts(std::string_view mountinfo);

/// That text of this process. Empty: there is no /proc.
std::string own_mountinfo();

/// The mount points, but for "/", whose filesystem asks a server that may not answer: NFS, SMB, FUSE, 9P, Ceph, autofs
/// and the like. `mountinfo` is the text of /proc/self/mountinfo (proc(5)). (Where "/" itself is such a one, nothing is
/// won by caution: every library and the daemon's own code come from there.)
std::vector<std::string> remote_mount_points(std::string_view mountinfo);

/// Does the walk along `path` (absolute) enter one of these mount points? Symbolic links are followed by hand and
/// nothing beyond such a mount point is looked at, so this never waits for a server.
bool enters_any(const std::string& path, const std::vector<std::string>& mount_points);

/// Could chdir or execve on this absolute path hang, because it is on a filesystem of a server? The list of mounts is
/// read again only when the kernel says that it has changed.
bool may_block(const std::string& path);

} // namespace procvisor::os
