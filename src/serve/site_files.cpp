#include "serve/site_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "os/text_file.hpp"

namespace procvisor::serve {

namespace {

constexpr size_t most_listed = 10'000;
constexpr size_t most_page_bytes = 1 << 20;

std::string path_of(int fd) {
  return fmt::format("/proc/self/fd/{}", fd);
}

/// Where the file is now, without any link; empty: that cannot be told.
std::string real_path(int fd) {
  std::array<char, PATH_MAX> path;
  const ssize_t length = ::readlink(path_of(fd).c_str(), path.data(), path.size());
  return length > 0 && static_cast<size_t>(length) < path.size() ? std::string(path.data(), static_cast<size_t>(length))
                                                                 : std::string{};
}

bool is_inside(std::string_view path, std::string_view root) {
  if (root == "/")
    return path.starts_with('/');
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

/// Whether a name in a folder is a folder, links followed.
bool leads_to_folder(int folder, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK)
    return entry.d_type == DT_DIR;
  struct stat status {};
  return ::fstatat(folder, entry.d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

} // namespace

std::optional<site_file> site_files::find(const request_path& path) const {
  const os::unique_fd root{::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!root)
    return std::nullopt;
  site_file file;
  file.place.reset(::openat(root.get(), relative_path(path).c_str(), O_PATH | O_CLOEXEC));
  if (!file.place)
    return std::nullopt;
  // The check is on what was opened, so that no link can be switched between the check and the opening.
  const std::string root_path = real_path(root.get());
  if (root_path.empty() || !is_inside(real_path(file.place.get()), root_path))
    return std::nullopt;
  struct stat status {};
  if (::fstat(file.place.get(), &status) != 0)
    return std::nullopt;
  file.is_folder = S_ISDIR(status.st_mode);
  if (!file.is_folder && !S_ISREG(status.st_mode))
    return std::nullopt;
  file.size = static_cast<uint64_t>(status.st_size);
  file.changed = status.st_mtim;
  return file;
}

os::unique_fd site_files::open_to_read(const site_file& file) {
  return os::unique_fd{::open(path_of(file.place.get()).c_str(), O_RDONLY | O_CLOEXEC)};
}

std::optional<std::vector<listed_file>> site_files::list(const site_file& folder) {
  os::unique_fd fd = open_to_read(folder);
  if (!fd)
    return std::nullopt;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries{::fdopendir(fd.get()), ::closedir};
  if (!entries)
    return std::nullopt;
  const int owned_by_entries = fd.release();
  std::vector<listed_file> files;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (is_hidden(entry->d_name))
      continue;
    if (files.size() == most_listed)
      break;
    files.push_back({entry->d_name, leads_to_folder(owned_by_entries, *entry)});
  }
  return files;
}

std::optional<std::string> site_files::read_page(const request_path& path) const {
  const auto file = find(path);
  if (!file || file->is_folder)
    return std::nullopt;
  auto text = os::read_text_file(path_of(file->place.get()), most_page_bytes);
  return text ? std::optional{*std::move(text)} : std::nullopt;
}

} // namespace procvisor::serve
