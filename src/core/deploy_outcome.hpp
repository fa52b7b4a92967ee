#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/deploy_marks.hpp"
#include "core/deploy_target.hpp"
#include "core/result.hpp"

namespace procvisor {

/// How a program has ended that carried a script out.
struct deploy_end {
  int exit_code = 0; ///< where no signal has ended it
  int signal = 0;
  std::string complaint = {}; ///< what ssh itself has said: its standard error
};

/// What is known of one host: what its script has said so far, and in the end what came of it.
class deploy_outcome {
public:
  deploy_outcome(std::string host, const deploy_target& target) : host_(std::move(host)), target_(&target) {}

  void add(const deploy_event& event);

  const std::string& host() const noexcept { return host_; }
  bool has_begun() const noexcept { return has_begun_; }
  /// The script has said its last word.
  bool is_over() const noexcept { return is_done_ || !failed_code_.empty() || !error_.empty(); }
  /// For people: "fetching from git@host:repo.git".
  std::string stage_text() const;

  std::string_view commit() const noexcept { return commit_; } ///< what is there now; empty: not known
  std::string_view before() const noexcept { return before_; } ///< what was there

  /// Nothing, where all is done. Else one error that names host, step, and what to do.
  std::optional<error> failure(const deploy_end& end) const;

private:
  error refusal() const;
  error stage_failure() const;
  error broken_connection(const deploy_end& end) const;
  error no_connection(const deploy_end& end) const;
  bool is_local() const { return host_ == local_host; }

  std::string host_;
  const deploy_target* target_;
  bool has_begun_ = false;
  bool is_done_ = false;
  std::string stage_;
  std::string failed_code_;
  std::string error_;      ///< word of an error mark
  std::string error_text_; ///< the rest of it
  std::string commit_;
  std::string before_;
  std::deque<std::string> last_lines_; ///< of the output of this stage
};

} // namespace procvisor
