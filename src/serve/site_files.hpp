#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "os/unique_fd.hpp"
#include "serve/listing.hpp"
#include "serve/request_path.hpp"

namespace procvisor::serve {

/// A file or folder below the root of a site, found and not yet opened for reading: looking at a pipe or a device does
/// nothing to it.
struct site_file {
  os::unique_fd place; ///< O_PATH
  bool is_folder = false;
  uint64_t size = 0;
  timespec changed{};
};

/// The files below a folder. The folder is looked up for each request: one that is replaced, or a link that is switched
/// to the next release, counts from then on.
class site_files {
public:
  explicit site_files(std::string root) : root_(std::move(root)) {}

  /// Nothing: there is none, it is neither a regular file nor a folder, or a symbolic link leads out of the root.
  std::optional<site_file> find(const request_path& path) const;

  /// Of a file that was found; nothing: it cannot be read.
  static os::unique_fd open_to_read(const site_file& file);

  /// What a folder shows, at most `most_listed` of it. Nothing: it cannot be read.
  static std::optional<std::vector<listed_file>> list(const site_file& folder);

  /// All of a small file; nothing: it is not there, or it is larger than a page of text is.
  std::optional<std::string> read_page(const request_path& path) const;

private:
  std::string root_;
};

} // namespace procvisor::serve
