/* stopwatch PROGRAM ARGUMENT...: runs it with its output thrown away and prints when it was started and when it was
   over (CLOCK_MONOTONIC, nanoseconds) and its exit code. A program of its own, because Python needs a millisecond to
   start a process. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc < 2)
    return 2;
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

  pid_t pid;
  int status;
  long long begin = now();
  if (posix_spawnp(&pid, argv[1], &quiet, NULL, argv + 1, environ) != 0 || waitpid(pid, &status, 0) != pid)
    return 1;
  long long end = now();
  printf("%lld %lld %d\n", begin, end, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
