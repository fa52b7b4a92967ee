#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "actors/cluster_balancer.hpp"
#include "fixture.hpp"

using namespace procvisor;
using nlohmann::json;

namespace {

constexpr cluster::worker_key first{process_id{0}, generation{1}};
constexpr cluster::worker_key second{process_id{1}, generation{1}};

/// A balancer, and workers that write down what they are sent.
struct balancer_fixture : actor_fixture {
  std::map<std::string, shared_fd> kept;
  launcher_actor launcher = sys.spawn([this](launcher_actor::pointer) -> launcher_actor::behavior_type {
    return {[](const launch_order&) {},
            [](const reap_order&) {},
            [](const claim_launch&) {},
            [](const look_order&) {},
            [](const deposit_state&) {},
            [this](const keep_socket& socket) {
              if (socket.fd)
                kept[socket.text] = socket.fd;
              else
                kept.erase(socket.text);
            },
            [](const end_keeper&) {},
            [](const give_way_to&) -> std::string { return {}; },
            [](const fd_ready&) {}};
  });
  cluster_balancer_actor balancer = sys.spawn<cluster_balancer_impl>("web", launcher, uint64_t{0});
  std::map<cluster::worker_key, std::vector<for_worker>> sent;
  std::vector<app_actor> apps;
  std::vector<os::unique_fd> clients;
  int port = 0;

