/* Ignores SIGINT, SIGTERM and SIGHUP. Says "deaf" in the FIFO $REPORT as soon as it does. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  int report = open(getenv("REPORT"), O_WRONLY);
  if (write(report, "deaf\n", 5) != 5)
    return 1;
  for (;;)
    pause();
}
