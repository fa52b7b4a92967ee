/* spawn_limit COUNT PROGRAM: starts it COUNT times by posix_spawn and prints how many nanoseconds that took: nothing
   that starts programs one after another is faster. Ends them all before it ends. */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  int count = atoi(argv[1]);
  pid_t* pids = calloc((size_t)count, sizeof *pids);
  char* arguments[] = {argv[2], NULL};
  int started = 0;
  long long begin = now();
  while (started < count && posix_spawn(&pids[started], argv[2], NULL, NULL, arguments, environ) == 0)
    started++;
  long long end = now();

  for (int i = 0; i < started; i++)
    kill(pids[i], SIGKILL);
  for (int i = 0; i < started; i++)
    waitpid(pids[i], NULL, 0);
  printf("%lld\n", end - begin);
  return started == count ? 0 : 1;
}