  ~balancer_fixture() {
    caf::anon_send_exit(balancer, caf::exit_reason::kill);
    caf::anon_send_exit(launcher, caf::exit_reason::kill);
    for (const auto& app : apps)
      caf::anon_send_exit(app, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  /// A worker that asks for a port of its own choice, or for the one that another has got.
  void join(cluster::worker_key who, cluster_policy policy = cluster_policy::round_robin, bool was_adopted = false) {
    auto spec = std::make_shared<app_spec>();
    spec->cluster_policy = policy;
    apps.push_back(sys.spawn([this, who, spec, was_adopted](app_actor::pointer self) -> app_actor::behavior_type {
      self->send(balancer, worker_up{who, spec, was_adopted});
      return {[](const app_request&) { return app_answer{}; },
              [](const pass_on&) { return app_answer{}; },
              [](const fd_ready&) {},
              [](const new_declaration&) {},
              [](const launch_done&) {},
              [](const launch_refused&) {},
              [](const process_exited&) {},
              [](const tree_ended&) {},
              [](const held_launch&) {},
              [](const cron_due&) {},
              [](const recorder_restarted&) {},
              [this, who](const for_worker& message) { sent[who].push_back(message); },
              [](const slot_standing&) {}};
    }));
    loop.run_until_quiet();
  }
  void listen(cluster::worker_key who, int at_port = 0) {
    cluster::server_query query;
    query.seq = 7;
    query.address = "127.0.0.1";
    query.port = at_port;
    say(who, query);
    const auto answer = json::parse(sent.at(who).back().line);
    if (answer.contains("sockname"))
      port = answer.at("sockname").at("port");
    say(who, cluster::listening{});
  }
  void say(cluster::worker_key who, cluster::message what) {
    caf::anon_send(balancer, worker_said{who, std::move(what)});
    loop.run_until_quiet();
  }
  void connect() {
    os::unique_fd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    clients.push_back(std::move(client));
    loop.run_until_quiet();
  }
  /// The seq of the newest connection that it was sent; 0: what came last is none.
  uint64_t newest(cluster::worker_key who) {
    if (sent[who].empty() || !sent[who].back().fd)
      return 0;
    return json::parse(sent[who].back().line).at("msg").at("seq");
  }
  size_t connections_of(cluster::worker_key who) {
    return static_cast<size_t>(std::ranges::count_if(sent[who], [](const auto& one) { return one.fd != nullptr; }));
  }
};

} // namespace

TEST_CASE_FIXTURE(balancer_fixture, "balancer: connections go to the workers in turn, each with its descriptor") {
  join(first);
  join(second);
  listen(first);
  listen(second);
  for (int i = 0; i < 4; ++i)
    connect();
  CHECK(connections_of(first) == 2);
  CHECK(connections_of(second) == 2);
}

TEST_CASE_FIXTURE(balancer_fixture,
                  "balancer: what connects when another daemon is about to take over waits for that one") {
  join(first);
  listen(first);
  connect();
  REQUIRE(connections_of(first) == 1);
  caf::anon_send(balancer, hold_connections{});
  loop.run_until_quiet();

  connect();

  CHECK(connections_of(first) == 1);
}

TEST_CASE_FIXTURE(balancer_fixture, "balancer: a connection that is refused goes to another worker") {
  join(first);
  join(second);
  listen(first);
  listen(second);
  connect();
  const auto holder = newest(first) != 0 ? first : second;
  const auto other = holder == first ? second : first;
  say(holder, cluster::connection_answer{newest(holder), false});
  CHECK(connections_of(other) == 1);
  say(holder, cluster::connection_answer{newest(holder), false}); // said twice
  CHECK(connections_of(other) == 1);
}

TEST_CASE_FIXTURE(balancer_fixture, "balancer: what a worker had not answered for when it ended goes to another") {
  join(first);
  listen(first);
  connect();
  connect();
  REQUIRE(connections_of(first) == 2);
  say(first, cluster::connection_answer{newest(first), true});
  join(second);
  listen(second);
  caf::anon_send(balancer, worker_down{first});
  loop.run_until_quiet();
  CHECK(connections_of(second) == 1);
}

TEST_CASE_FIXTURE(balancer_fixture, "balancer: while nobody can take them connections wait, and none is lost") {
  join(first);
  listen(first);
  for (size_t i = 0; i < cluster::connection_dealer::most_unanswered + 3; ++i)
    connect();
  CHECK(connections_of(first) == cluster::connection_dealer::most_unanswered);
  caf::anon_send(balancer, worker_down{first}); // it crashes, and is started again
  loop.run_until_quiet();
  join(second);
  listen(second);
  CHECK(connections_of(second) == cluster::connection_dealer::most_unanswered);
  for (int i = 0; i < 3; ++i)
    say(second, cluster::connection_answer{static_cast<uint64_t>(9 + i), true});
  CHECK(connections_of(second) == cluster::connection_dealer::most_unanswered + 3);
}

TEST_CASE_FIXTURE(balancer_fixture, "balancer: a worker that retires gets none, and closes no port of the others") {
  join(first);
  join(second);
  listen(first);
  listen(second);
  caf::anon_send(balancer, worker_retires{first});
  say(first, cluster::server_closed{"127.0.0.1:0:4:-1:0"});
  caf::anon_send(balancer, worker_down{first});
  connect();
  CHECK(connections_of(first) == 0);
  CHECK(connections_of(second) == 1);
}

TEST_CASE_FIXTURE(balancer_fixture, "balancer: a port that is taken is an error for the worker") {
  join(first);
  listen(first);
  join(second);
  listen(second, port);
  const auto answer = json::parse(sent.at(second).back().line);
  CHECK(answer.at("errno") == -EADDRINUSE);
  CHECK(answer.at("ack") == 7);
}

TEST_CASE_FIXTURE(balancer_fixture, "balancer: a descriptor of ours is nothing that a worker can listen on") {
  join(first);
  cluster::server_query query;
  query.fd = 0;
  say(first, query);
  CHECK(json::parse(sent.at(first).back().line).at("errno") == -EBADF);
}

TEST_CASE_FIXTURE(balancer_fixture, "balancer: with the policy shared a worker gets the socket itself") {
  join(first, cluster_policy::shared);
  listen(first);
  const auto answer = sent.at(first).back();
  CHECK(answer.fd);
  CHECK(json::parse(answer.line).at("msg").at("errno") == 0);
}

TEST_CASE_FIXTURE(balancer_fixture, "balancer: another daemon's goes on with the sockets, and the workers that run") {
  join(first);
  listen(first);
  REQUIRE(kept.size() == 1);
  caf::anon_send_exit(balancer, caf::exit_reason::kill);
  loop.run_until_quiet();
  connect(); // in the meantime

  balancer = sys.spawn<cluster_balancer_impl>("web", launcher, uint64_t{1000});
  const auto& [text, fd] = *kept.begin();
  caf::anon_send(balancer, adopted_socket{*cluster::kept_socket_from(text), fd});
  join(first, cluster_policy::round_robin, true);
  CHECK(connections_of(first) == 1);
  CHECK(newest(first) == 1001);

  caf::anon_send(balancer, release_sockets{});
  loop.run_until_quiet();
  CHECK(kept.empty());
}
