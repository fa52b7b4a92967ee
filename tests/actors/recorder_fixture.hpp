#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/init_global_meta_objects.hpp>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "../unit/temp_dir.hpp"
#include "actors/recorder/log_pipe.hpp"
#include "actors/recorder/protocol.hpp"
#include "actors/recorder/root.hpp"
#include "keeper/wire.hpp"
#include "loop/event_loop.hpp"
#include "os/memfd.hpp"
#include "os/packet_socket.hpp"

/// A recorder on the fake clock, with the test as its keeper, its daemon and its apps.
class recorder_fixture {
public:
  using json = nlohmann::json;
  struct ends {
    procvisor::os::unique_fd read;
    procvisor::os::unique_fd write;
  };
  /// The ends of a launch that the app has.
  struct app_ends {
    procvisor::os::unique_fd out;
    procvisor::os::unique_fd err;
  };

  temp_dir home;
  procvisor::recorder::drain_pool pool;

private:
  struct meta_objects {
    meta_objects() { caf::init_global_meta_objects<caf::id_block::procvisor_recorder>(); }
  } meta_objects_;
  procvisor::loop_config config_{true};

public:
  caf::actor_system sys{config_};
  procvisor::event_loop& loop = procvisor::event_loop::of(sys);
  procvisor::os::unique_fd keeper;
  procvisor::os::unique_fd daemon;
  procvisor::recorder::recorder_actor root;

  recorder_fixture() {
    sys.await_actors_before_shutdown(false);
    auto keeper_ends = procvisor::os::make_packet_pair();
    keeper = std::move(keeper_ends->first);
    root = sys.spawn<procvisor::recorder::root_impl>(std::move(keeper_ends->second), path("procvisor.log"), pool);
    introduce_daemon(procvisor::keeper::hello{});
  }
  ~recorder_fixture() {
    keeper.reset();
    loop.run_until_quiet();
    CHECK(sys.registry().running() == 0);
  }

  std::string path(std::string_view name) const { return home.path() + '/' + std::string{name}; }

  template <class Packet>
  void introduce_daemon(const Packet& packet) {
    auto daemon_ends = procvisor::os::make_packet_pair();
    daemon = std::move(daemon_ends->first);
    from_keeper(packet, {daemon_ends->second.get()});
  }
  template <class Packet>
  void from_keeper(const Packet& packet, const std::vector<int>& fds = {}) {
    REQUIRE(procvisor::os::send_packet(keeper.get(), std::as_bytes(std::span{&packet, 1}), fds) == 0);
    loop.run_until_quiet();
  }

  void send(const json& packet, const std::vector<int>& fds = {}) { send_text(packet.dump(), fds); }
  void send_text(std::string_view text, const std::vector<int>& fds = {}) {
    REQUIRE(procvisor::os::send_packet(daemon.get(), std::as_bytes(std::span{text}), fds) == 0);
    loop.run_until_quiet();
  }
  /// The next answer; null: there is none.
  json answer() {
    loop.run_until_quiet();
    const auto packet = procvisor::os::receive_packet(daemon.get());
    if (!packet || packet->bytes.empty())
      return nullptr;
    return json::parse(reinterpret_cast<const char*>(packet->bytes.data()),
                       reinterpret_cast<const char*>(packet->bytes.data()) + packet->bytes.size());
  }

  static ends make_pipe() {
    int fds[2];
    REQUIRE(pipe2(fds, O_CLOEXEC) == 0);
    return {procvisor::os::unique_fd{fds[0]}, procvisor::os::unique_fd{fds[1]}};
  }
  json open_packet(uint32_t id, uint64_t gen) const {
    return {{"op", "open"},
            {"id", id},
            {"generation", gen},
            {"pid", 100 + gen},
            {"name", "app"},
            {"out", path("out.log")},
            {"error", path("err.log")},
            {"pid_file", path("pids/app.pid")}};
  }
  app_ends open(const json& packet) {
    auto out = make_pipe();
    auto err = make_pipe();
    send(packet, {out.read.get(), err.read.get()});
    return {std::move(out.write), std::move(err.write)};
  }
  app_ends open(uint32_t id = 0, uint64_t gen = 1) { return open(open_packet(id, gen)); }

  void write(const procvisor::os::unique_fd& to, std::string_view text) {
    REQUIRE(::write(to.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void write_and_run(const procvisor::os::unique_fd& to, std::string_view text) {
    write(to, text);
    loop.run_until_quiet();
  }
  static std::string content(const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  static bool exists(const std::string& file) { return access(file.c_str(), F_OK) == 0; }
};
