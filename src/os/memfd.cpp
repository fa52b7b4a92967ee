#include "os/memfd.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace procvisor::os {

unique_fd sealed_memfd(const char* name, std::string_view bytes) {
  unique_fd file{::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!file)
    return file;
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::pwrite(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return {};
    done += static_cast<size_t>(written);
  }
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return {};
  return file;
}

} // namespace procvisor::os
