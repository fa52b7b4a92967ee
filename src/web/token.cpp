#include "web/token.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "os/random.hpp"
#include "os/text_file.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::web {

namespace {

constexpr size_t most_bytes = 4096;

tl::unexpected<error> cannot(const char* what, const std::string& path) {
  return fail(exit_code::other, fmt::format("cannot {} {}: {}", what, path, ::strerrordesc_np(errno)));
}

/// Written beside and renamed: whoever reads meanwhile finds a whole one.
result<std::string> write_new(const std::string& path) {
  const auto token = os::random_text();
  const auto beside = path + ".new";
  ::unlink(beside.c_str());
  const os::unique_fd file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  const auto line = token + "\n";
  if (!file || ::fchmod(file.get(), 0600) != 0
      || ::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())
      || ::rename(beside.c_str(), path.c_str()) != 0)
    return cannot("write", path);
  return token;
}

} // namespace

std::string token_path(const os::home& place) {
  return place.path + "/web.token";
}

result<std::string> find_token(const os::home& place, bool wants_new) {
  const auto path = token_path(place);
  if (wants_new)
    return write_new(path);
  const auto text = os::read_text_file(path, most_bytes);
  if (!text && text.error() == ENOENT)
    return write_new(path);
  if (!text) {
    errno = text.error();
    return cannot("read", path);
  }
  const auto token = text->substr(0, text->find('\n'));
  constexpr size_t shortest = 16;
  if (token.size() < shortest)
    return fail(exit_code::other, fmt::format("the token in {} is shorter than {} characters", path, shortest),
                "procvisor web --token makes a new one");
  return token;
}

} // namespace procvisor::web
