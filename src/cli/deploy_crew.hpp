#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "cli/deploy_display.hpp"
#include "core/deploy_marks.hpp"
#include "core/deploy_outcome.hpp"
#include "os/piped_child.hpp"

namespace procvisor::cli {

/// What is to be done on one host, by a program that carries a script out (core/deploy_script).
struct deploy_job {
  deploy_outcome outcome;
  std::vector<std::string> argv;
  std::string script; ///< for its standard input; empty where it has that of this command
  std::string mark;
};

enum class deploy_fate : uint8_t { done, failed, not_begun };

struct deploy_result {
  deploy_outcome outcome;
  deploy_fate fate = deploy_fate::not_begun;
  error failure = {};
  std::chrono::milliseconds time{};
  std::vector<std::string> output = {}; ///< of verbs that ask
  bool is_output_cut = false;
};

/// Carries jobs out, so many at a time. After a failure none is begun. SIGINT and SIGTERM interrupt what is under way: it
/// ends by itself, or after some seconds, or with the next signal.
class deploy_crew {
public:
  enum class output_use : uint8_t {
    show,    ///< it is talk
    collect, ///< it is what was asked for
    pass_on, ///< likewise, and at once
  };
  struct listener {
    /// With output_use::pass_on: a line of a host, or a piece of one.
    std::function<void(const std::string& host, const deploy_event& output, bool is_standard_error)> output;
    std::function<void(const deploy_result& one)> end; ///< of a host that was begun; may be empty
  };

  deploy_crew(deploy_display& display, size_t at_a_time, output_use use, listener listens);
  ~deploy_crew();
  deploy_crew(const deploy_crew&) = delete;
  deploy_crew& operator=(const deploy_crew&) = delete;

  /// In the order of the jobs.
  std::vector<deploy_result> run(std::vector<deploy_job> jobs);

private:
  using clock = std::chrono::steady_clock;
  struct work;

  void begin(deploy_job job, deploy_result& result);
  void wait_and_read();
  void feed(work& one);
  void read_out(work& one);
  void read_err(work& one);
  void take(work& one, std::vector<deploy_event> events);
  void keep_output(work& one, const deploy_event& output);
  void interrupt();
  bool is_finished(const work& one) const;
  void finish(work& one);
  void end(deploy_result& one, std::optional<error> failure);
  void draw();
  int milliseconds_to_wait() const;

  deploy_display& display_;
  size_t at_a_time_;
  output_use use_;
  listener listens_;
  os::unique_fd signals_;
  bool is_interrupted_ = false;
  std::list<work> running_;
};

} // namespace procvisor::cli
