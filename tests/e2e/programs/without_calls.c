/* without_calls NUMBER[,NUMBER...] PROGRAM [ARGUMENT ...]: executes PROGRAM on a kernel that seems not to have these
 * system calls: they give ENOSYS. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { most_calls = 16 };

int main(int argc, char** argv) {
  struct sock_filter filter[2 * most_calls + 2];
  unsigned short length = 0;
  filter[length++] =
      (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, nr));
  char* next = argc > 2 ? argv[1] : NULL;
  while (next != NULL && *next != '\0' && length < 2 * most_calls) {
    const unsigned number = (unsigned)strtoul(next, &next, 10);
    filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    if (*next == ',')
      ++next;
  }
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog program = {.len = length, .filter = filter};
  if (argc < 3 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
      || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("without_calls");
    return 125;
  }
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 126;
}
