// A keeper whose daemon and recorder do nothing by themselves. Clients tell the daemon what to do, a line each, and get
// a line back; the recorder passes on to the daemon what it hears from the keeper. tests/unit/keeper_test.cpp drives
// it.

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "keeper/inheritance.hpp"
#include "keeper/keeper.hpp"
#include "keeper/wire.hpp"
#include "os/home.hpp"
#include "os/memfd.hpp"
#include "os/packet_socket.hpp"
#include "os/spawn.hpp"

using namespace procvisor;
using namespace procvisor::keeper;

namespace {

void wait_for(int fd) {
  pollfd readable{fd, POLLIN, 0};
  ::poll(&readable, 1, -1);
}

os::packet next_packet(int socket) {
  for (;;) {
    wait_for(socket);
    if (auto packet = os::receive_packet(socket))
      return std::move(*packet);
  }
}

template <class T>
T as(const os::packet& packet, size_t index = 0) {
  T one;
  std::memcpy(&one, packet.bytes.data() + index * sizeof one, sizeof one);
  return one;
}

template <class T>
void say(const T& packet, std::vector<int> fds = {}) {
  os::send_packet(keeper_fd, std::as_bytes(std::span{&packet, 1}), fds);
}

/// One line a struct: "exited 7 3 code 0 signal 9".
std::vector<std::string> lines_of(const os::packet& packet) {
  if (packet.bytes.empty())
    return {"closed"};
  const auto name = [](const launch_key& key) { return fmt::format("{} {}", key.id, key.generation); };
  std::vector<std::string> lines;
  switch (as<op>(packet)) {
    case op::exited:
      for (size_t i = 0; (i + 1) * sizeof(exited) <= packet.bytes.size(); ++i) {
        const auto one = as<exited>(packet, i);
        lines.push_back(fmt::format("exited {} code {} signal {}{}", name(one.key), one.exit_code, one.signal,
                                    one.may_have_left != 0 ? " may have left some" : ""));
      }
      break;
    case op::held: {
      const auto one = as<held>(packet);
      lines.push_back(fmt::format("held {} pid {} over {} code {} signal {} fds {}", name(one.key), one.pid,
                                  one.is_over, one.exit_code, one.signal, packet.fds.size()));
      break;
    }
    case op::held_all:
      lines.push_back("held_all");
      break;
    case op::peer:
      lines.push_back("peer");
      break;
    case op::rejected:
      lines.push_back("rejected " + name(as<notice>(packet).key));
      break;
    case op::orphans: {
      std::string line = "orphans";
      for (uint32_t i = 0; i < as<orphans>(packet).count; ++i) {
        pid_t pid = 0;
        std::memcpy(&pid, packet.bytes.data() + sizeof(orphans) + i * sizeof pid, sizeof pid);
        line += fmt::format(" {}", pid);
      }
      lines.push_back(line);
      break;
    }
    case op::terminate:
      lines.push_back("terminate");
      break;
    case op::reopen:
      lines.push_back("reopen");
      break;
    case op::leave:
      lines.push_back("leave");
      break;
    case op::refused:
      lines.push_back("refused: "
                      + std::string(reinterpret_cast<const char*>(packet.bytes.data()) + sizeof(notice),
                                    packet.bytes.size() - sizeof(notice)));
      break;
    case op::hello:
    case op::intend:
    case op::launched:
    case op::reap:
    case op::look:
    case op::end:
    case op::socket:
    case op::state:
    case op::adopt:
    case op::update:
      lines.push_back("unexpected");
      break;
  }
  return lines;
}

class fake_daemon {
public:
  fake_daemon() {
    auto packet = next_packet(keeper_fd);
    hello_ = as<hello>(packet);
    listening_ = std::move(packet.fds.at(0));
    report_ = std::move(packet.fds.at(1));
    recorder_ = std::move(packet.fds.at(2));
    if (packet.fds.size() > 3)
      state_ = os::read_whole(packet.fds[3].get());
  }

