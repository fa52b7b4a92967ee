/* stamp FILE: appends the time (CLOCK_MONOTONIC, nanoseconds) at which main() was reached and its pid, then waits. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc != 2)
    return 2;
  int file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
  char line[64];
  int length = snprintf(line, sizeof line, "%lld%09ld %d\n", (long long)now.tv_sec, now.tv_nsec, (int)getpid());
  if (file < 0 || write(file, line, (size_t)length) != length)
    return 1;
  close(file);
  pause();
  return 0;
}
