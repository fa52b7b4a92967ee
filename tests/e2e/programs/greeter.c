/* greeter: serves "$VERSION <pid>" by HTTP on the sockets that it is handed (sd_listen_fds(3)), one connection a request.
   At SIGINT it answers what it has accepted, and ends. With DIES set it ends at once. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t is_over;

static void end(int number) {
  (void)number;
  is_over = 1;
}

static void answer(int client) {
  char request[4096], response[256], body[128];
  size_t got = 0;
  while (got < sizeof request - 1) {
    ssize_t n = read(client, request + got, sizeof request - 1 - got);
    if (n <= 0)
      break;
    got += (size_t)n;
    request[got] = '\0';
    if (strstr(request, "\r\n\r\n"))
      break;
  }
  int length = snprintf(body, sizeof body, "%s %d", getenv("VERSION"), (int)getpid());
  int size = snprintf(response, sizeof response,
                      "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", length, body);
  if (write(client, response, (size_t)size) != size)
    perror("write");
  close(client);
}

int main(void) {
  const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
  if (getenv("DIES") || !count || !pid || atoi(pid) != getpid()) {
    fputs("no sockets for me\n", stderr);
    return 1;
  }
  int n = atoi(count);
  struct pollfd sockets[8];
  if (n < 1 || n > 8)
    return 1;
  for (int i = 0; i < n; ++i)
    sockets[i] = (struct pollfd){.fd = 3 + i, .events = POLLIN};
  sigset_t blocked, open;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigprocmask(SIG_BLOCK, &blocked, &open);
  struct sigaction action = {.sa_handler = end};
  sigaction(SIGINT, &action, NULL);
  while (!is_over) {
    if (ppoll(sockets, (nfds_t)n, NULL, &open) < 0)
      continue;
    for (int i = 0; i < n; ++i) {
      if (!(sockets[i].revents & POLLIN))
        continue;
      /* Others accept from the same queue: it may be empty by now. */
      int client = accept4(sockets[i].fd, NULL, NULL, 0);
      if (client >= 0)
        answer(client);
    }
  }
  return 0;
}
