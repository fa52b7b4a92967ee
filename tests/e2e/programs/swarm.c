/* swarm KIND [COUNT]: starts processes in ways in which they get away from it, writes "up" to the FIFO $REPORT when they
   are there, and waits for a signal.

   daemons COUNT  so many that have left its session and its care (double fork), and are deaf to SIGINT and SIGTERM
   wiped COUNT    the same, without any environment; their pids are in the file "wiped"
   growing        eight such lines of processes: each one forks the next in a session of its own after 20 ms, and ends
   zombie         a child whose child has ended and is never waited for
   polite         a child in a session of its own that writes the file "handled" on SIGINT, 200 ms later, and ends */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready[2];

static void say_ready(void) {
  if (write(ready[1], "+", 1) != 1)
    _exit(1);
}

static void wait_for_ready(int count) {
  char sign;
  while (count-- > 0)
    if (read(ready[0], &sign, 1) != 1)
      _exit(1);
}

static void wait_for_ever(void) {
  for (;;)
    pause();
}

static void be_daemon(void) {
  if (fork() != 0)
    return;
  setsid();
  if (fork() != 0)
    _exit(0);
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  say_ready();
  wait_for_ever();
}

static void be_wiped(const char* program) {
  if (fork() != 0)
    return;
  setsid();
  if (fork() != 0)
    _exit(0);
  signal(SIGINT, SIG_IGN); /* which execve leaves as it is */
  signal(SIGTERM, SIG_IGN);
  char line[16], descriptor[16];
  const int file = open("wiped", O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int length = snprintf(line, sizeof line, "%d\n", (int)getpid());
  if (file < 0 || write(file, line, (size_t)length) != length)
    _exit(1);
  close(file);
  snprintf(descriptor, sizeof descriptor, "%d", ready[1]);
  char* argv[] = {"swarm", "bare", descriptor, NULL};
  char* envp[] = {NULL};
  execve(program, argv, envp);
  _exit(1);
}

static void grow(void) {
  if (fork() != 0)
    return;
  say_ready();
  for (;;) {
    usleep(20 * 1000);
    if (fork() != 0)
      _exit(0);
    setsid();
  }
}

static void have_zombie(void) {
  if (fork() != 0)
    return;
  siginfo_t end;
  if (fork() == 0)
    _exit(0);
  waitid(P_ALL, 0, &end, WEXITED | WNOWAIT);
  say_ready();
  wait_for_ever();
}

static void handle(int signal_number) {
  (void)signal_number;
  usleep(200 * 1000);
  const int file = open("handled", O_WRONLY | O_CREAT, 0600);
  _exit(file >= 0 && write(file, "yes\n", 4) == 4 ? 0 : 1);
}

static void be_polite(void) {
  if (fork() != 0)
    return;
  setsid();
  signal(SIGINT, handle);
  say_ready();
  wait_for_ever();
}

int main(int argc, char** argv) {
  const char* kind = argc > 1 ? argv[1] : "";
  int count = 1;
  if (strcmp(kind, "bare") == 0) {
    ready[1] = atoi(argv[2]);
    say_ready();
    wait_for_ever();
  }
  if (pipe(ready) != 0)
    return 1;
  if (strcmp(kind, "daemons") == 0) {
    count = argc > 2 ? atoi(argv[2]) : 1;
    for (int i = 0; i < count; ++i)
      be_daemon();
  } else if (strcmp(kind, "wiped") == 0) {
    count = argc > 2 ? atoi(argv[2]) : 1;
    for (int i = 0; i < count; ++i)
      be_wiped(argv[0]);
  } else if (strcmp(kind, "growing") == 0) {
    count = 8;
    for (int i = 0; i < count; ++i)
      grow();
  } else if (strcmp(kind, "zombie") == 0) {
    have_zombie();
  } else if (strcmp(kind, "polite") == 0) {
    be_polite();
  }
  wait_for_ready(count);
  const int report = open(getenv("REPORT"), O_WRONLY);
  if (write(report, "up\n", 3) != 3)
    return 1;
  close(report);
  wait_for_ever();
}
