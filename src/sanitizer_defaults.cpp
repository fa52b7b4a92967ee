// Compiled into sanitizer builds alone. Keeper, daemon and recorder have /dev/null for standard error: there, what the
// sanitizers find goes to a file of the build folder instead, which tools/test --sanitize looks at.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

extern "C" {
const char* __ubsan_default_options();

const char* __ubsan_default_options() {
  return "halt_on_error=1:print_stacktrace=1";
}
}

namespace {

[[gnu::constructor]] void keep_findings() {
  struct stat status {};
  if (::fstat(STDERR_FILENO, &status) != 0 || !S_ISCHR(status.st_mode) || status.st_rdev != ::makedev(1, 3))
    return; // somebody reads it
  const int file = ::open(FINDINGS, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0)
    return;
  ::dup2(file, STDERR_FILENO);
  ::close(file);
}

} // namespace
