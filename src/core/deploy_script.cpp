#include "core/deploy_script.hpp"

#include <fmt/format.h>

#include "core/shell_quote.hpp"

namespace procvisor {

namespace {

/// What is said to the client; core/deploy_marks reads it.
constexpr std::string_view speaking = R"sh(
say() { printf '\036%s %s\n' "$mark" "$*" || exit 1; }
stage() { say stage "$1"; }
give_up() {
  say error "$@"
  exit 1
}
failed() {
  say failed "$1"
  exit 1
}
shell=$(command -v bash) || shell=sh
)sh";

/// The shell has read the script; what comes behind it on standard input is its end, when the client has gone. Then all
/// that runs here ends, for sshd and a killed client leave it alone.
constexpr std::string_view end_with_client = R"sh(
exec 3</dev/null 4<&0
(
  read -r nothing <&4
  kill -s HUP 0
) >/dev/null 2>&1 &
watcher=$!
trap '{ kill "$watcher"; wait "$watcher"; } 2>/dev/null' EXIT
)sh";

constexpr std::string_view keep_terminal = R"sh(
exec 3<&0
)sh";

/// A command of the user's. The login shell of sshd has read .bashrc, and what that exports is there. It has neither the lock nor the watched input, for it may leave
/// programs behind that run on.
constexpr std::string_view hooks = R"sh(
hook() { # STAGE FOLDER COMMAND
  [ -n "$3" ] || return 0
  stage "$1"
  (
    [ -z "$2" ] || cd "$2" || exit
    [ -z "$path" ] || export SHARED="$path/shared"
    [ "$1" != post-deploy ] || variables
    [ "${SHLVL:-0}" -gt 0 ] || export SHLVL=1 # or bash reads .bashrc once more, as the first shell of sshd
    exec "$shell" -c "$3" <&3 3<&- 4<&- 9<&-
  ) || failed "$?"
}
)sh";

