#include "os/log_history.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "os/rotated_files.hpp"

namespace procvisor::os {

namespace {

/// Others than regular files are not opened: reading a FIFO would take from it.
unique_fd open_regular(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode))
    return {};
  return unique_fd{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

off_t size_of(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 ? about.st_size : 0;
}

void fold_case(std::string& text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

/// As std::string::rfind, which compares at each place, many times as fast.
size_t last_place(std::string_view block, std::string_view text) {
  size_t last = std::string_view::npos;
  for (size_t from = 0; from < block.size();) {
    const void* found = ::memmem(block.data() + from, block.size() - from, text.data(), text.size());
    if (found == nullptr)
      return last;
    last = static_cast<size_t>(static_cast<const char*>(found) - block.data());
    from = last + 1;
  }
  return last;
}

} // namespace

log_history::log_history(const std::string& path) {
  const auto add = [this](const std::string& name) {
    if (auto fd = open_regular(name)) {
      const auto begin = parts_.empty() ? 0 : parts_.back().begin + parts_.back().size;
      const auto size = size_of(fd.get());
      parts_.push_back({std::move(fd), begin, size});
    }
  };
  auto aside = rotated_files(path);
  const auto compressed = std::ranges::find_if(aside, &rotated_file::is_compressed);
  if (compressed != aside.end())
    left_out_ = compressed->path;
  for (auto one = std::make_reverse_iterator(compressed); one != aside.rend(); ++one)
    add(one->path);
  const auto before = parts_.size();
  add(path);
  if (parts_.size() == before)
    parts_.clear(); // what was put aside before a file that is no more is not its past
}

off_t log_history::end() const {
  return parts_.empty() ? 0 : parts_.back().begin + size_of(parts_.back().fd.get());
}

std::string log_history::read(off_t begin, off_t end) const {
  std::string text;
  if (begin >= end)
    return text;
  text.resize(static_cast<size_t>(end - begin));
  size_t done = 0;
  for (const auto& one : parts_) {
    const auto here = begin + static_cast<off_t>(done);
    const bool is_last = &one == &parts_.back();
    const auto part_end = is_last ? end : std::min(end, one.begin + one.size);
    if (here < one.begin || here >= part_end)
      continue;
    while (begin + static_cast<off_t>(done) < part_end) {
      const auto at = begin + static_cast<off_t>(done);
      const auto n = ::pread(one.fd.get(), text.data() + done, static_cast<size_t>(part_end - at), at - one.begin);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0) { // emptied meanwhile
        text.resize(done);
        return text;
      }
      done += static_cast<size_t>(n);
    }
  }
  text.resize(done);
  return text;
}

std::vector<log_history::line> log_history::lines_from(off_t at, size_t count) const {
  std::vector<line> lines;
  const auto last = end();
  while (at < last && lines.size() < count) {
    const auto block = read(at, std::min(last, at + 4 * most_line_bytes));
    if (block.empty())
      break;
    const bool reaches_end = at + static_cast<off_t>(block.size()) >= last;
    std::string_view rest = block;
    while (!rest.empty() && lines.size() < count) {
      const auto newline = rest.find('\n');
      const bool is_long = std::min(newline, rest.size()) >= static_cast<size_t>(most_line_bytes);
      if (newline == std::string_view::npos && !is_long && !reaches_end)
        break; // the next block begins with it
      const auto length = std::min(std::min(newline, rest.size()), static_cast<size_t>(most_line_bytes));
      const auto taken = length + (length == newline ? 1 : 0);
      lines.push_back({at, at + static_cast<off_t>(taken), std::string{rest.substr(0, length)}});
      at += static_cast<off_t>(taken);
      rest.remove_prefix(taken);
    }
  }
  return lines;
}

/// Of the line that ends right before `at`.
off_t log_history::line_start(off_t at) const {
  const auto begin = std::max<off_t>(0, at - most_line_bytes - 1);
  const auto block = read(begin, at - 1); // without the newline that ends it
  const auto newline = block.rfind('\n');
  if (newline != std::string::npos)
    return begin + static_cast<off_t>(newline) + 1;
  return begin == 0 ? 0 : at - most_line_bytes;
}

off_t log_history::back(off_t at, size_t count) const {
  at = std::min(at, end());
  while (count-- > 0 && at > 0)
    at = line_start(at);
  return at;
}

log_history::found log_history::find_before(off_t at, std::string_view text, bool fold) const {
  at = std::min(at, end());
  const auto begin = std::max<off_t>(0, at - search_step);
  // A text that begins before this step and ends in it belongs to the next one.
  auto block = read(begin, at);
  if (fold)
    fold_case(block);
  const auto hit = last_place(block, text);
  if (hit != std::string::npos)
    return {line_start(begin + static_cast<off_t>(hit) + 1), begin};
  const auto overlap = static_cast<off_t>(text.size()) - 1;
  return {std::nullopt, begin == 0 ? 0 : begin + overlap};
}

log_history::found log_history::find_from(off_t at, std::string_view text, bool fold) const {
  const auto last = end();
  const auto stop = std::min(last, at + search_step);
  auto block = read(at, stop);
  if (fold)
    fold_case(block);
  const auto hit = block.find(text);
  if (hit != std::string::npos) {
    const auto place = at + static_cast<off_t>(hit);
    return {line_start(place + 1), place};
  }
  const auto overlap = static_cast<off_t>(text.size()) - 1;
  return {std::nullopt, stop >= last ? last : stop - overlap};
}

} // namespace procvisor::os
