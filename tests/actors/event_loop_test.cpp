#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fixture.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(actor_fixture, "event_loop: a delayed action runs when its time has come, not before") {
  int runs = 0;
  sys.spawn([&runs](caf::event_based_actor* self) -> caf::behavior {
    self->run_delayed(2s, [&runs, self] {
      ++runs;
      self->quit();
    });
    return {[](int) {}};
  });

  loop.advance(1999ms);
  CHECK(runs == 0);
  loop.advance(1ms);
  CHECK(runs == 1);
}

TEST_CASE_FIXTURE(actor_fixture, "event_loop: an armed fd gives one event, and none until it is armed again") {
  int pipe_fds[2];
  REQUIRE(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) == 0);
  os::unique_fd writer{pipe_fds[1]};
  int events = 0;
  watched_fd* watched = nullptr;
  auto owner = sys.spawn([&, fd = pipe_fds[0]](caf::event_based_actor* self) -> caf::behavior {
    auto in = std::make_shared<watched_fd>(loop, os::unique_fd{fd}, self->ctrl());
    watched = in.get();
    return {[in, &events](const fd_ready& ready) {
      CHECK(ready.token == in->token());
      ++events;
    }};
  });
  loop.run_until_quiet();
  REQUIRE(write(writer.get(), "x", 1) == 1);

  loop.run_until_quiet();
  CHECK(events == 0);
  watched->arm(EPOLLIN);
  loop.run_until_quiet();
  loop.run_until_quiet();
  CHECK(events == 1);
  watched->arm(EPOLLIN);
  loop.run_until_quiet();
  CHECK(events == 2);
  caf::anon_send_exit(owner, caf::exit_reason::user_shutdown);
  loop.run_until_quiet();
}

TEST_CASE_FIXTURE(actor_fixture, "event_loop: answered requests do not stay in the clock") {
  auto server = sys.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int x) { return x + 1; }}; });
  int answers = 0;
  auto client = sys.spawn([&](caf::event_based_actor* self) -> caf::behavior {
    return {[&, self, server](const std::string&) {
      self->request(server, 30s, 1).then([&](int) { ++answers; }, [](const caf::error&) {});
    }};
  });

  for (int i = 0; i < 10000; ++i) {
    caf::anon_send(client, std::string{});
    loop.run_until_quiet();
  }

  CHECK(answers == 10000);
  CHECK(loop.clock().size() < 200);
  caf::anon_send_exit(client, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
  loop.run_until_quiet();
}
