// `deploy` to this machine, and what ssh is given, by an ssh that notes it.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "deploy_fixture.hpp"

namespace e2e {

namespace {

namespace fs = std::filesystem;

std::string quoted_json(const std::string& text) {
  return nlohmann::json(text).dump();
}

/// Stands first in PATH: notes its arguments, NUL behind each and a newline behind all, and runs the script that it is
/// sent; a host that is called `down` cannot be reached.
void stand_in_for_ssh(deploy_fixture& here) {
  here.write("bin/ssh",
             "#!/bin/bash\n"
             "printf '%s\\0' \"$@\" >> \"$SSH_LOG\"; echo >> \"$SSH_LOG\"\n"
             "while [ \"$1\" != -- ]; do shift; done\n"
             "case $2 in *down*) echo 'ssh: connect to host down port 22: No route to host' >&2; exit 255 ;; esac\n"
             "exec setsid bash -c \"$3\"\n",
             0755);
  here.env["SSH_LOG"] = here.path("ssh.log");
  here.env["PATH"] = here.path("bin") + ":" + here.env["PATH"];
}

std::vector<words> calls_of_ssh(const deploy_fixture& here) {
  std::vector<words> calls;
  words call;
  std::string word;
  if (here.exists("ssh.log"))
    for (const char c : here.read("ssh.log")) {
      if (c == '\0') {
        call.push_back(std::move(word));
        word.clear();
      } else if (c == '\n' && word.empty()) {
        calls.push_back(std::move(call));
        call.clear();
      } else {
        word += c;
      }
    }
  return calls;
}

} // namespace

TEST_CASE_FIXTURE(deploy_fixture, "deploy: setup and update make PM2's folders and run the hooks in their order") {
  const auto note = [&](const std::string& hook) {
    return "\"" + hook + "\": \"echo " + hook + " $PWD $SHARED $FOO_BAR >> " + path("seen") + "\"";
  };
  configure(note("pre-setup") + "," + note("post-setup") + "," + note("pre-deploy-local") + "," + note("pre-deploy")
            + "," + note("post-deploy") + ", \"env\": {\"foo_bar\": \"a  'b' $(id)\"}");
  const auto first = git({"rev-parse", "HEAD"});

  ends(0, {"production", "setup"});
  const std::string srv = path("srv");
  CHECK(seen()
        == "pre-setup " + path("work") + " " + srv + "/shared\npost-setup " + srv + "/current " + srv + "/shared\n");
  for (const char* part : {"srv/source/.git", "srv/shared/logs", "srv/shared/pids"})
    CHECK(fs::is_directory(path(part)));
  CHECK(fs::read_symlink(path("srv/current")) == srv + "/source");
  CHECK(head() == first);
  CHECK_FALSE(exists("srv/.deploys"));

  const auto second = commit("file", "2");
  fs::remove(path("seen"));
  const auto shown = ends(0, {"production"});
  CHECK(seen()
        == "pre-deploy-local " + path("work") + "\npre-deploy " + srv + "/current " + srv + "/shared\npost-deploy "
               + srv + "/current " + srv + "/shared a 'b' $(id)\n");
  CHECK(head() == second);
  CHECK(read("srv/source/file") == "2");
  CHECK(read("srv/.deploys") == second + "\n");
  CHECK(contains(shown.err, "localhost: deployed " + second.substr(0, 10) + ", before " + first.substr(0, 10)));
  CHECK(shown.out.empty());

  CHECK(contains(ends(0, {"production", "setup"}).err, "was set up before, and stays at " + second)); // once more
  CHECK(head() == second);
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: current, previous, list, revert, exec and refs") {
  configure("");
  const auto first = git({"rev-parse", "HEAD"});
  git({"tag", "v1"});
  git({"push", "-q", "--tags"});
  ends(0, {"production", "setup"});
  CHECK(ends(0, {"production", "list"}).out.empty());
  CHECK(contains(ends(1, {"production", "prev"}).err, "knows of 0 deploys"));
  ends(0, {"production", "update"});
  const auto second = commit("file", "2");
  ends(0, {"ecosystem.json", "production"});

  CHECK(ends(0, {"production", "list"}).out == "0\t" + second + "\n1\t" + first + "\n");
  CHECK(second.starts_with(ends(0, {"production", "curr"}).out.substr(0, 7)));
  CHECK(ends(0, {"production", "current"}).err.empty());
  CHECK(ends(0, {"production", "prev"}).out == first + "\n");
  CHECK(ends(0, {"production", "previous"}).out == first + "\n");

  ends(0, {"production", "revert"});
  CHECK(head() == first);
  CHECK(read("srv/.deploys") == first + "\n" + second + "\n" + first + "\n");
  ends(0, {"production", "revert", "1"});
  CHECK(head() == second);
  CHECK(contains(ends(1, {"production", "revert", "9"}).err, "knows of 4 deploys"));

  for (const std::string ref : {"v1", "HEAD~0", "origin/master", "master"}) {
    CAPTURE(ref);
    ends(0, {"production", ref});
    CHECK(head() == (ref == "v1" || ref == "HEAD~0" ? first : second));
  }
  ends(0, {"production", "ref", first});
  CHECK(head() == first);
  const auto unknown = ends(1, {"production", "udpate"});
  CHECK(contains(unknown.err, "localhost: there is no ref 'udpate' in " + path("origin.git")));
  CHECK(contains(unknown.err, "did you mean 'update'?"));
  CHECK(head() == first);

  const auto executed = ends(0, {"production", "exec", "pwd; echo err >&2; cat"});
  CHECK(executed.out == path("srv/current") + "\n");
  CHECK(contains(executed.err, "err\n"));
  CHECK(ends(0, {"production", "run", "--", "printf", "'%s|'", "-a", "'b  c'"}).out == "-a|b  c|\n");
  CHECK(contains(ends(1, {"production", "exec", "exit 3"}).err,
                 "localhost: running the command failed with exit code 3"));
  const auto as_json = nlohmann::json::parse(ends(0, {"production", "list", "--json"}).out);
  CHECK(as_json.at("done").at(0).at("output").size() == 9);
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: without a ref the latest tag") {
  commit("ecosystem.json", R"({"deploy": {"production": {"host": "localhost", "post-deploy": "true", "repo": ")"
                               + path("origin.git") + R"(", "path": ")" + path("srv") + R"("}}})");
  CHECK(contains(ends(1, {"production", "setup"}).err, "there is no tag"));
  const auto tagged = git({"rev-parse", "HEAD"});
  git({"tag", "v1"});
  git({"push", "-q", "--tags"});
  commit("file", "2");
  ends(0, {"production", "setup"});
  ends(0, {"production"});
  CHECK(head() == tagged);
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: fetch fast keeps a few commits of the branch") {
  for (int i = 0; i < 9; ++i)
    commit("file", std::to_string(i));
  configure(R"("fetch": "fast", "repo": "file://)" + path("origin.git") + "\"");
  ends(0, {"production", "setup"});
  const auto count = [&] {
    return e2e::run({{"git", "rev-list", "--count", "HEAD"}, env, path("srv/source"), {}}).out;
  };
  CHECK(count() == "5\n");
  const auto last = commit("file", "new");
  ends(0, {"production"});
  CHECK(head() == last);
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: what is not committed or not pushed is refused, unless by force") {
  configure("");
  ends(0, {"production", "setup"});
  write("work/untracked", "does not count");
  ends(0, {"production"});

  write("work/ecosystem.json", read("work/ecosystem.json") + "\n");
  CHECK(contains(ends(1, {"production"}).err, "there are changes that are not committed"));
  CHECK(contains(ends(1, {"production", "master"}).err, "there are changes that are not committed"));
  ends(0, {"production", "--force"});
  ends(0, {"production", "-F"});
  ends(0, {"production", "curr"});
  git({"add", "ecosystem.json"});
  CHECK(contains(ends(1, {"production"}).err, "staged changes"));
  git({"commit", "-q", "-m", "more"});
  CHECK(contains(ends(1, {"production"}).err, "1 commit is not pushed"));
  git({"push", "-q"});
  ends(0, {"production"});

  fs::rename(path("work/.git"), path("git-away"));
  const auto outside = ends(1, {"production"});
  CHECK(contains(outside.err, "cannot see whether all changes are committed and pushed"));
  ends(0, {"production", "--force"});
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: a command line or a file that is wrong changes nothing") {
  configure("");
  const std::pair<words, const char*> rows[] = {
      {{}, "needs [FILE] ENVIRONMENT"},
      {{"ecosystem.json"}, "no environment of 'ecosystem.json' was named"},
      {{"production", "setup", "x"}, "nothing like 'x'"},
      {{"production", "revert", "0"}, "from 1, not '0'"},
      {{"production", "--parallel", "0"}, "--parallel must be at least 1"},
      {{"production", "ref", "--", "-x"}, "must not begin with '-'"},
      {{"none.json", "production"}, "none.json: no such file"},
  };
  for (const auto& [typed, says] : rows)
    CHECK(contains(ends(2, typed).err, says));
  const auto unknown = ends(3, {"prodction"});
  CHECK(contains(unknown.err, "ecosystem.json:1:24: deploy has no environment 'prodction'"));
  CHECK(contains(unknown.err, "did you mean 'production'?"));
  CHECK(contains(ends(1, {"production"}).err, "procvisor deploy production setup"));
  CHECK_FALSE(exists("srv"));
  CHECK(contains(ends(0, {"help"}).out, "revert [N]"));
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: the file is looked for in the folder, and package.json is one that has it") {
  commit("package.json", R"({"name": "x"})");
  CHECK(contains(ends(2, {"production"}).err, "this folder has none with 'deploy'"));
  commit("package.json", R"({"name": "x", "deploy": {"production": {"host": "localhost", "ref": "origin/master",
    "post-deploy": "true", "repo": ")"
                             + path("origin.git") + R"(", "path": ")" + path("srv") + R"("}}})");
  ends(0, {"production", "setup"});
  ends(0, {"production"});
  CHECK(ends(0, {"production", "curr"}).out.size() > 4);
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: without post-deploy the apps of the file are started there") {
  write("bin/procvisor", "#!/bin/sh\necho \"$PWD $*\" >> " + path("seen") + "\n", 0755);
  env["PATH"] = path("bin") + ":" + env["PATH"];
  commit("eco's.json", R"({"deploy": {"production": {"host": "localhost", "ref": "origin/master", "repo": ")"
                           + path("origin.git") + R"(", "path": ")" + path("srv") + R"("}}})");
  ends(0, {"eco's.json", "production", "setup"});
  ends(0, {"eco's.json", "production"});
  CHECK(seen() == path("srv/current") + " startOrRestart eco's.json --env production\n");
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: a script of this machine may be what is run before the setup") {
  write("work/pre setup.sh", "echo \"script in $PWD\" > " + path("seen") + "\n");
  configure(R"("pre-setup": "pre setup.sh")");
  ends(0, {"production", "setup"});
  CHECK(seen() == "script in " + path("work") + "\n");
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: ssh gets each value as one argument, and hosts what was written") {
  stand_in_for_ssh(*this);
  const std::string nasty = "a b;touch x $(touch y) `touch z` ' \" -n \\";
  fs::create_directory(path("r"));
  fs::rename(path("origin.git"), path("r/" + nasty));
  git({"remote", "set-url", "origin", path("r/" + nasty)});
  configure("\"host\": \"web1\", \"user\": \"node\", \"port\": 2222, \"key\": " + quoted_json("~/" + nasty)
            + ", \"ssh_options\": [" + quoted_json("A=" + nasty) + "], \"forward-agent\": true, \"repo\": "
            + quoted_json(path("r/" + nasty)) + ", \"path\": " + quoted_json(path("s/" + nasty))
            + ", \"env\": {\"nasty\": " + quoted_json(nasty + "\n") + "}, \"post-deploy\": "
            + quoted_json("printf %s \"$NASTY\" > " + path("seen") + "\npwd >> " + path("seen")));
  ends(0, {"production", "setup"});
  ends(0, {"production"});
  const auto ref = ends(1, {"production", "ref", nasty});
  CHECK(contains(ref.err, "there is no ref"));

  const words expected{
      "-o", "A=" + nasty, "-o", "ConnectTimeout=30", "-o",   "ServerAliveInterval=15", "-T", "-A", "-p", "2222",
      "-i", path(nasty),  "--", "node@web1",         "sh -s"};
  const auto calls = calls_of_ssh(*this);
  REQUIRE(calls.size() == 3);
  for (const auto& call : calls)
    CHECK(call == expected);
  CHECK(fs::is_directory(path("s/" + nasty + "/source/.git")));
  CHECK(seen() == nasty + "\n" + path("s/" + nasty + "/current") + "\n");
  for (const auto& entry : fs::recursive_directory_iterator{path("")}) {
    const auto name = entry.path().filename().string();
    CHECK_MESSAGE((name != "x" && name != "y" && name != "z"), entry.path().string());
  }
}

