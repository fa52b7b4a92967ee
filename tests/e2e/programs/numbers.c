/* numbers COUNTER LINES [PAUSE]: writes numbered lines to stdout, one write each, and goes on with the next number when
 * it is started again: COUNTER is the last number that a write has taken. Pauses after LINES lines, and for PAUSE
 * microseconds after each. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4)
    return 2;
  int file = open(argv[1], O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, sizeof(long)) != 0)
    return 1;
  volatile long* counter = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (counter == MAP_FAILED)
    return 1;
  for (long left = atol(argv[2]); left > 0; --left) {
    char line[32];
    int length = snprintf(line, sizeof line, "%ld\n", *counter + 1);
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
      return 1;
    ++*counter;
    if (argc == 4)
      usleep((useconds_t)atol(argv[3]));
  }
  for (;;)
    pause();
}
