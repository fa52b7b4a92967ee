/// To be run by hand: `recorder_throughput [FOLDER]` measures a recorder process against bare loops of read and write
/// that carry the same stream to a file in the same folder, and what it costs to hold 1,000 apps. The test plays keeper
/// and daemon.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <poll.h>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/recorder/recorder.hpp"
#include "keeper/wire.hpp"
#include "os/limits.hpp"
#include "os/packet_socket.hpp"
#include "os/unique_fd.hpp"

using namespace procvisor;
using nlohmann::json;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr double mebibyte = 1024.0 * 1024.0;

struct pipe_ends {
  os::unique_fd read;
  os::unique_fd write;
};

pipe_ends make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0)
    std::abort();
  return {os::unique_fd{fds[0]}, os::unique_fd{fds[1]}};
}

/// A child process that runs `body` and exits.
pid_t fork_child(const std::function<void()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  return pid;
}

void write_stream(int to, size_t chunk, size_t total) {
  std::string block(chunk, 'x');
  block.back() = '\n';
  for (size_t done = 0; done < total;) {
    const auto n = write(to, block.data(), block.size());
    if (n <= 0)
      std::abort();
    done += static_cast<size_t>(n);
  }
}

/// As simple as it can be: blocking, one buffer of 64 KiB.
void bare_loop(int from, int to) {
  static char buffer[64 * 1024];
  for (ssize_t n = 0; (n = read(from, buffer, sizeof buffer)) > 0;) {
    if (write(to, buffer, static_cast<size_t>(n)) != n)
      std::abort();
  }
}

class recorder_process {
public:
  explicit recorder_process(const std::string& home) {
    auto keeper_ends = os::make_packet_pair();
    auto daemon_ends = os::make_packet_pair();
    keeper_ = std::move(keeper_ends->first);
    daemon_ = std::move(daemon_ends->first);
    setenv("PROCVISOR_HOME", home.c_str(), 1);
    pid = fork_child([&] {
      keeper_.reset();
      daemon_.reset();
      _exit(recorder::run_recorder(keeper_ends->second.release()));
    });
    const keeper::hello hello;
    const int fd = daemon_ends->second.get();
    os::send_packet(keeper_.get(), std::as_bytes(std::span{&hello, 1}), {&fd, 1});
  }
  ~recorder_process() {
    keeper_.reset();
    waitpid(pid, nullptr, 0);
  }

  void send(const json& packet, std::vector<int> fds = {}) {
    const auto text = packet.dump();
    while (os::send_packet(daemon_.get(), std::as_bytes(std::span{text}), fds) == EAGAIN)
      wait_for(POLLOUT);
  }
  json answer() {
    for (;;) {
      if (const auto packet = os::receive_packet(daemon_.get())) {
        const auto* text = reinterpret_cast<const char*>(packet->bytes.data());
        return json::parse(text, text + packet->bytes.size());
      }
      wait_for(POLLIN);
    }
  }

  pid_t pid = 0;

private:
  void wait_for(short events) const {
    pollfd at{daemon_.get(), events, 0};
    poll(&at, 1, -1);
  }

  os::unique_fd keeper_;
  os::unique_fd daemon_;
};

json open_packet(const std::string& home, uint32_t id) {
  return {{"op", "open"},
          {"id", id},
          {"generation", 1},
          {"pid", 1},
          {"name", "app"},
          {"out", fmt::format("{}/logs/app-{}-out.log", home, id)},
          {"error", fmt::format("{}/logs/app-{}-error.log", home, id)},
          {"pid_file", fmt::format("{}/pids/app-{}.pid", home, id)}};
}

