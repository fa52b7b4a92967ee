#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace procvisor::os {

/// What a log file was before: `app-out.log.1` is the newest, `app-out.log.2.gz` has been compressed.
struct rotated_file {
  int number = 0;
  bool is_compressed = false;
  uint64_t size = 0;
  ino_t inode = 0;
  std::string path;
};

/// The newest first.
std::vector<rotated_file> rotated_files(const std::string& log);

/// Renames the log to `.1` and each older one to the next number; more than `keep` are removed. 0 or errno.
int rotate_files(const std::string& log, int keep);

/// Removes the oldest ones until all together have at most so many bytes.
void limit_rotated_files(const std::string& log, uint64_t bytes);

/// False: there is none.
bool remove_oldest_rotated_file(const std::string& log);

/// Whether the path leads to the file that is open.
bool is_file_at(int fd, const std::string& path);

} // namespace procvisor::os