constexpr std::string_view repository = R"sh(
command -v git >/dev/null || give_up no-git
run_git() { git "$@" </dev/null 3<&- 4<&- 9<&-; }
commit_of() { run_git rev-parse --quiet --verify "$1^{commit}" 2>/dev/null; }
lock() {
  command -v flock >/dev/null || return 0
  exec 9<"$path" || failed "$?"
  flock -n 9 || give_up busy
}
git_runs_here() {
  here=$(pwd -P)
  for process in /proc/[0-9]*; do
    case $(cat "$process/comm" 2>/dev/null) in git*) ;; *) continue ;; esac
    case $(readlink "$process/cwd") in "$here" | "$here"/*) return 0 ;; esac
  done
  return 1
}
find_litter() {
  [ -d .git ] || return 0
  find .git -path .git/objects -prune -o -type f -name '*.lock' "$@"
  find .git/objects/pack -type f -name 'tmp_*' "$@" 2>/dev/null
}
mend() { # what a git that was killed has left
  litter=$(find_litter -print)
  [ -n "$litter" ] || return 0
  [ -d /proc/self ] || give_up locked "$litter"
  ! git_runs_here || give_up git-runs
  find_litter -exec rm -f {} +
  say note removed what a broken deploy had left: $litter
}
get() {
  stage fetch
  if [ -n "$shallow" ]; then
    run_git fetch --depth=5 --all --tags --force
  else
    run_git fetch --all --tags --force
  fi || failed "$?"
}
find_commit() {
  if [ -z "$ref" ]; then
    ref=$(run_git for-each-ref --sort=-creatordate --count=1 --format='%(refname:strip=2)' refs/tags)
    [ -n "$ref" ] || give_up no-tag
  fi
  commit=$(commit_of "refs/remotes/$ref") || commit=$(commit_of "refs/tags/$ref") ||
    commit=$(commit_of "refs/remotes/origin/$ref") || commit=$(commit_of "$ref") || give_up no-ref "$ref"
}
link() {
  [ "$(readlink "$path/current")" != "$path/source" ] || return 0
  [ -L "$path/current" ] || [ ! -e "$path/current" ] || give_up no-link
  ln -sfn "$path/source" "$path/current"
}
undo() { # git leaves what it could not write as it is, which fills a disk that is full
  code=$?
  df -P . | sed 1d
  [ -n "$before" ] || failed "$code"
  run_git diff -z --name-only --diff-filter=A "$before" "$commit" | xargs -0 rm -f --
  run_git reset --quiet --hard "$before" || give_up torn "$before"
  failed "$code"
}
release() { # a client that has gone does not leave half a version
  find_commit
  stage release
  before=$(commit_of HEAD)
  trap '' HUP
  run_git reset --quiet --hard "$commit" || undo
  link || undo
  [ -z "$1" ] || printf '%s\n' "$commit" >>"$1" || undo
  trap - HUP
}
)sh";

/// Every step of it can be made twice: the next setup goes on with what a broken one has left.
constexpr std::string_view setup = R"sh(
hook pre-setup '' "$pre_setup"
stage folders
mkdir -p "$path/shared/logs" "$path/shared/pids" "$path/source" && cd "$path/source" || failed "$?"
lock
if [ -e .git ]; then
  mend
else
  [ -z "$(ls -A)" ] || give_up not-empty
  run_git init --quiet || failed "$?"
fi
if url=$(run_git config remote.origin.url); then
  [ "$url" = "$repo" ] || give_up other-repo "$url"
else
  run_git remote add ${shallow_branch:+-t "$shallow_branch"} origin "$repo" || failed "$?"
fi
if before=$(commit_of HEAD); then
  say note was set up before, and stays at "$before"
  commit=$before
  link || failed "$?"
else
  [ -z "$branch" ] || run_git symbolic-ref HEAD "refs/heads/$branch" || failed "$?"
  get
  release ''
fi
hook post-setup "$path/current" "$post_setup"
say done "$commit" "$before"
)sh";

constexpr std::string_view open_source = R"sh(
cd "$path/source" 2>/dev/null && [ -e .git ] || give_up not-set-up
)sh";

constexpr std::string_view find_earlier = R"sh(
count=$(wc -l 2>/dev/null <"$path/.deploys") || count=0
[ "$count" -gt "$back" ] || give_up no-deploy $count
ref=$(tail -n "$((back + 1))" "$path/.deploys" | head -n 1 | cut -d ' ' -f 1)
)sh";

constexpr std::string_view update = R"sh(
lock
mend
hook pre-deploy "$path/current" "$pre_deploy"
get
release "$path/.deploys"
hook post-deploy "$path/current" "$post_deploy"
say done "$commit" "$before"
)sh";

constexpr std::string_view show_current = R"sh(
run_git rev-parse --short HEAD || failed "$?"
say done
)sh";

constexpr std::string_view show_previous = R"sh(
printf '%s\n' "$ref"
say done
)sh";

constexpr std::string_view show_list = R"sh(
[ ! -e "$path/.deploys" ] || tail -n 1000 "$path/.deploys" || failed "$?"
say done
)sh";

constexpr std::string_view execute = R"sh(
[ -d "$path/current" ] || give_up not-set-up
hook exec "$path/current" "$command"
say done
)sh";

constexpr std::string_view run_here = R"sh(
hook "$name" '' "$command"
say done
)sh";

class script_text {
public:
  script_text& set(std::string_view variable, std::string_view value) {
    text_ += fmt::format("{}={}\n", variable, shell_quoted(value));
    return *this;
  }

  script_text& set_path(std::string_view path) {
    while (path.ends_with('/'))
      path.remove_suffix(1);
    if (!path.starts_with("~/"))
      return set("path", path);
    text_ += fmt::format("path=\"$HOME\"/{}\n", shell_quoted(path.substr(2)));
    return *this;
  }

  script_text& set_variables(const environment& variables) {
    text_ += "variables() {\n  :\n";
    for (const auto& [name, value] : variables)
      text_ += fmt::format("  export {}={}\n", name, shell_quoted(value));
    text_ += "}\n";
    return *this;
  }

  script_text& add(std::string_view part) {
    text_ += part.substr(part.starts_with('\n') ? 1 : 0);
    return *this;
  }

  /// A shell reads a group to its end before it runs anything of it.
  std::string whole() && { return "{\n" + std::move(text_) + "exit\n}\n"; }

private:
  std::string text_;
};

script_text opening(const script_manner& manner) {
  script_text script;
  script.set("mark", manner.mark);
  script.add(speaking).add(manner.has_tty ? keep_terminal : end_with_client).add(hooks);
  return script;
}

} // namespace

std::string deploy_script(const deploy_target& target, const deploy_request& wanted, const script_manner& manner) {
  script_text script = opening(manner);
  script.set_path(target.path).add("say begin\n");
  const auto prepare = [&] {
    const auto branch = branch_of_origin(target.ref);
    script.set("repo", target.repo).set("ref", wanted.ref.empty() ? target.ref : wanted.ref).set("branch", branch);
    script.set("shallow", target.is_shallow ? "yes" : "").set("shallow_branch", target.is_shallow ? branch : "");
    script.set_variables(target.env).add("exec 2>&1\n").add(repository);
  };
  const auto go_back = [&](int64_t deploys) {
    script.set("back", fmt::format("{}", deploys)).add(open_source).add(find_earlier);
  };
  switch (wanted.action) {
    case deploy_action::setup:
      prepare();
      script.set("pre_setup", target.pre_setup).set("post_setup", target.post_setup).add(setup);
      break;
    case deploy_action::update:
      prepare();
      script.set("pre_deploy", target.pre_deploy).set("post_deploy", target.post_deploy.value_or(""));
      script.add(open_source).add(update);
      break;
    case deploy_action::revert:
      prepare();
      script.set("pre_deploy", target.pre_deploy).set("post_deploy", target.post_deploy.value_or(""));
      go_back(wanted.back);
      script.add(update);
      break;
    case deploy_action::current:
      script.add(repository).add(open_source).add(show_current);
      break;
    case deploy_action::previous:
      go_back(1);
      script.add(show_previous);
      break;
    case deploy_action::list:
      script.add(open_source).add(show_list);
      break;
    case deploy_action::execute:
      script.set("command", wanted.command).add(execute);
      break;
  }
  return std::move(script).whole();
}

std::string local_command_script(std::string_view stage, const std::string& command, const script_manner& manner) {
  script_text script = opening(manner);
  script.set("path", "").set("name", stage).set("command", command);
  script.add("say begin\nexec 2>&1\n").add(run_here);
  return std::move(script).whole();
}

std::string default_post_deploy(const std::string& file, const std::string& target) {
  return fmt::format("procvisor startOrRestart {} --env {}", shell_quoted(file), shell_quoted(target));
}

std::vector<std::string> local_shell() {
  return {"sh", "-s"};
}

std::vector<std::string> ssh_command(const deploy_target& target, const std::string& host, const std::string& script,
                                     bool asks) {
  std::vector<std::string> argv{"ssh"};
  const auto add_option = [&](std::string value) { argv.insert(argv.end(), {"-o", std::move(value)}); };
  for (const auto& option : target.ssh_options)
    add_option(option);
  // Of an option that is given twice, ssh takes the first: the user's come before these.
  if (!asks)
    add_option("BatchMode=yes");
  add_option("ConnectTimeout=30");
  add_option("ServerAliveInterval=15"); // three without an answer: the connection is cut
  argv.emplace_back(target.needs_tty ? "-t" : "-T");
  if (target.forwards_agent)
    argv.emplace_back("-A");
  if (!target.port.empty())
    argv.insert(argv.end(), {"-p", target.port});
  if (!target.key.empty())
    argv.insert(argv.end(), {"-i", target.key});
  argv.emplace_back("--");
  argv.push_back(target.user.empty() ? host : fmt::format("{}@{}", target.user, host));
  argv.push_back(script.empty() ? "sh -s" : "exec sh -c " + shell_quoted(script));
  return argv;
}

} // namespace procvisor
