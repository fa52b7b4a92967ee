#include <unistd.h>

#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "core/state.hpp"
#include "keeper/inheritance.hpp"
#include "keeper/keeper.hpp"
#include "os/memfd.hpp"

namespace procvisor::keeper {

namespace {

result<void> check() {
  auto what = read_inheritance(ready_fd);
  if (!what)
    return fail(std::move(what.error()));
  if (what->head.state < 0)
    return {};
  const auto replayed = replay_state(os::read_whole(STDIN_FILENO));
  if (!replayed.broken.empty())
    return fail(exit_code::other, fmt::format("it cannot read the state of what runs: {}", replayed.broken));
  return {};
}

} // namespace

int run_check() {
  const auto checked = check();
  if (!checked)
    fmt::print(stderr, "{}", checked.error().what);
  return checked ? 0 : 1;
}

} // namespace procvisor::keeper
