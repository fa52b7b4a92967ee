#include "os/rotated_files.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace procvisor::os {

namespace {

constexpr std::string_view compressed = ".gz";

struct suffix {
  int number = 0;
  bool is_compressed = false;
};

/// Of "7" and "7.gz".
std::optional<suffix> parse_suffix(std::string_view text) {
  suffix made;
  made.is_compressed = text.ends_with(compressed);
  if (made.is_compressed)
    text.remove_suffix(compressed.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), made.number);
  if (error != std::errc{} || end != text.data() + text.size() || made.number < 1 || text.front() == '0')
    return std::nullopt;
  return made;
}

std::string numbered(const std::string& log, int number, bool is_compressed) {
  return fmt::format("{}.{}{}", log, number, is_compressed ? compressed : "");
}

} // namespace

std::vector<rotated_file> rotated_files(const std::string& log) {
  std::vector<rotated_file> found;
  const auto slash = log.rfind('/');
  const auto folder = slash == std::string::npos ? std::string{"."} : log.substr(0, slash + 1);
  const auto prefix = log.substr(slash + 1) + "."; // npos + 1 is 0
  const std::unique_ptr<DIR, int (*)(DIR*)> listing{::opendir(folder.c_str()), &::closedir};
  while (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr) {
    const std::string_view name{entry->d_name};
    const auto parsed = name.starts_with(prefix) ? parse_suffix(name.substr(prefix.size())) : std::nullopt;
    struct stat about {};
    if (!parsed)
      continue;
    rotated_file one{.number = parsed->number,
                     .is_compressed = parsed->is_compressed,
                     .path = numbered(log, parsed->number, parsed->is_compressed)};
    if (::lstat(one.path.c_str(), &about) != 0 || !S_ISREG(about.st_mode))
      continue;
    one.size = static_cast<uint64_t>(about.st_size);
    one.inode = about.st_ino;
    found.push_back(std::move(one));
  }
  std::ranges::sort(found, {}, &rotated_file::number);
  return found;
}

int rotate_files(const std::string& log, int keep) {
  auto files = rotated_files(log);
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    const bool stays = file->number < keep;
    const int failed = stays
                           ? ::rename(file->path.c_str(), numbered(log, file->number + 1, file->is_compressed).c_str())
                           : ::unlink(file->path.c_str());
    if (failed != 0 && errno != ENOENT)
      return errno;
  }
  const int failed = keep > 0 ? ::rename(log.c_str(), numbered(log, 1, false).c_str()) : ::unlink(log.c_str());
  return failed == 0 ? 0 : errno;
}

void limit_rotated_files(const std::string& log, uint64_t bytes) {
  uint64_t sum = 0;
  for (const auto& file : rotated_files(log)) {
    sum += file.size;
    if (sum > bytes)
      ::unlink(file.path.c_str());
  }
}

bool remove_oldest_rotated_file(const std::string& log) {
  const auto files = rotated_files(log);
  return !files.empty() && ::unlink(files.back().path.c_str()) == 0;
}

bool is_file_at(int fd, const std::string& path) {
  struct stat open {};
  struct stat there {};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &there) == 0 && open.st_ino == there.st_ino
         && open.st_dev == there.st_dev;
}

} // namespace procvisor::os
