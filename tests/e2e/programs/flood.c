/* flood BYTES: writes so many bytes to stdout, in lines of 64, and ends at once with exit code 1, without any flush or
 * handler at exit. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const long lines = argc > 1 ? atol(argv[1]) / 64 : 0;
  for (long i = 0; i < lines; ++i) {
    char line[65];
    snprintf(line, sizeof line, "%063ld\n", i);
    if (write(STDOUT_FILENO, line, 64) != 64)
      _exit(2);
  }
  _exit(1);
}
