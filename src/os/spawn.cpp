#include "os/spawn.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <linux/close_range.h>
#include <linux/sched.h>

#include "core/listen_address.hpp"

namespace procvisor::os {

namespace {

constexpr size_t stack_bytes = 64 * 1024;
constexpr size_t guard_bytes = 4096;
constexpr int first_passed_number = first_passed_descriptor;
static_assert(spawn_plan::most_passed >= most_listen_addresses);
constexpr int first_unplaced_number = first_passed_number + static_cast<int>(spawn_plan::most_passed) + 1;
constexpr int failed_child_status = 127;

/// What the child writes to spawned::outcome.
struct outcome_record {
  spawn_stage stage;
  int error;
};

constexpr std::array stage_texts = {
    "creating its process",
    "telling the keeper its pid",
    "setting up its standard streams",
    "opening a session for it",
    "resetting its signals",
    "setting its limit of open files",
    "setting its supplementary groups",
    "changing to group",
    "changing to user",
    "changing directory to",
    "executing",
};
static_assert(stage_texts.size() == static_cast<size_t>(spawn_stage::exec) + 1);

/// Signals may not interrupt the child while it borrows the caller's memory: the handlers are the caller's.
class signals_blocked {
public:
  signals_blocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

private:
  sigset_t before_;
};

struct new_process {
  uint64_t flags = 0; ///< no exit signal in them: CLONE_PARENT takes the caller's, and execve makes it SIGCHLD anyway
  std::byte* stack = nullptr;
  size_t stack_size = 0;
  int (*run)(void*) = nullptr;
  void* task = nullptr;
};

/// clone(), and clone3() where there is a cgroup to begin in: that costs nothing, whereas a move there by cgroup.procs
/// waits for all processors (7-8 ms). -1: errno says why.
pid_t create(const new_process& what, int& pidfd, int cgroup) {
  if (cgroup < 0)
    return ::clone(what.run, what.stack + what.stack_size, static_cast<int>(what.flags), what.task, &pidfd);
#ifdef __x86_64__
  clone_args args{};
  args.flags = what.flags | CLONE_INTO_CGROUP;
  args.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
  args.stack = reinterpret_cast<uintptr_t>(what.stack);
  args.stack_size = what.stack_size;
  args.cgroup = static_cast<uint64_t>(cgroup);
  // By hand, for the C library has no wrapper, and syscall() would return twice on one stack.
  long result = SYS_clone3;
  const auto run = what.run;
  void* const task = what.task;
  asm volatile("syscall\n\t"
               "test %%rax, %%rax\n\t"
               "jnz 1f\n\t"
               "xor %%ebp, %%ebp\n\t" // the child: the outermost frame is here
               "mov %[task], %%rdi\n\t"
               "call *%[run]\n\t"
               "mov %%eax, %%edi\n\t"
               "mov %[exit], %%eax\n\t"
               "syscall\n\t"
               "hlt\n"
               "1:"
               : "+a"(result)
               : "D"(&args), "S"(sizeof args), [run] "d"(run), [task] "b"(task), [exit] "i"(SYS_exit)
               : "rcx", "r11", "cc", "memory");
  if (result < 0) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return static_cast<pid_t>(result);
#else
  errno = ENOSYS;
  return -1;
#endif
}

} // namespace

std::optional<output_pipe> make_output_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return std::nullopt;
  output_pipe made{unique_fd{ends[0]}, {}};
  const unique_fd write_end{ends[1]}; // shares O_NONBLOCK with nobody: the child's end is a description of its own
  std::array<char, 32> path;
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", made.read_end.get());
  made.child_end.reset(::open(path.data(), O_RDWR | O_CLOEXEC));
  if (!made.child_end)
    return std::nullopt;
  return made;
}

