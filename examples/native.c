/* The program of examples/ecosystem.json: any executable will do, no runtime is needed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(void) {
  const char* mode = getenv("MODE");
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigprocmask(SIG_BLOCK, &stop, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);

  printf("native program in %s mode\n", mode ? mode : "no");
  struct timespec minute = {.tv_sec = 60};
  while (sigtimedwait(&stop, NULL, &minute) < 0)
    printf("still here\n");
  printf("asked to stop\n");
  return 0;
}