double through_bare_loop(const std::string& home, size_t chunk, size_t total) {
  auto stream = make_pipe();
  const auto path = home + "/bare.log";
  const os::unique_fd file{open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  const auto begin = clock_type::now();
  const pid_t writer = fork_child([&] { write_stream(stream.write.get(), chunk, total); });
  stream.write.reset();
  bare_loop(stream.read.get(), file.get());
  const std::chrono::duration<double> took = clock_type::now() - begin;
  waitpid(writer, nullptr, 0);
  unlink(path.c_str());
  return static_cast<double>(total) / mebibyte / took.count();
}

double through_recorder(const std::string& home, size_t chunk, size_t total) {
  recorder_process recorder{home};
  auto out = make_pipe();
  auto err = make_pipe();
  const auto packet = open_packet(home, 0);
  const auto begin = clock_type::now();
  const pid_t writer = fork_child([&] { write_stream(out.write.get(), chunk, total); });
  recorder.send(packet, {out.read.get(), err.read.get()});
  waitpid(writer, nullptr, 0);
  out = {};
  recorder.send({{"op", "ended"}, {"id", 0}, {"generation", 1}});
  if (recorder.answer()["op"] != "drained")
    std::abort();
  const std::chrono::duration<double> took = clock_type::now() - begin;
  const auto path = packet["out"].get<std::string>();
  if (std::filesystem::file_size(path) != total)
    fmt::print("LOST: {} of {} bytes arrived\n", std::filesystem::file_size(path), total);
  unlink(path.c_str());
  return static_cast<double>(total) / mebibyte / took.count();
}

/// A field of a file in /proc, in its own unit.
long proc_field(pid_t pid, const char* file, std::string_view field) {
  std::ifstream in{fmt::format("/proc/{}/{}", pid, file)};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(field))
      return std::atol(line.c_str() + field.size());
  }
  return -1;
}

double cpu_ms(pid_t pid) {
  std::ifstream in{fmt::format("/proc/{}/schedstat", pid)};
  double nanoseconds = 0;
  in >> nanoseconds;
  return nanoseconds / 1e6;
}

void hold_apps(const std::string& home, uint32_t count) {
  recorder_process recorder{home};
  recorder.send({{"op", "ended"}, {"id", 0}, {"generation", 1}});
  recorder.answer();
  const auto before = cpu_ms(recorder.pid);
  fmt::print("no app: PSS {} KiB\n", proc_field(recorder.pid, "smaps_rollup", "Pss:"));
  std::vector<pipe_ends> pipes;
  for (uint32_t id = 0; id < count; ++id) {
    auto out = make_pipe();
    auto err = make_pipe();
    recorder.send(open_packet(home, id), {out.read.get(), err.read.get()});
    pipes.push_back(std::move(out));
    pipes.push_back(std::move(err));
  }
  recorder.send({{"op", "ended"}, {"id", count}, {"generation", 1}});
  recorder.answer();
  fmt::print("{} apps: opened in {:.1f} ms of CPU, PSS {} KiB, anonymous {} KiB\n", count,
             cpu_ms(recorder.pid) - before, proc_field(recorder.pid, "smaps_rollup", "Pss:"),
             proc_field(recorder.pid, "smaps_rollup", "Anonymous:"));
  const auto switches = proc_field(recorder.pid, "status", "voluntary_ctxt_switches:");
  usleep(1'000'000);
  fmt::print("idle for 1 s: {} context switches\n",
             proc_field(recorder.pid, "status", "voluntary_ctxt_switches:") - switches);
}

} // namespace

int main(int argc, char** argv) {
  const std::string home = std::string{argc > 1 ? argv[1] : "/tmp"} + fmt::format("/recorder-throughput-{}", getpid());
  std::filesystem::create_directories(home);
  os::raise_open_files();
  setlinebuf(stdout);
  struct row {
    const char* what;
    size_t chunk;
    size_t total;
  };
  for (const auto& [what, chunk, total] :
       {row{"64 KiB writes", 64 * 1024, 512UL << 20}, row{"4 KiB writes", 4 * 1024, 256UL << 20},
        row{"100-byte lines", 100, 100 * (2UL << 20)}}) {
    std::vector<double> bare;
    std::vector<double> recorded;
    for (int i = 0; i < 5; ++i) {
      bare.push_back(through_bare_loop(home, chunk, total));
      recorded.push_back(through_recorder(home, chunk, total));
    }
    std::sort(bare.begin(), bare.end());
    std::sort(recorded.begin(), recorded.end());
    fmt::print("{:>14}: bare loop {:5.0f} MiB/s, recorder {:5.0f} MiB/s ({:.0f} %)\n", what, bare[2], recorded[2],
               100 * recorded[2] / bare[2]);
  }
  hold_apps(home, 1000);
  std::filesystem::remove_all(home);
}
