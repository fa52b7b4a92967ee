#include "os/tree_memory.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include <doctest/doctest.h>

using namespace procvisor;

namespace {

constexpr size_t mebibyte = size_t{1} << 20;

void touch(size_t bytes) {
  void* const block = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(block, 1, bytes);
}

/// A process that has `own` bytes, and a child of it with `more`. It is there when the constructor returns.
class family {
public:
  family(size_t own, size_t more) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      touch(own);
      if (::fork() == 0)
        touch(more);
      [[maybe_unused]] const auto said = ::write(ends[1], "x", 1);
      for (;;)
        ::pause();
    }
    char both[2];
    ::close(ends[1]);
    for (size_t got = 0; got < sizeof both;)
      got += static_cast<size_t>(::read(ends[0], both, sizeof both - got));
    ::close(ends[0]);
  }
  ~family() {
    for (const pid_t child : os::procfs{}.children(pid_))
      ::kill(child, SIGKILL);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

private:
  pid_t pid_;
};

} // namespace

TEST_CASE("tree memory: what a process has started counts, and of strangers nothing") {
  const os::procfs proc;
  const family one{20 * mebibyte, 60 * mebibyte};
  const family other{20 * mebibyte, 0};
  const auto used = os::tree_memory(proc, {{one.pid(), "", UINT64_MAX}, {other.pid(), "", UINT64_MAX}});
  REQUIRE(used.size() == 2);
  CHECK(used[0] >= 80 * mebibyte);
  CHECK(used[1] >= 20 * mebibyte);
  CHECK(used[1] + 40 * mebibyte < used[0]); // both have what this program has, however much that is
}

TEST_CASE("tree memory: above the limit, memory that several processes share counts once") {
  const os::procfs proc;
  const family one{60 * mebibyte, 0}; // the child has its parent's pages
  CHECK(os::tree_memory(proc, {{one.pid(), "", UINT64_MAX}}).front() >= 120 * mebibyte);
  const auto shared = os::tree_memory(proc, {{one.pid(), "", 80 * mebibyte}}).front();
  CHECK(shared >= 60 * mebibyte);
  CHECK(shared < 80 * mebibyte);
}

TEST_CASE("tree memory: a process that has gone uses none") {
  CHECK(os::tree_memory({}, {{0x3fff'fff0, "", 1}}).front() == 0);
}
