#include "cli/deploy_check.hpp"

#include <sys/wait.h>

#include <cstring>

#include <fmt/format.h>

#include "core/git_state.hpp"
#include "core/words.hpp"
#include "os/find_program.hpp"
#include "os/run_program.hpp"

namespace procvisor::cli {

namespace {

/// A tree with more changes than fit has changes.
constexpr size_t most_output = 1024 * 1024;

} // namespace

result<void> check_local_repository(const config::caller& who) {
  const auto unknown = [](std::string_view why) {
    return fail(exit_code::other, fmt::format("cannot see whether all changes are committed and pushed: {}", why),
                "call it in the repository, or with --force, which does not look");
  };
  const auto git = os::find_program("git", who.search_path, who.cwd);
  if (!git)
    return unknown("there is no git in PATH");
  const auto ended =
      os::run_program({*git, "status", "--porcelain=v2", "--branch", "--untracked-files=no"}, most_output);
  if (!ended)
    return unknown(std::strerror(ended.error()));
  const bool is_cut = ended->talk.size() > most_output;
  if (!is_cut && (!WIFEXITED(ended->wait_status) || WEXITSTATUS(ended->wait_status) != 0))
    return unknown(trimmed(ended->talk));
  const auto state = read_git_status(ended->talk);
  if (state.has_conflicts)
    return fail(exit_code::other, "a merge has conflicts", "resolve and commit them, or --force");
  if (state.has_changes)
    return fail(exit_code::other, "there are changes that are not committed",
                "commit or stash them; --force deploys what is pushed");
  if (state.has_staged)
    return fail(exit_code::other, "there are staged changes that are not committed",
                "commit them; --force deploys what is pushed");
  if (state.unpushed > 0)
    return fail(exit_code::other,
                fmt::format("{} commit{} not pushed", state.unpushed, state.unpushed == 1 ? " is" : "s are"),
                "git push; --force deploys what is pushed");
  return {};
}

} // namespace procvisor::cli
