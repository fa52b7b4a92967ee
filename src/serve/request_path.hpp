#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace procvisor::serve {

/// Which file of a site a request names, by its text alone.
struct request_path {
  std::vector<std::string> parts; ///< "/a/./x/../b" is a, b; none: the root
  bool names_folder = false;      ///< it ended in a slash, or in a part that means a folder
};

enum class path_problem : uint8_t {
  invalid, ///< does not begin with a slash, or has a NUL in it
  outside, ///< more .. than there are folders
  hidden,  ///< a part begins with a dot; .well-known alone may
};

/// `path` is decoded already.
tl::expected<request_path, path_problem> parse_request_path(std::string_view path);

/// A file that is not shown, nor listed.
bool is_hidden(std::string_view name);

/// "a/b", as openat(2) takes it; "." for the root.
std::string relative_path(const request_path& path);

/// "/a%20b/": what a Location or a link has. In the form of this site alone: it never names another host.
std::string link_to(const request_path& path);

/// A name as a part of a link.
std::string percent_encoded(std::string_view name);

} // namespace procvisor::serve
