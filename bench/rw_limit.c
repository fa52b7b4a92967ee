/* rw_limit FILE: copies standard input to FILE by read() and write() of 64 KiB: what a log writer that does nothing
   else reaches. */
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char** argv) {
  static char buffer[64 * 1024];
  if (argc != 2)
    return 2;
  int file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0)
    return 1;
  for (;;) {
    ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got <= 0)
      return got < 0;
    for (ssize_t done = 0; done < got;) {
      ssize_t written = write(file, buffer + done, (size_t)(got - done));
      if (written < 0)
        return 1;
      done += written;
    }
  }
}