unique_fd reopen_output(pid_t pid, int stream) {
  std::array<char, 40> path;
  std::snprintf(path.data(), path.size(), "/proc/%d/fd/%d", pid, stream);
  struct stat link {};
  struct stat target {};
  // Opened for both, which pipe(2) alone never gives: to read from a pipe that others read would take bytes from them.
  const bool is_ours = ::lstat(path.data(), &link) == 0 && (link.st_mode & S_IRUSR) != 0
                       && (link.st_mode & S_IWUSR) != 0 && ::stat(path.data(), &target) == 0
                       && S_ISFIFO(target.st_mode);
  return unique_fd{is_ours ? ::open(path.data(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) : -1};
}

unique_fd make_input_pipe() {
  auto pipe = make_output_pipe();
  return pipe ? std::move(pipe->child_end) : unique_fd{};
}

std::string describe(const spawn_error& failure, const spawn_plan& plan) {
  std::string text = stage_texts[static_cast<size_t>(failure.stage)];
  switch (failure.stage) {
    case spawn_stage::group:
      text += fmt::format(" {}", plan.gid.value_or(0));
      break;
    case spawn_stage::user:
      text += fmt::format(" {}", plan.uid.value_or(0));
      break;
    case spawn_stage::cwd:
      text += fmt::format(" '{}'", plan.cwd != nullptr ? plan.cwd : "");
      break;
    case spawn_stage::exec:
      text += fmt::format(" '{}'", plan.path != nullptr ? plan.path : "");
      break;
    case spawn_stage::create:
    case spawn_stage::report:
    case spawn_stage::descriptors:
    case spawn_stage::session:
    case spawn_stage::signals:
    case spawn_stage::limits:
    case spawn_stage::groups:
      break;
  }
  return fmt::format("{} failed: {}", text, ::strerrordesc_np(failure.error));
}

std::optional<spawn_error> read_outcome(int outcome, pid_t pid) {
  outcome_record record{};
  ssize_t got = -1;
  do {
    got = ::read(outcome, &record, sizeof record);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof record)) // the end of file: execve has closed it
    return std::nullopt;
  return spawn_error{record.stage, record.error, pid};
}

/// The child's side. It runs on a stack of its own but in the caller's memory, so it calls nothing that allocates,
/// locks or has state: system calls, and raw ones where glibc's wrapper would change all threads (set*id).
struct spawner::child_task {
  const spawn_plan& plan;
  int in;
  int out;
  int err;
  int channel; ///< -1: none
  int outcome; ///< -1: the caller waits for exec and looks at `stage` and `error`
  unsigned first_unneeded;

  spawn_stage stage = spawn_stage::create;
  int error = 0;
  std::array<int, spawn_plan::most_passed> passed{};

  /// Returns only where a stage has failed.
  void become_program() {
    stage = spawn_stage::report;
    if (!report())
      return;
    stage = spawn_stage::descriptors;
    if (!take_descriptors())
      return;
    write_pid();
    stage = spawn_stage::session;
    if (::setsid() < 0)
      return;
    stage = spawn_stage::signals;
    if (!reset_signals())
      return;
    stage = spawn_stage::limits;
    if (plan.open_files && ::setrlimit(RLIMIT_NOFILE, &*plan.open_files) != 0)
      return;
    if (plan.umask)
      ::umask(*plan.umask);
    stage = spawn_stage::groups;
    if (plan.groups && ::syscall(SYS_setgroups, plan.groups->size(), plan.groups->data()) != 0)
      return;
    stage = spawn_stage::group;
    if (plan.gid && ::syscall(SYS_setresgid, *plan.gid, *plan.gid, *plan.gid) != 0)
      return;
    stage = spawn_stage::user;
    if (plan.uid && ::syscall(SYS_setresuid, *plan.uid, *plan.uid, *plan.uid) != 0)
      return;
    stage = spawn_stage::cwd;
    if (plan.cwd != nullptr && ::chdir(plan.cwd) != 0)
      return;
    stage = spawn_stage::exec;
    ::execve(plan.path, plan.argv, plan.envp);
  }

private:
  void write_pid() const {
    if (plan.pid_text == nullptr)
      return;
    std::array<char, 12> digits{};
    size_t count = 0;
    for (auto rest = ::getpid(); rest > 0; rest /= 10)
      digits[count++] = static_cast<char>('0' + rest % 10);
    char* to = plan.pid_text;
    while (count > 0)
      *to++ = digits[--count];
    *to = '\0';
  }

