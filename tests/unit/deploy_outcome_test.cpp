#include "core/deploy_outcome.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace procvisor;

namespace {

const deploy_target target{.name = "production",
                           .hosts = {"web1"},
                           .user = "node",
                           .port = "2222",
                           .repo = "git@host:site.git",
                           .ref = "origin/master",
                           .path = "/srv/site"};

std::optional<error> failure(const std::vector<deploy_event>& events, const deploy_end& end = {}) {
  deploy_outcome outcome{"web1", target};
  for (const auto& event : events)
    outcome.add(event);
  return outcome.failure(end);
}

} // namespace

TEST_CASE("deploy outcome: done has the commit and the one before") {
  deploy_outcome outcome{"web1", target};
  CHECK(outcome.stage_text() == "connecting");
  outcome.add({"begin", ""});
  outcome.add({"stage", "fetch"});
  CHECK(outcome.stage_text() == "fetching from git@host:site.git");
  CHECK_FALSE(outcome.is_over());
  outcome.add({"done", "aaaa bbbb"});
  CHECK(outcome.is_over());
  CHECK(outcome.commit() == "aaaa");
  CHECK(outcome.before() == "bbbb");
  CHECK_FALSE(outcome.failure({.signal = 9})); // what comes after the last word does not count
}

TEST_CASE("deploy outcome: each failure names host, step and what to do") {
  const std::string changed = "@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key "
                              "verification failed.\n";
  const struct {
    std::vector<deploy_event> events;
    deploy_end end;
    const char* what;
    const char* hint;
  } rows[] = {
      {{},
       {.exit_code = 255, .complaint = "ssh: connect to host web1 port 2222: Connection refused\n"},
       "web1: cannot connect:\nssh: connect to host web1 port 2222: Connection refused",
       "try: ssh -p 2222 node@web1"},
      {{},
       {.exit_code = 255, .complaint = changed},
       "web1: its host key has changed: it was set up anew, or this is another machine\n@@@@",
       "if it was set up anew: ssh-keygen -R '[web1]:2222'"},
      {{},
       {.exit_code = 255, .complaint = "Host key verification failed.\n"},
       "web1: cannot connect:\nHost key verification failed.",
       "log in once, and look at the key that it shows: ssh -p 2222 node@web1"},
      {{},
       {.exit_code = 255, .complaint = "node@web1: Permission denied (publickey).\n"},
       "web1: cannot connect:\nnode@web1: Permission denied (publickey).",
       "ssh-copy-id -p 2222 node@web1"},
      {{},
       {.exit_code = 127, .complaint = "sh: not found"},
       "web1: its shell cannot run the deploy script\nsh: not found",
       "sh"},
      {{{"begin", ""}, {"stage", "fetch"}},
       {.exit_code = 255, .complaint = "Timeout, server web1 not responding.\n"},
       "web1: the connection broke while fetching from git@host:site.git\nTimeout, server web1 not responding.",
       "nothing has been changed: deploy again"},
      {{{"begin", ""}, {"stage", "post-deploy"}},
       {.signal = 9},
       "web1: the connection broke while post-deploy",
       "the new version may be in place, and what runs be the old one: deploy again"},
      {{{"begin", ""}, {"stage", "fetch"}, {"", "fatal: no\x1b[2J"}, {"failed", "128"}},
       {.exit_code = 1},
       "web1: fetching from git@host:site.git failed with exit code 128:\nfatal: no\\x1b[2J",
       "try on web1: git ls-remote git@host:site.git; the version before is in place"},
      {{{"begin", ""}, {"stage", "fetch"}, {"", "fatal: write error: No space left on device"}, {"failed", "128"}},
       {.exit_code = 1},
       "No space left on device",
       "make room on web1; the next deploy goes on from there"},
      {{{"begin", ""}, {"stage", "release"}, {"", "/dev/sda1 999 999 0 100% /srv"}, {"failed", "128"}},
       {.exit_code = 1},
       "web1: putting the new version in place failed with exit code 128",
       "make room on web1; the next deploy goes on from there"},
      {{{"begin", ""}, {"stage", "pre-deploy"}, {"", "old"}, {"stage", "post-deploy"}, {"", "new"}, {"failed", "3"}},
       {.exit_code = 1},
       "web1: post-deploy failed with exit code 3:\nnew",
       "procvisor deploy production revert"},
      {{{"begin", ""}, {"error", "not-set-up"}},
       {.exit_code = 1},
       "web1: /srv/site/source is no clone of the repository",
       "procvisor deploy production setup"},
      {{{"begin", ""}, {"error", "no-ref v1\x1b"}},
       {},
       "web1: there is no ref 'v1\\x1b' in git@host:site.git",
       "pushed"},
      {{{"begin", ""}, {"error", "no-ref udpate"}}, {}, "there is no ref 'udpate'", "did you mean 'update'?"},
      {{{"begin", ""}, {"error", "no-tag"}}, {}, "there is no tag", "set 'ref'"},
      {{{"begin", ""}, {"error", "no-git"}}, {}, "web1: has no git in its PATH", "install"},
      {{{"begin", ""}, {"error", "busy"}}, {}, "another deploy to /srv/site is under way", "wait"},
      {{{"begin", ""}, {"error", "git-runs"}}, {}, "a git is at work in /srv/site/source", "wait"},
      {{{"begin", ""}, {"error", "locked .git/index.lock"}}, {}, ".git/index.lock", "remove"},
      {{{"begin", ""}, {"error", "no-deploy 2"}}, {}, "/srv/site knows of 2 deploys", "list"},
      {{{"begin", ""}, {"error", "not-empty"}}, {}, "is not empty", "move"},
      {{{"begin", ""}, {"error", "other-repo /x y"}}, {}, "is a clone of /x y, not of git@host:site.git", "set-url"},
      {{{"begin", ""}, {"error", "no-link"}}, {}, "/srv/site/current is there, and no link", "move"},
      {{{"begin", ""}, {"error", "torn 1234567890"}}, {}, "going back to 1234567;", "deploy again"},
  };
  for (const auto& [events, end, what, hint] : rows) {
    const auto failed = failure(events, end);
    REQUIRE(failed);
    CHECK(failed->code == exit_code::other);
    CHECK_MESSAGE(failed->what.starts_with("web1: "), failed->what);
    CHECK_MESSAGE(failed->what.find(what) != std::string::npos, failed->what);
    CHECK_MESSAGE(failed->hint.find(hint) != std::string::npos, failed->hint);
  }
}

TEST_CASE("deploy outcome: of a long output the last lines are in the error") {
  deploy_outcome outcome{"web1", target};
  outcome.add({"begin", ""});
  outcome.add({"stage", "post-deploy"});
  for (int i = 0; i < 1000; ++i)
    outcome.add({"", "line " + std::to_string(i) + std::string(5000, 'x')});
  outcome.add({"failed", "1"});
  const auto failed = outcome.failure({});
  REQUIRE(failed);
  CHECK(failed->what.find("\nline 979x") == std::string::npos);
  CHECK(failed->what.find("\nline 980x") != std::string::npos);
  CHECK(failed->what.size() < 25'000);
}
