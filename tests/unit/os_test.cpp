#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "os/limits.hpp"
#include "os/memfd.hpp"
#include "os/mounts.hpp"
#include "os/packet_socket.hpp"
#include "os/peer.hpp"
#include "os/pidfd.hpp"
#include "os/process_tree.hpp"
#include "os/procfs.hpp"
#include "os/signals.hpp"
#include "unit/temp_dir.hpp"

using namespace procvisor;
using namespace procvisor::os;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

std::string text_of(const packet& received) {
  return {reinterpret_cast<const char*>(received.bytes.data()), received.bytes.size()};
}

} // namespace

TEST_CASE("packet_socket: packets arrive one by one, with their descriptors") {
  auto pair = make_packet_pair();
  REQUIRE(pair.has_value());
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const unique_fd read_end{ends[0]};
  unique_fd write_end{ends[1]};
  const std::array fds = {write_end.get()};

  CHECK(send_packet(pair->first.get(), bytes_of("first"), fds) == 0);
  CHECK(send_packet(pair->first.get(), bytes_of("second")) == 0);
  write_end.reset();

  auto first = receive_packet(pair->second.get());
  REQUIRE(first.has_value());
  CHECK(text_of(*first) == "first");
  REQUIRE(first->fds.size() == 1);
  CHECK((::fcntl(first->fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(::write(first->fds[0].get(), "x", 1) == 1);
  char read_back = 0;
  CHECK(::read(read_end.get(), &read_back, 1) == 1);
  auto second = receive_packet(pair->second.get());
  REQUIRE(second.has_value());
  CHECK(text_of(*second) == "second");
  CHECK(second->fds.empty());
}

TEST_CASE("packet_socket: nothing there, a full queue and a closed peer are told apart") {
  auto pair = make_packet_pair();
  REQUIRE(pair.has_value());
  CHECK(!receive_packet(pair->second.get()).has_value());
  CHECK(errno == EAGAIN);

  const std::vector<std::byte> large(max_packet_bytes);
  int error = 0;
  while (error == 0)
    error = send_packet(pair->first.get(), large);
  CHECK(error == EAGAIN);
  CHECK(send_packet(pair->first.get(), std::vector<std::byte>(max_packet_bytes + 1)) == EMSGSIZE);

  pair->second.reset();
  error = send_packet(pair->first.get(), bytes_of("x"));
  CHECK(error != 0);
  CHECK(error != EAGAIN);
  const auto rest = receive_packet(pair->first.get());
  REQUIRE(rest.has_value());
  CHECK(rest->bytes.empty());
}

TEST_CASE("packet_socket: what a peer said before it closed is heard, also where it left packets unread") {
  auto pair = make_packet_pair();
  REQUIRE(pair.has_value());
  REQUIRE(send_packet(pair->first.get(), bytes_of("never read")) == 0);
  REQUIRE(send_packet(pair->second.get(), bytes_of("last words")) == 0);
  pair->second.reset();

  const auto words = receive_packet(pair->first.get());
  REQUIRE(words.has_value());
  CHECK(text_of(*words) == "last words");
  CHECK(receive_packet(pair->first.get())->bytes.empty());
}

TEST_CASE("packet_socket: the largest packet arrives whole") {
  auto pair = make_packet_pair();
  REQUIRE(pair.has_value());
  const std::vector<std::byte> large(max_packet_bytes, std::byte{'a'});
  REQUIRE(send_packet(pair->first.get(), large) == 0);
  const auto received = receive_packet(pair->second.get());
  REQUIRE(received.has_value());
  CHECK(received->bytes == large);
}

TEST_CASE("packet_socket: a packet whose descriptors do not fit is an error, not a packet without them") {
  auto pair = make_packet_pair();
  REQUIRE(pair.has_value());
  const std::array fds = {STDIN_FILENO, STDIN_FILENO};
  REQUIRE(send_packet(pair->first.get(), bytes_of("x"), fds) == 0);
  const unique_fd lowest_free{::dup(STDIN_FILENO)};
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit room_for_one{static_cast<rlim_t>(lowest_free.get()) + 2, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &room_for_one);

  const auto received = receive_packet(pair->second.get());
  const int error = errno;
  ::setrlimit(RLIMIT_NOFILE, &before);

  CHECK(!received.has_value());
  CHECK(error == EMSGSIZE);
}

TEST_CASE("mounts: a filesystem that asks a server is known by its type, but for the root") {
  const auto points = remote_mount_points("22 1 0:21 / / rw - fuse.root x rw\n"
                                          "36 22 8:1 / /srv rw,noatime master:1 - ext4 /dev/sda1 rw\n"
                                          "37 22 0:50 / /net/a\\040b rw shared:3 - nfs4 host:/x rw\n"
                                          "38 22 0:51 / /home/u/mnt rw - fuse.sshfs x rw\n"
                                          "39 22 0:52 / /p rw - 9p x rw\n"
                                          "damaged");
  CHECK(points == std::vector<std::string>{"/net/a b", "/home/u/mnt", "/p"});
}

TEST_CASE("mounts: a path is followed through links and dots up to such a mount point") {
  temp_dir dir;
  const std::string root = dir.path();
  REQUIRE(::symlink((root + "/remote/sub").c_str(), (root + "/absolute").c_str()) == 0);
  REQUIRE(::symlink("../remote", (root + "/relative").c_str()) == 0);
  REQUIRE(::symlink("loop", (root + "/loop").c_str()) == 0);
  REQUIRE(::mkdir((root + "/local").c_str(), 0700) == 0);
  REQUIRE(::symlink("../remote/x", (root + "/local/up").c_str()) == 0);
  const std::vector<std::string> points = {root + "/remote"};

  CHECK(enters_any(root + "/remote", points));
  CHECK(enters_any(root + "/remote/app.js", points));
  CHECK(enters_any(root + "/absolute/app.js", points));
  CHECK(enters_any(root + "/local/up", points));
  CHECK(enters_any(root + "/local/../remote/x", points));
  CHECK(!enters_any(root + "/remoteness/app.js", points));
  CHECK(!enters_any(root + "/local/app.js", points));
  CHECK(!enters_any(root + "/loop/app.js", points));
  CHECK(!enters_any(root + "/remote", {}));
}

TEST_CASE("procfs: the numbers of a process are read behind a name with brackets and spaces") {
  const auto parsed =
      parse_stat("77 (a) b (c) S 5 77 77 0 -1 4194304 1 0 0 0 30 12 0 0 20 0 1 0 9911 1000 3 184467 1\n");
  REQUIRE(parsed.has_value());
  CHECK(parsed->state == 'S');
  CHECK(parsed->parent == 5);
  CHECK(parsed->group == 77);
  CHECK(parsed->session == 77);
  CHECK(parsed->cpu_ticks == 42);
  CHECK(parsed->start_ticks == 9911);
  CHECK(parsed->resident_bytes == 3 * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
}

TEST_CASE("procfs: what is no stat line is refused") {
  for (const char* text : {"", "77", "77 (a)", "77 (a) ", "77 (a) S", "77 (a) S 5 77", "77 (a) S 5 x",
                           "77 (a) S 5 77 77 0 -1 4194304 1 0 0 0 30 12 0 0 20 0 1 0 9911 1000"})
    CHECK_MESSAGE(!parse_stat(text).has_value(), text);
}

TEST_CASE("procfs: this process is found, one that cannot be is not") {
  const procfs proc;
  const auto self = proc.stat(::getpid());
  REQUIRE(self.has_value());
  CHECK(self->parent == ::getppid());
  CHECK(self->start_ticks > 0);
  CHECK(self->resident_bytes > 0);
  CHECK(self->has_environment);
  CHECK(self->environment_bytes == proc.environment(::getpid()).value().size());
  CHECK(!proc.stat(0x7fffffff).has_value());
}

TEST_CASE("process_tree: everything below a process is found whatever its session, the deepest first, and no zombie") {
  // This process -> child -> grandchild in a session of its own -> its child, and a zombie.
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::fork() == 0) {
      ::setsid();
      if (::fork() == 0)
        ::_exit(0);
      siginfo_t end;
      ::waitid(P_ALL, 0, &end, WEXITED | WNOWAIT);
      if (::fork() == 0) {
        [[maybe_unused]] const ssize_t written = ::write(ends[1], "+", 1);
        for (;;)
          ::pause();
      }
    }
    for (;;)
      ::pause();
  }
  char sign = 0;
  REQUIRE(::read(ends[0], &sign, 1) == 1);
  ::close(ends[0]);
  ::close(ends[1]);
  const procfs proc;

  const auto found = descendants(proc, child, 10);

  REQUIRE(found.size() == 2);
  CHECK(proc.stat(found[0].pid)->parent == found[1].pid);
  CHECK(proc.stat(found[1].pid)->parent == child);
  CHECK(found[1].session == found[1].pid);
  CHECK(found[0].session == found[1].pid);
  CHECK(descendants(proc, child, 1).size() == 1);
  const auto own = proc.children(::getpid());
  CHECK(std::ranges::find(own, child) != own.end());
  CHECK(hold_child(proc, child, ::getpid()).pidfd);
  CHECK_FALSE(hold_child(proc, child, ::getppid()).pidfd);
  const auto start = proc.stat(child)->start_ticks;
  CHECK(hold_started(proc, child, start));
  CHECK_FALSE(hold_started(proc, child, start + 1)); // a stranger that was given the number
  for (const auto& one : found)
    send_signal(one.pidfd, SIGKILL);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK_FALSE(hold_child(proc, child, ::getpid()).pidfd);
  CHECK_FALSE(hold_started(proc, child, start));
}

TEST_CASE("pidfd: the end of a process is read from its zombie, whosever child it is") {
  const pid_t child = ::fork();
  if (child == 0)
    ::_exit(7);
  const auto pidfd = open_pidfd(child);
  pollfd over{pidfd.get(), POLLIN, 0};
  REQUIRE(::poll(&over, 1, 10'000) == 1);

  const auto status = status_of_ended(pidfd.get(), child);

  REQUIRE(status.has_value());
  CHECK(WIFEXITED(*status));
  CHECK(WEXITSTATUS(*status) == 7);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("memfd: the bytes can be read and no longer changed") {
  const std::string large(200'000, 'x');
  const unique_fd file = sealed_memfd("test", large);
  REQUIRE(file);
  std::string back(large.size(), '\0');
  CHECK(::read(file.get(), back.data(), back.size()) == static_cast<ssize_t>(large.size()));
  CHECK(back == large);
  CHECK(::pwrite(file.get(), "y", 1, 0) == -1);
  CHECK(::ftruncate(file.get(), 0) == -1);
}

TEST_CASE("peer: the other end of a socket is this process") {
  auto pair = make_packet_pair();
  const auto peer = peer_credentials(pair->first.get());
  REQUIRE(peer.has_value());
  CHECK(peer->pid == ::getpid());
  CHECK(peer->uid == ::geteuid());
  CHECK(!peer_credentials(-1).has_value());
}

TEST_CASE("limits: the soft limit is raised to the hard one, and what it was is returned") {
  rlimit original{};
  ::getrlimit(RLIMIT_NOFILE, &original);
  const rlimit low{200, original.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);

  CHECK(raise_open_files().rlim_cur == 200);
  CHECK(open_files_limit() == original.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &original);
}

TEST_CASE("signals: a taken signal is read from the descriptor instead of ending the process") {
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &before);
  const unique_fd signals = take_signals({SIGTERM});
  ::raise(SIGTERM);

  CHECK(next_signal(signals.get()) == SIGTERM);
  CHECK(!next_signal(signals.get()).has_value());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