  bool report() const {
    if (plan.report_fd < 0)
      return true;
    keeper::report mine{};
    mine.key = plan.key;
    mine.pid = ::getpid();
    return ::write(plan.report_fd, &mine, sizeof mine) == static_cast<ssize_t>(sizeof mine);
  }

  bool take_descriptors() {
    // The table is still the caller's. This makes it the child's own, with the low descriptors only.
    if (plan.passed_fds.empty() ? !unshare_low_descriptors() : !lift_descriptors())
      return false;
    if (::dup2(in, STDIN_FILENO) < 0 || ::dup2(out, STDOUT_FILENO) < 0 || ::dup2(err, STDERR_FILENO) < 0)
      return false;
    int next = first_passed_number;
    for (size_t i = 0; i < plan.passed_fds.size(); ++i)
      if (::dup2(passed[i], next++) < 0)
        return false;
    if (channel >= 0 && ::dup2(channel, next++) < 0)
      return false;
    return close_on_exec_from(next);
  }

  /// Without close_range(2), before Linux 5.9, all are copied, which costs time alone.
  bool unshare_low_descriptors() const {
    if (::close_range(first_unneeded, ~0U, CLOSE_RANGE_UNSHARE) == 0)
      return true;
    return errno == ENOSYS && ::unshare(CLONE_FILES) == 0;
  }

  /// Our own are all made so; whoever has started the first of us may have left others.
  static bool close_on_exec_from(int first) {
    if (::close_range(static_cast<unsigned>(first), ~0U, CLOSE_RANGE_CLOEXEC) == 0)
      return true;
    if (errno != ENOSYS && errno != EINVAL) // EINVAL: before Linux 5.11
      return false;
    const int folder = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    alignas(dirent64) std::array<char, 1024> entries;
    for (;;) {
      const long size = ::syscall(SYS_getdents64, folder, entries.data(), entries.size());
      if (size <= 0)
        return size == 0; // the folder itself closes on exec
      for (long at = 0; at < size;) {
        const auto* entry = reinterpret_cast<const dirent64*>(entries.data() + at);
        int number = -1; // "." and ".." are none
        std::from_chars(entry->d_name, entry->d_name + std::strlen(entry->d_name), number);
        if (number >= first)
          ::fcntl(number, F_SETFD, FD_CLOEXEC);
        at += entry->d_reclen;
      }
    }
  }

  /// The sockets to pass on may lie anywhere, on the place of another one too. So the table becomes a full copy (0.2 ms with
  /// 6,000 descriptors), and all that is needed of it moves above the places.
  bool lift_descriptors() {
    if (::unshare(CLONE_FILES) != 0)
      return false;
    const auto lift = [](int from) { return ::fcntl(from, F_DUPFD_CLOEXEC, first_unplaced_number); };
    for (size_t i = 0; i < plan.passed_fds.size(); ++i)
      if ((passed[i] = lift(plan.passed_fds[i])) < 0)
        return false;
    for (int* needed : {&in, &out, &err, &channel, &outcome})
      if (*needed >= 0 && (*needed = lift(*needed)) < 0)
        return false;
    return true;
  }

  static bool reset_signals() {
    // The kernel's struct sigaction, whatever its fields: all zero is SIG_DFL. glibc's sigaction() refuses its own two
    // signals, which a caller that used posix_spawn hands down ignored.
    constexpr std::array<unsigned long, 8> standard{};
    for (int number = 1; number < NSIG; ++number)
      ::syscall(SYS_rt_sigaction, number, standard.data(), nullptr, (NSIG - 1) / 8); // EINVAL: SIGKILL and SIGSTOP
    sigset_t none;
    ::sigemptyset(&none);
    return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
  }
};

