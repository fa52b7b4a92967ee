#include "os/memfd.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace procvisor::os {

unique_fd growing_memfd(const char* name) {
  return unique_fd{::memfd_create(name, MFD_CLOEXEC)};
}

bool write_at(int file, std::string_view bytes, size_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    at += static_cast<size_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

std::string read_whole(int file) {
  struct stat about {};
  std::string text;
  if (::fstat(file, &about) != 0)
    return text;
  text.resize(static_cast<size_t>(about.st_size));
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = ::pread(file, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    done += static_cast<size_t>(got);
  }
  text.resize(done);
  return text;
}

unique_fd sealed_memfd(const char* name, std::string_view bytes) {
  unique_fd file{::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (!file || !write_at(file.get(), bytes, 0) || ::fcntl(file.get(), F_ADD_SEALS, seals) != 0)
    return {};
  return file;
}

} // namespace procvisor::os