  int run() {
    for (;;) {
      std::array<pollfd, 2> ready = {{{listening_.get(), POLLIN, 0}, {keeper_fd, 0, 0}}};
      ::poll(ready.data(), ready.size(), -1);
      if ((ready[1].revents & POLLHUP) != 0)
        return 0;
      const os::unique_fd client{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      std::string line;
      char next = 0;
      while (client && ::recv(client.get(), &next, 1, 0) == 1) {
        if (next != '\n') {
          line += next;
          continue;
        }
        const std::string answer = obey(line) + '\n';
        line.clear();
        ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    }
  }

private:
  std::string obey(const std::string& line) {
    std::istringstream words{line};
    std::string verb;
    launch_key key;
    words >> verb >> key.id >> key.generation >> std::ws;
    std::string script;
    std::getline(words, script);
    if (verb == "pid")
      return std::to_string(::getpid());
    if (verb == "keeper")
      return std::to_string(hello_.keeper_pid);
    if (verb == "restarts")
      return std::to_string(hello_.restarts);
    if (verb == "capacity")
      return std::to_string(hello_.capacity);
    if (verb == "intend")
      return intend_it(key), "ok";
    if (verb == "intend-with-channel")
      return intend_it(key, true), "ok";
    if (verb == "launch")
      return intend_it(key), launch(key, script, report_.get());
    if (verb == "launch-without-report")
      return intend_it(key), launch(key, script, -1);
    if (verb == "launch-without-launched") // as if killed after clone
      return create(key, script, report_.get());
    if (verb == "slow-launch") // the child says its pid when somebody writes to the fifo "go"
      return intend_it(key), std::to_string(slow_launch(key));
    if (verb == "state")
      return state_;
    if (verb == "deposit") {
      const auto file = os::sealed_memfd("state", script);
      say(notice{.what = op::state, .key = key}, {file.get()});
      return "ok";
    }
    if (verb == "update") { // script: the program
      const os::unique_fd program{::open(script.c_str(), O_RDONLY | O_CLOEXEC)};
      say(notice{.what = op::update, .key = key}, {program.get()});
      return "ok";
    }
    if (verb == "leave") { // when the keeper says so
      while (next(keeper_fd, heard_from_keeper_) != "leave")
        continue;
      std::exit(0);
    }
    if (verb == "origin")
      return std::to_string(static_cast<uint32_t>(hello_.from));
    if (verb == "fail")
      return intend_it(key), fail_to_launch(key);
    if (verb == "reap")
      return say(reap{.key = key}), "ok";
    if (verb == "next")
      return next(keeper_fd, heard_from_keeper_);
    if (verb == "next-of-recorder")
      return next_of_recorder();
    if (verb == "look")
      return say(notice{.what = op::look, .key = {}}), "ok";
    if (verb == "end") {
      say(notice{.what = op::end, .key = {}});
      std::exit(0);
    }
    return "what?";
  }

  void intend_it(const launch_key& key, bool with_channel = false) {
    output_ = os::make_output_pipe().value();
    error_ = os::make_output_pipe().value();
    std::vector<int> fds{output_.read_end.get(), error_.read_end.get()};
    if (with_channel)
      fds.push_back(keeper_fd); // any socket does
    say(intend{.fd_count = static_cast<uint32_t>(fds.size()), .key = key}, fds);
  }

  std::string create(const launch_key& key, std::string script, int report_fd) {
    std::array argv = {const_cast<char*>("sh"), const_cast<char*>("-c"), script.data(), static_cast<char*>(nullptr)};
    os::spawn_plan plan;
    plan.path = "/bin/sh";
    plan.argv = argv.data();
    plan.envp = environ;
    plan.out_fd = output_.child_end.get();
    plan.err_fd = error_.child_end.get();
    plan.report_fd = report_fd;
    plan.key = key;
    const auto made = spawner_.spawn(plan);
    output_.child_end.reset();
    error_.child_end.reset();
    if (!made)
      return os::describe(made.error(), plan);
    if (report_fd < 0)
      wait_for(made->pidfd.get()); // it dies before it has reported
    return std::to_string(made->pid);
  }

  pid_t slow_launch(const launch_key& key) {
    const pid_t pid = ::fork();
    if (pid != 0)
      return pid;
    ::close(keeper_fd);
    const os::unique_fd go{::open((os::find_home()->path + "/go").c_str(), O_RDONLY | O_CLOEXEC)};
    report mine{};
    mine.key = key;
    mine.pid = ::getpid();
    if (::write(report_.get(), &mine, sizeof mine) == static_cast<ssize_t>(sizeof mine))
      ::execl("/bin/sleep", "sleep", "1000", nullptr);
    ::_exit(1);
  }

  std::string launch(const launch_key& key, const std::string& script, int report_fd) {
    const std::string pid = create(key, script, report_fd);
    say(launched{.pid = std::stoi(pid), .key = key});
    return pid;
  }

  std::string fail_to_launch(const launch_key& key) {
    std::array argv = {static_cast<char*>(nullptr)};
    os::spawn_plan plan;
    plan.path = "/no/such/program";
    plan.argv = plan.envp = argv.data();
    plan.report_fd = report_.get();
    plan.key = key;
    const auto made = spawner_.spawn(plan);
    say(reap{.key = key});
    return std::to_string(made.error().pid);
  }

  std::string next(int socket, std::vector<std::string>& heard) {
    while (heard.empty()) {
      auto packet = next_packet(socket);
      heard = lines_of(packet);
      if (heard.front() == "peer")
        recorder_ = std::move(packet.fds.at(0));
    }
    const std::string line = heard.front();
    heard.erase(heard.begin());
    return line;
  }

  std::string next_of_recorder() {
    const auto packet = next_packet(recorder_.get());
    return {reinterpret_cast<const char*>(packet.bytes.data()), packet.bytes.size()};
  }

  os::spawner spawner_;
  hello hello_;
  os::unique_fd listening_;
  os::unique_fd report_;
  os::unique_fd recorder_;
  std::string state_; ///< what an earlier one has deposited
  os::output_pipe output_;
  os::output_pipe error_;
  std::vector<std::string> heard_from_keeper_;
};

int run_fake_recorder() {
  auto packet = next_packet(keeper_fd);
  os::unique_fd daemon = std::move(packet.fds.at(0));
  const auto pass_on = [&](const std::string& line) {
    os::send_packet(daemon.get(), std::as_bytes(std::span{line.data(), line.size()}));
  };
  pass_on(fmt::format("hello pid {} restarts {}", ::getpid(), as<hello>(packet).restarts));
  for (;;) {
    packet = next_packet(keeper_fd);
    if (packet.bytes.empty())
      return std::ofstream{os::find_home()->path + "/recorder-is-done"} ? 0 : 1;
    if (as<op>(packet) == op::peer)
      daemon = std::move(packet.fds.at(0));
    for (const std::string& line : lines_of(packet))
      pass_on(line);
  }
}

} // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "keeper")
    return run_keeper(*os::find_home());
  if (role == "takes-over")
    return read_inheritance(ready_fd) ? 0 : 1; // its state is none
  if (role == "daemon" && !TAKES_OVER)
    return 1;
  if (role == "daemon")
    return fake_daemon{}.run();
  if (role == "recorder")
    return run_fake_recorder();
  return 1;
}