TEST_CASE_FIXTURE(deploy_fixture,
                  "deploy: a value that ssh or git would take for an option is refused with its place") {
  stand_in_for_ssh(*this);
  for (const std::string key : {"host", "user", "repo", "ref", "path", "key", "ssh_options"}) {
    for (const std::string value : {"-oProxyCommand=touch x", "--upload-pack=touch x", "a\nb", ""}) {
      CAPTURE(key);
      CAPTURE(value);
      configure("\"" + key + "\": " + quoted_json(value));
      const auto refused = ends(2, {"production", "setup"});
      CHECK(contains(refused.err, "ecosystem.json:1:"));
      CHECK(contains(refused.err, "'" + key + "' must "));
    }
  }
  CHECK(calls_of_ssh(*this).empty());
  CHECK_FALSE(exists("work/x"));
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: after a failure no host is begun, and the end says what is done") {
  stand_in_for_ssh(*this);
  configure(R"("host": ["web1", "down", "web2"])");
  const auto partly = ends(6, {"production", "setup"});
  CHECK(contains(partly.err, "web1: set up in " + path("srv")));
  CHECK(contains(partly.err, "down: cannot connect:\n  ssh: connect to host down port 22: No route to host\n"));
  CHECK(contains(partly.err, "hint: try: ssh down"));
  CHECK(contains(partly.err, "done: web1; failed: down; not begun: web2"));
  CHECK(calls_of_ssh(*this).size() == 2);

  const auto as_json = nlohmann::json::parse(ends(6, {"production", "setup", "--json"}).out);
  CHECK(as_json.at("environment") == "production");
  CHECK(as_json.at("done").at(0).at("host") == "web1");
  CHECK(as_json.at("failed").at(0).at("host") == "down");
  CHECK(as_json.at("failed").at(0).at("stage") == "connecting");
  CHECK(as_json.at("not_begun") == nlohmann::json{"web2"});
  configure(R"("host": ["down", "web2"])");
  CHECK(contains(ends(1, {"production", "setup"}).err, "done: none; failed: down; not begun: web2"));
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: --parallel works on several hosts at a time, and ssh asks nothing then") {
  stand_in_for_ssh(*this);
  configure(R"("host": ["web1", "web2", "web3", "web4"])");
  const auto shown = ends(0, {"production", "setup"});
  CHECK(contains(shown.err, "web4: set up"));
  // Each waits for the others: all four run at once, or none ends.
  const std::string meet = "echo here >> " + path("came") + "; until [ $(wc -l < " + path("came")
                           + ") -ge 4 ]; do sleep 0.01; done; echo met";
  const auto met = ends(0, {"production", "--parallel", "4", "exec", meet});
  for (const char* line : {"web1 | met\n", "web2 | met\n", "web3 | met\n", "web4 | met\n"})
    CHECK(contains(met.out, line));
  CHECK(contains(read("ssh.log"), std::string{"BatchMode=yes"} + '\0')); // whole words, whatever the order of the four
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: needs_tty sends the script as an argument, and asks for a terminal") {
  stand_in_for_ssh(*this);
  configure(R"("host": "web1", "needs_tty": "yes")");
  ends(0, {"production", "setup"});
  const auto call = calls_of_ssh(*this).front();
  CHECK(std::find(call.begin(), call.end(), "-t") != call.end());
  CHECK(call.back().starts_with("exec sh -c '{\n"));
  CHECK_FALSE(head().empty());
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: on a terminal each step has its place at the bottom") {
  configure(R"("post-deploy": "sleep 1.2; echo hello")");
  ends(0, {"production", "setup"});
  const auto shown = run_in_terminal(deploying({"production"}), 100);
  CHECK(shown.exit_code == 0);
  CHECK(contains(shown.out, "  localhost   0."));
  CHECK(contains(shown.out, "  localhost   1."));
  CHECK(contains(shown.out, " s  post-deploy\n"));
  CHECK(contains(shown.out, "localhost | hello\n"));
  CHECK(contains(shown.out, "localhost: deployed "));

  stand_in_for_ssh(*this);
  configure(R"("host": "web1")");
  CHECK(contains(run_in_terminal(deploying({"production", "curr"}), 100).out, "web1: connecting\n"));
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: a hook that fails ends it, and what it said is in the error") {
  configure(
      R"("pre-deploy": "[ ! -e fail-before ] || { echo before >&2; exit 4; }", "post-deploy": "echo after >&2; exit 5")");
  const auto first = git({"rev-parse", "HEAD"});
  ends(0, {"production", "setup"});
  const auto second = commit("file", "2");
  const auto after = ends(1, {"production", "-s"});
  CHECK(after.err.starts_with("procvisor: localhost: post-deploy failed with exit code 5:\n  after\n"));
  CHECK(contains(after.err, "procvisor deploy production revert"));
  CHECK(head() == second);

  write("srv/source/fail-before", "");
  const auto before = ends(1, {"production", "-s"});
  CHECK(before.err
        == "procvisor: localhost: pre-deploy failed with exit code 4:\n  before\n"
           "  hint: the version before is in place\n");
  configure(R"("pre-deploy-local": "echo no >&2; exit 6")");
  CHECK(contains(ends(1, {"production"}).err, "localhost: pre-deploy-local failed with exit code 6:\n  no\n"));
  CHECK(head() == second);
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: what a git that was killed has left is removed, unless a git is at work") {
  configure("");
  ends(0, {"production", "setup"});
  const auto second = commit("file", "2");
  for (const char* litter : {"index.lock", "refs/heads/master.lock", "objects/pack/tmp_pack_1"})
    write(std::string{"srv/source/.git/"} + litter, "");

  const auto repaired = ends(0, {"production"});
  CHECK(contains(repaired.err, "removed what a broken deploy had left"));
  CHECK(head() == second);
  CHECK_FALSE(exists("srv/source/.git/objects/pack/tmp_pack_1"));

  write("srv/source/.git/index.lock", "");
  REQUIRE(::mkfifo(path("never").c_str(), 0600) == 0);
  background_command reader{command{{"git", "hash-object", path("never")}, env, path("srv/source"), {}}};
  const int writer = ::open(path("never").c_str(), O_WRONLY | O_CLOEXEC); // once it reads, which it does for ever
  CHECK(contains(ends(1, {"production"}).err, "a git is at work in " + path("srv/source")));
  CHECK(exists("srv/source/.git/index.lock"));
  ::close(writer);
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: a setup that was killed half way is made again") {
  configure("");
  fs::create_directories(path("srv/source"));
  for (const char* half : {"git init -q", "git init -q && git remote add origin \"$1\"",
                           "git init -q && git remote add origin \"$1\" && git fetch -q && touch .git/index.lock"}) {
    fs::remove_all(path("srv/source"));
    fs::create_directories(path("srv/source"));
    const auto made = e2e::run({{"sh", "-c", half, "sh", path("origin.git")}, env, path("srv/source"), {}});
    REQUIRE(made.exit_code == 0);
    ends(0, {"production", "setup"});
    CHECK(head() == git({"rev-parse", "HEAD"}));
  }
  fs::remove_all(path("srv/source"));
  write("srv/source/precious", "1");
  CHECK(contains(ends(1, {"production", "setup"}).err, "is not empty, and no clone of a repository"));
  CHECK(read("srv/source/precious") == "1");
  fs::remove_all(path("srv"));
  fs::create_directories(path("srv/current"));
  CHECK(contains(ends(1, {"production", "setup"}).err, "current is there, and no link"));
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: one whose command is killed ends there too, and the next one goes on") {
  fifo hook{path("hook")};
  configure(R"("pre-deploy": "[ ! -e ../wait ] || { echo $$ > )" + path("hook") + R"(; exec sleep 1000; }")");
  const auto first = git({"rev-parse", "HEAD"});
  ends(0, {"production", "setup"});
  ends(0, {"production"});
  const auto second = commit("file", "2");
  write("srv/wait", "");

  background_command deploying_now{deploying({"production"})};
  const pid_t sleeper = static_cast<pid_t>(std::stol(hook.line()));
  CHECK(contains(ends(1, {"production"}).err, "another deploy to " + path("srv") + " is under way"));
  ::kill(deploying_now.pid(), SIGKILL);
  CHECK(e2e::ends(sleeper));
  CHECK(head() == first);
  CHECK(read("srv/.deploys") == first + "\n");
  fs::remove(path("srv/wait"));
  REQUIRE(eventually([&] { return deploy({"production"}).exit_code == 0; })); // when the lock's holder has ended, too
  CHECK(head() == second);
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: one that is interrupted says what is done and what not") {
  stand_in_for_ssh(*this);
  fifo hook{path("hook")};
  configure(R"("host": ["web1", "web2", "web3"])");
  ends(0, {"production", "setup"});
  background_command interrupted{
      deploying({"production", "exec", "mkdir ../first && exit 0; echo $$ > " + path("hook") + "; exec sleep 1000"})};
  const pid_t sleeper = static_cast<pid_t>(std::stol(hook.line()));
  ::kill(interrupted.pid(), SIGINT);
  const auto seen = interrupted.finish();
  CHECK(seen.exit_code == 6);
  CHECK(contains(seen.err, "web2: interrupted while running the command"));
  CHECK(contains(seen.err, "done: web1; failed: web2; not begun: web3"));
  CHECK(e2e::ends(sleeper));
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: what a hook leaves running keeps neither the command nor the lock") {
  configure(R"("post-deploy": "setsid sleep 1000 & echo $! > )" + path("pid") + "\"");
  ends(0, {"production", "setup"});
  ends(0, {"production"});
  const auto left = static_cast<pid_t>(std::stol(read("pid")));
  CHECK(is_alive(left));
  ends(0, {"production"});
  for (const pid_t pid : {left, static_cast<pid_t>(std::stol(read("pid")))}) {
    ::kill(pid, SIGKILL);
    CHECK(e2e::ends(pid));
  }
}

