#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace e2e {

/// How long a test waits for what must happen. Far more than it takes: a machine that builds at the same time is slow.
inline constexpr std::chrono::seconds patience{20};

using words = std::vector<std::string>;
using variables = std::map<std::string, std::string>;

struct command_result {
  int exit_code = -1; ///< -1: ended by a signal, or by the guard after `patience`
  std::string out;
  std::string err;
};

struct command {
  words argv;    ///< argv[0] is searched for in PATH
  variables env; ///< the whole environment
  std::string cwd;
  std::string input; ///< a file for standard input; empty: /dev/null
};

/// Runs it to its end, until its stdout and stderr are closed by whoever has inherited them. What takes longer than
/// `patience` is killed and fails the test.
command_result run(const command& what);

/// The same with a terminal of so many columns as stdin, stdout and stderr; everything is in `out`, without the
/// carriage returns.
command_result run_in_terminal(const command& what, unsigned short columns);

/// A process that runs on while the test looks at its output.
class background_command {
public:
  explicit background_command(const command& what);
  ~background_command(); ///< kills it where it still runs
  background_command(const background_command&) = delete;
  background_command& operator=(const background_command&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// Whether `text` arrives on its stdout or stderr within `patience`.
  bool says(const std::string& text);

  /// Waits for its end.
  command_result finish();

private:
  void read_until(std::chrono::steady_clock::time_point deadline, const std::string* wanted);
  void take(int& fd, std::string& text);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  command_result seen_;
};

} // namespace e2e
