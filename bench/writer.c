/* writer FILE TOTAL BLOCK: writes the time (CLOCK_MONOTONIC, nanoseconds) to FILE, then TOTAL bytes of 100-byte lines
   to standard output, BLOCK bytes with each write(), and waits: that all has arrived is seen at the log. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 4)
    return 2;
  size_t left = strtoul(argv[2], NULL, 10);
  size_t block = strtoul(argv[3], NULL, 10);
  char* text = malloc(block);
  if (!text)
    return 1;
  for (size_t i = 0; i < block; i++)
    text[i] = i % 100 == 99 ? '\n' : (char)('a' + i % 26);

  struct timespec now;
  int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (file < 0 || dprintf(file, "%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec) < 0)
    return 1;
  while (left > 0) {
    ssize_t written = write(STDOUT_FILENO, text, left < block ? left : block);
    if (written < 0)
      return 1;
    left -= (size_t)written;
  }
  for (;;)
    pause();
}
