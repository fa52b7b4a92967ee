#include "os/file_replace.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "os/unique_fd.hpp"

namespace procvisor::os {

namespace {

int copy_content(int from, int to, size_t size) {
  off_t done = 0;
  while (static_cast<size_t>(done) < size) {
    const auto n = sendfile(to, from, &done, size - static_cast<size_t>(done));
    if (n < 0)
      return errno;
    if (n == 0)
      return EIO; // shorter than it said
  }
  return 0;
}

int write_durably(const std::string& path, int content, size_t size) {
  const unique_fd fd{open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!fd)
    return errno;
  if (const int failed = copy_content(content, fd.get(), size); failed != 0)
    return failed;
  return fsync(fd.get()) == 0 ? 0 : errno;
}

void keep_previous(const std::string& path) {
  const auto temporary = path + ".bak.new";
  unlink(temporary.c_str());
  if (link(path.c_str(), temporary.c_str()) == 0)
    rename(temporary.c_str(), (path + ".bak").c_str());
}

int sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const unique_fd fd{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return fd && fsync(fd.get()) == 0 ? 0 : errno;
}

} // namespace

int replace_file(const std::string& path, int content, size_t size) {
  const auto temporary = path + ".new";
  unlink(temporary.c_str()); // left behind by a crash
  if (const int failed = write_durably(temporary, content, size); failed != 0) {
    unlink(temporary.c_str());
    return failed;
  }
  keep_previous(path);
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    const int failed = errno;
    unlink(temporary.c_str());
    return failed;
  }
  return sync_folder_of(path);
}

} // namespace procvisor::os
