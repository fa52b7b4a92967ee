/* The app that memory, start and list are measured with: as small as a program can be. With an argument it ends at
   once: that is what exec alone costs. */
#include <unistd.h>

int main(int argc, char** argv) {
  (void)argv;
  if (argc > 1)
    return 0;
  pause();
  return 0;
}