int spawner::run_child(void* opaque) {
  auto& task = *static_cast<child_task*>(opaque);
  task.become_program();
  task.error = errno;
  if (task.outcome >= 0) {
    const outcome_record record{task.stage, task.error};
    // Nobody reads it any more where the caller has died: the exit status is all that is left then.
    [[maybe_unused]] const ssize_t written = ::write(task.outcome, &record, sizeof record);
  }
  return failed_child_status;
}

spawner::spawner() {
  // Above the numbers that a child uses, so that dup2 onto those never meets its own source.
  const auto reserve = [this] {
    const int number = ::fcntl(null_.get(), F_DUPFD_CLOEXEC, first_passed_number + 1);
    if (number < 0)
      broken_ = errno;
    first_unneeded_ = static_cast<unsigned>(std::max(static_cast<int>(first_unneeded_), number + 1));
    return unique_fd{number};
  };
  null_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_) {
    broken_ = errno;
    return;
  }
  null_ = reserve();
  in_ = reserve();
  out_ = reserve();
  err_ = reserve();
  channel_ = reserve();
  outcome_ = reserve();
  void* memory = ::mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || ::mprotect(memory, guard_bytes, PROT_NONE) != 0) {
    broken_ = errno;
    return;
  }
  stack_ = static_cast<std::byte*>(memory);
}

spawner::~spawner() {
  if (stack_ != nullptr)
    ::munmap(stack_, guard_bytes + stack_bytes);
}

tl::expected<spawned, spawn_error> spawner::spawn(const spawn_plan& plan) {
  const auto fail_to_create = [](int error) {
    return tl::unexpected<spawn_error>{spawn_error{spawn_stage::create, error, 0}};
  };
  if (broken_ != 0)
    return fail_to_create(broken_);
  if (plan.passed_fds.size() > spawn_plan::most_passed)
    return fail_to_create(EINVAL);

  spawned made;
  unique_fd outcome_end;
  if (!plan.wait_for_exec) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
      return fail_to_create(errno);
    made.outcome.reset(ends[0]);
    outcome_end.reset(ends[1]);
  }

  struct placement {
    int what; ///< -1: the place keeps /dev/null
    int place;
  };
  const std::array<placement, 5> placements = {{
      {plan.in_fd, in_.get()},
      {plan.out_fd, out_.get()},
      {plan.err_fd, err_.get()},
      {plan.channel_fd, channel_.get()},
      {outcome_end.get(), outcome_.get()},
  }};
  int error = 0;
  for (const placement& p : placements)
    if (p.what >= 0 && ::dup3(p.what, p.place, O_CLOEXEC) < 0)
      error = errno;

  child_task task{.plan = plan,
                  .in = in_.get(),
                  .out = out_.get(),
                  .err = err_.get(),
                  .channel = plan.channel_fd >= 0 ? channel_.get() : -1,
                  .outcome = plan.wait_for_exec ? -1 : outcome_.get(),
                  .first_unneeded = first_unneeded_};
  if (error == 0) {
    uint64_t flags = CLONE_PIDFD;
    if (plan.as_sibling)
      flags |= CLONE_PARENT;
    if (plan.wait_for_exec)
      flags |= CLONE_VM | CLONE_VFORK | CLONE_FILES;
    const signals_blocked guard;
    int pidfd = -1;
    made.pid = create({flags, stack_ + guard_bytes, stack_bytes, &run_child, &task}, pidfd, plan.cgroup_fd);
    error = made.pid < 0 ? errno : 0;
    made.pidfd.reset(pidfd);
  }

  // The caller keeps no copy of what it passed on: the end of a pipe is only seen when all copies are closed.
  for (const placement& p : placements)
    if (p.what >= 0)
      ::dup3(null_.get(), p.place, O_CLOEXEC);

  if (error != 0)
    return fail_to_create(error);
  if (task.error != 0)
    return tl::unexpected<spawn_error>{spawn_error{task.stage, task.error, made.pid}};
  return made;
}

} // namespace procvisor::os
