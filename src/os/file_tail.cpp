#include "os/file_tail.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace procvisor::os {

namespace {

constexpr off_t block_bytes = 4 * max_line_bytes;

/// What [at, end) holds, at most one block of it.
std::string_view read_block(int fd, off_t at, off_t end, std::string& into) {
  into.resize(static_cast<size_t>(std::min(end - at, block_bytes)));
  const auto n = pread(fd, into.data(), into.size(), at);
  return {into.data(), static_cast<size_t>(std::max<ssize_t>(n, 0))};
}

/// Others than regular files are not opened: reading a FIFO would take from it.
unique_fd open_regular(const std::string& path, struct stat& about) {
  if (stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode))
    return {};
  return unique_fd{open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

} // namespace

off_t start_of_last_lines(int fd, off_t begin, off_t end, size_t lines) {
  if (lines == 0)
    return end;
  begin = std::max(begin, end - max_tail_bytes);
  std::string block;
  for (off_t block_end = end; block_end > begin;) {
    const off_t block_begin = std::max(begin, block_end - block_bytes);
    auto rest = read_block(fd, block_begin, block_end, block);
    if (static_cast<off_t>(rest.size()) < block_end - block_begin)
      return end; // truncated meanwhile
    if (block_end == end)
      rest.remove_suffix(1); // the newline that ends the last line, or a byte of the unfinished one
    while (const void* newline = rest.empty() ? nullptr : memrchr(rest.data(), '\n', rest.size())) {
      const auto offset = static_cast<size_t>(static_cast<const char*>(newline) - rest.data());
      if (--lines == 0)
        return block_begin + static_cast<off_t>(offset) + 1;
      rest = rest.substr(0, offset);
    }
    block_end = block_begin;
  }
  return begin;
}

std::string unfinished_line(const std::string& path, off_t end) {
  struct stat about {};
  const auto fd = open_regular(path, about);
  if (!fd || end > about.st_size)
    return {};
  std::string block;
  const auto last = read_block(fd.get(), std::max<off_t>(end - static_cast<off_t>(max_line_bytes), 0), end, block);
  const auto newline = last.rfind('\n');
  return std::string{newline == std::string_view::npos ? last : last.substr(newline + 1)};
}

file_tail::file_tail(const std::string& path, off_t begin, off_t end, size_t lines) {
  struct stat about {};
  fd_ = open_regular(path, about);
  if (!fd_)
    return;
  end_ = std::min(end, about.st_size);
  at_ = start_of_last_lines(fd_.get(), std::min(begin, end_), end_, lines);
}

std::vector<std::string_view> file_tail::next_lines() {
  std::vector<std::string_view> lines;
  if (done())
    return lines;
  auto rest = read_block(fd_.get(), at_, end_, block_);
  if (rest.empty()) {
    end_ = at_; // truncated meanwhile
    return lines;
  }
  const bool is_last = at_ + static_cast<off_t>(rest.size()) >= end_;
  while (!rest.empty()) {
    const auto newline = rest.find('\n');
    const bool is_cut = newline == std::string_view::npos && rest.size() < max_line_bytes && !is_last;
    if (is_cut && !lines.empty())
      break; // the next block begins with this line
    const auto length = std::min(std::min(newline, rest.size()), max_line_bytes);
    lines.push_back(rest.substr(0, length));
    const auto taken = length + (length == newline ? 1 : 0);
    at_ += static_cast<off_t>(taken);
    rest.remove_prefix(taken);
  }
  return lines;
}

} // namespace procvisor::os
