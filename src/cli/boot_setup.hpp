#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/invocation.hpp"
#include "core/boot_service.hpp"

namespace procvisor::cli {

/// What `startup` and `unstartup` have in common: which service is meant, and by whom it can be changed.
class boot_setup {
public:
  explicit boot_setup(invocation& call) : call_(call) {}

  void declare_options();

  /// Reads targets and options. Fails with usage where they name no init system or no user.
  result<boot_service> service();

  bool is_dry_run() const noexcept { return is_dry_run_; }
  bool is_forced() const noexcept { return is_forced_; }

  /// nullopt: this user may do it. Otherwise the line that does it, to be pasted.
  std::optional<std::string> line_for_root(std::string_view verb, const boot_service& service) const;

  /// One after the other, each shown before it runs; the first that fails ends it.
  result<void> run_all(const std::vector<command_words>& commands) const;

private:
  void sort_out_user_flag();
  result<init_system> wanted_init() const;

  invocation& call_;
  std::string user_;
  std::optional<std::string> user_flag_;
  std::string init_word_;
  std::string user_home_;
  std::string service_name_;
  bool waits_for_network_ = false;
  bool is_dry_run_ = false;
  bool is_forced_ = false;
};

/// As a shell would take it.
std::string shell_line(const command_words& words);

} // namespace procvisor::cli
