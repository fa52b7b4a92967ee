#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "command.hpp"

namespace e2e {

/// A named pipe that apps write to and a test reads: how a test hears of what an app has done.
class fifo {
public:
  explicit fifo(std::string path);
  ~fifo();
  fifo(const fifo&) = delete;
  fifo& operator=(const fifo&) = delete;

  const std::string& path() const noexcept { return path_; }

  /// The next line, without its newline. Fails the test where none comes within `patience`.
  std::string line();

private:
  std::string path_;
  int fd_;
  std::string unread_;
};

/// A procvisor home of its own in a folder of its own, which is the working directory of every command. At its end
/// `kill` has to succeed and to leave no process of this home behind.
class home_fixture {
public:
  home_fixture();
  ~home_fixture();
  home_fixture(const home_fixture&) = delete;
  home_fixture& operator=(const home_fixture&) = delete;

  const std::string& folder() const noexcept { return folder_; }
  const std::string& home() const noexcept { return home_; }
  std::string path(std::string_view name) const { return folder_ + "/" + std::string{name}; }

  /// The environment that commands get. Small and without anything of the machine, but for PATH.
  variables env;

  command_result run(words arguments) const { return e2e::run(procvisor(std::move(arguments))); }
  command_result run_as_nobody(words arguments) const;
  command procvisor(words arguments) const;

  /// run() that must exit with 0.
  command_result done(words arguments) const;

  std::string write(std::string_view name, std::string_view text, unsigned mode = 0644) const;
  std::string read(std::string_view name) const;
  bool exists(std::string_view name) const;

  /// A program of tests/e2e/programs, by a link in the folder.
  std::string program(std::string_view name) const;

  nlohmann::json processes() const;
  /// The row of the only process with this name.
  nlohmann::json process(std::string_view name) const;
  std::string status_of(std::string_view name) const;
  pid_t pid_of(std::string_view name) const;
  int restarts_of(std::string_view name) const;
  pid_t keeper_pid() const;

  /// Whether the condition becomes true within `patience`; asked again after each change to the files of the home.
  bool eventually(const std::function<bool()>& condition) const;
  bool becomes(std::string_view name, std::string_view status) const;

  /// Ends what this home runs, keeper and all; the fixture does it as well.
  void shut_down() const;

  /// All processes that have this home in their environment: apps, daemon, keeper and recorder. One that is in the
  /// middle of its execve has none for a moment.
  std::vector<pid_t> living() const;
  /// Those of them that apps are or have started.
  std::vector<pid_t> living_of_apps() const;

  /// Those of them whose first argument is `role`: keeper, daemon, recorder.
  std::vector<pid_t> in_role(const std::string& role) const;
  /// kill -9 for the only one.
  void kill_role(const std::string& role) const;

private:
  std::string folder_;
  std::string home_;
};

/// Those that are alive.
std::vector<pid_t> children_of(pid_t parent);

/// "name: value" lines of /proc/<pid>/status.
std::string status_field(pid_t pid, std::string_view field);
bool is_alive(pid_t pid);
/// Whether the process ends within `patience`.
bool ends(pid_t pid);
std::vector<std::string> lines_of(std::string_view text);
bool contains(std::string_view text, std::string_view part);
bool is_root();
bool has_program(const char* name);

} // namespace e2e
