// The values of an environment of `deploy`: in a file, and what ssh gets of them.
#include "core/deploy_target.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "config/load.hpp"
#include "core/deploy_script.hpp"
#include "temp_folder.hpp"

using namespace procvisor;

namespace {

struct deploy_file_fixture {
  temp_folder folder;

  result<deploy_target> load(const std::string& file, const std::string& text) const {
    folder.write(file, text);
    return config::load_deploy_target({.path = file, .environment = "production", .who = {folder.path(), {}, {}}});
  }

  /// An environment that has what is required, and these keys.
  result<deploy_target> with(const std::string& keys) const {
    return load("e.json", "{deploy: {production: {" + keys + (keys.empty() ? "" : ", ")
                              + "host: 'h', repo: '/r.git', path: '/srv/a', ref: 'origin/master'}}}");
  }
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(deploy_file_fixture, "deploy section: every key in the forms that it may have") {
  const auto read = load("e.yaml", R"(deploy:
  production:
    host: [web1, 'node@web2', localhost]
    user: node
    port: 2222
    key: ~/.ssh/deploy key
    ssh_options: [StrictHostKeyChecking=no, 'ProxyCommand=nc %h %p']
    forward-agent: yes please
    needs_tty: true
    fetch: fast
    repo: git@github.com:me/site.git
    ref: origin/feature/x
    path: ~/site
    pre-setup: |
      one
      two
    post-setup: ls
    pre-deploy-local: make
    pre-deploy: uptime
    post-deploy: npm ci && procvisor reload all
    env:
      foo_bar: a 'b'
      n: 3
      flag: true
)");
  REQUIRE(read);
  CHECK(read->name == "production");
  CHECK(read->hosts == texts{"web1", "node@web2", "localhost"});
  CHECK(read->user == "node");
  CHECK(read->port == "2222");
  CHECK(read->key == "~/.ssh/deploy key");
  CHECK(read->ssh_options == texts{"StrictHostKeyChecking=no", "ProxyCommand=nc %h %p"});
  CHECK(read->forwards_agent);
  CHECK(read->needs_tty);
  CHECK(read->is_shallow);
  CHECK(read->repo == "git@github.com:me/site.git");
  CHECK(read->ref == "origin/feature/x");
  CHECK(branch_of_origin(read->ref) == "feature/x");
  CHECK(read->path == "~/site");
  CHECK(read->pre_setup == "one\ntwo\n");
  CHECK(read->post_setup == "ls");
  CHECK(read->pre_deploy_local == "make");
  CHECK(read->pre_deploy == "uptime");
  CHECK(read->post_deploy == "npm ci && procvisor reload all");
  CHECK(read->env == environment{{"FOO_BAR", "a 'b'"}, {"N", "3"}, {"FLAG", "true"}});

  const auto least = with("");
  REQUIRE(least);
  CHECK_FALSE(least->post_deploy);
  CHECK_FALSE(least->is_shallow);
  CHECK(with("forward_agent: 'no', 'needs-tty': ''")->forwards_agent == false);
  CHECK(with("ssh_options: 'A=1', key: null")->ssh_options == texts{"A=1"});
  CHECK(load("package.json", R"({"name": "x", "deploy": {"production": {"host": "h", "repo": "r", "path": "/p"}}})"));
  CHECK(load("pm2.json", R"({"pm2": {"deploy": {"production": {"host": "h", "repo": "r", "path": "/p"}}}})"));
}

TEST_CASE_FIXTURE(deploy_file_fixture, "deploy section: what is wrong is said with its place, all of it at once") {
  const struct {
    const char* keys;
    const char* problem;
  } rows[] = {
      {"user: '-oProxyCommand=x'", "e.json:1:30: 'user' must not begin with '-': '-oProxyCommand=x'"},
      {"user: 'a b'", "e.json:1:30: 'user' must not contain ' ': 'a b'"},
      {"user: 'a;id'", "e.json:1:30: 'user' must not contain ';': 'a;id'"},
      {"user: 'a\\nb'", "e.json:1:30: 'user' must not have a line break: 'a\\x0ab'"},
      {"user: ''", "e.json:1:30: 'user' must not be empty"},
      {"user: 5.5, port: 70000", "e.json:1:41: 'port' must be a port from 1 to 65535, not '70000'"},
      {"port: '22; id'", "e.json:1:30: 'port' must be a port from 1 to 65535, not '22; id'"},
      {"key: '-x'", "e.json:1:29: 'key' must not begin with '-': '-x'"},
      {"key: 'a\\nb'", "e.json:1:29: 'key' must not have a line break"},
      {"ssh_options: ['A=1', 'B\\n=1']", "e.json:1:45: 'ssh_options' must not have a line break: 'B\\x0a=1'"},
      {"ssh_options: ['-o']", "e.json:1:38: 'ssh_options' must not begin with '-': '-o'"},
      {"fetch: 'quick'", "e.json:1:31: 'fetch' must be 'fast' or 'full', not 'quick'"},
      {"needs_tty: 3", "e.json:1:35: 'needs_tty' must be true or false, not '3'"},
      {"'post-deploy': ['a']", "e.json:1:39: 'post-deploy' must be a text, not"},
      {"'post-deploy': 'a\\0b'", "e.json:1:39: 'post-deploy' must not have a NUL"},
      {"env: {'A B': 1}", "e.json:1:30: 'A B' is no name of a variable that a shell exports"},
      {"env: {'$(id)': 1}", "e.json:1:30: '$(id)' is no name of a variable that a shell exports"},
      {"env: {a: 1, A: 2}", "e.json:1:36: 'A' is given twice"},
      {"env: 'A=1'", "e.json:1:29: 'env' must be an object of variables"},
      {"hots: 'x'", "e.json:1:24: unknown key 'hots' of an environment of deploy: did you mean 'host'?"},
      {"'forward_agent': 1, 'forward-agent': 1", "'forward-agent' is given twice"},
  };
  for (const auto& [keys, problem] : rows) {
    const auto read = with(keys);
    REQUIRE_MESSAGE(!read, keys);
    CHECK(read.error().code == exit_code::usage);
    CHECK_MESSAGE(read.error().what.find(problem) != std::string::npos, read.error().what);
  }
  const auto whole = [&](const char* text) { return load("e.json", text).error(); };
  CHECK(whole("{deploy: {production: {host: '-h', repo: '--upload-pack=x', path: 'a', ref: '-x'}}}").what
        == "e.json:1:30: 'host' must not begin with '-': '-h'\n"
           "e.json:1:42: 'repo' must not begin with '-': '--upload-pack=x'\n"
           "e.json:1:67: 'path' must be absolute, or begin with '~/': 'a'\n"
           "e.json:1:77: 'ref' must not begin with '-': '-x'");
  CHECK(whole("{deploy: {production: {host: []}}}").what
        == "e.json:1:23: the environment 'production' has no 'repo'\n"
           "e.json:1:23: the environment 'production' has no 'path'\n"
           "e.json:1:30: 'host' must not be empty");
  for (const char* host : {"a b", "a;b", "$(id)", "`id`", "a'b", "a\\\\nb", "node@", "@h", "node@-x", "a\\nb", ""})
    CHECK_MESSAGE(whole(("{deploy: {production: {host: '" + std::string{host == std::string{"a'b"} ? "a\\'b" : host}
                         + "', repo: 'r', path: '/p'}}}")
                            .c_str())
                      .what.starts_with("e.json:1:30: 'host' "),
                  host);
  CHECK(whole("{deploy: {staging: {}}}").code == exit_code::not_found);
  CHECK(whole("{deploy: {prodction: {}}}").hint == "did you mean 'prodction'?");
  CHECK(whole("{deploy: {staging: {}}}").hint == "it has staging");
  CHECK(whole("{apps: []}").what == "e.json: has no object 'deploy'");
  CHECK(whole("{deploy: {production: []}}").what
        == "e.json:1:23: the environment 'production' must be an object, not '[]'");
}

TEST_CASE("deploy: ssh gets each value as one argument, and the host behind all options") {
  deploy_target target{.name = "production", .hosts = {"web1"}, .repo = "r", .ref = "origin/master", .path = "/p"};
  CHECK(ssh_command(target, "web1", "", true)
        == texts{"ssh", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15", "-T", "--", "web1", "sh -s"});
  target.user = "node";
  target.port = "2222";
  target.key = "/home/me/a key; $(id)";
  target.ssh_options = {"ProxyCommand=nc '%h' %p", "A=$(id)"};
  target.forwards_agent = true;
  CHECK(ssh_command(target, "web1", "", false)
        == texts{"ssh",
                 "-o",
                 "ProxyCommand=nc '%h' %p",
                 "-o",
                 "A=$(id)",
                 "-o",
                 "BatchMode=yes",
                 "-o",
                 "ConnectTimeout=30",
                 "-o",
                 "ServerAliveInterval=15",
                 "-T",
                 "-A",
                 "-p",
                 "2222",
                 "-i",
                 "/home/me/a key; $(id)",
                 "--",
                 "node@web1",
                 "sh -s"});
  target.needs_tty = true;
  const auto argv = ssh_command(target, "web1", "echo 'x'\n", true);
  CHECK(std::find(argv.begin(), argv.end(), "-t") != argv.end());
  CHECK(std::find(argv.begin(), argv.end(), "-T") == argv.end());
  CHECK(argv.back() == "exec sh -c 'echo '\\''x'\\''\n'");
}