TEST_CASE_FIXTURE(deploy_fixture, "deploy: a full disk leaves the version before, and the next deploy goes on") {
  configure("");
  const auto first = git({"rev-parse", "HEAD"});
  std::string noise; // that no compression makes smaller
  for (unsigned i = 0, x = 1; i < 1'500'000; ++i, x = x * 1664525 + 1013904223)
    noise += static_cast<char>(x >> 24);
  const auto second = commit("large", noise);
  // It is full while git fetches, while it writes the files, or not at all.
  for (const char* size : {"size=1m", "size=2500k", "size=20m"}) {
    CAPTURE(size);
    fs::create_directory(path("srv"));
    if (::mount("none", path("srv").c_str(), "tmpfs", 0, "size=20m") != 0) {
      MESSAGE("left out: needs to mount a tmpfs");
      return;
    }
    ends(0, {"production", "setup"});
    ends(0, {"production", "ref", first});
    const auto cut = e2e::run({{"sh", "-c",
                                "git reflog expire --expire=now --all; git update-ref -d refs/remotes/origin/"
                                "master; git update-ref -d ORIG_HEAD; git gc -q --prune=now"},
                               env,
                               path("srv/source"),
                               {}});
    REQUIRE_MESSAGE(cut.exit_code == 0, cut.err);
    REQUIRE(::mount("none", path("srv").c_str(), "tmpfs", MS_REMOUNT, size) == 0);
    const auto deployed = deploy({"production"});
    if (size != std::string{"size=20m"}) {
      CHECK(deployed.exit_code == 1);
      CHECK_MESSAGE(contains(deployed.err, "make room on localhost"), deployed.err);
      CHECK(head() == first);
      CHECK_FALSE(exists("srv/source/large"));
      REQUIRE(::mount("none", path("srv").c_str(), "tmpfs", MS_REMOUNT, "size=20m") == 0);
      ends(0, {"production"});
    }
    CHECK(head() == second);
    REQUIRE(::umount(path("srv").c_str()) == 0);
    fs::remove(path("srv"));
  }
}

} // namespace e2e
