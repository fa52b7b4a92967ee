/* respawn_limit PROGRAM ARGUMENT...: starts it again whenever it ends, by waitpid and posix_spawn and nothing else: no
   supervisor is back sooner. Runs until it is killed. */
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>

extern char** environ;

int main(int argc, char** argv) {
  pid_t pid;
  if (argc < 2)
    return 2;
  while (posix_spawn(&pid, argv[1], NULL, NULL, argv + 1, environ) == 0)
    waitpid(pid, NULL, 0);
  return 1;
}
