#include "os/limits.hpp"

namespace procvisor::os {

rlimit raise_open_files() {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit raised{before.rlim_max, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &raised); // never above the hard limit, so it is always allowed
  return before;
}

rlim_t open_files_limit() {
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  return now.rlim_cur;
}

} // namespace procvisor::os
