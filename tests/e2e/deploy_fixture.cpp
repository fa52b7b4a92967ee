#include "deploy_fixture.hpp"

#include <filesystem>

namespace e2e {

namespace {

/// A host of the environment that says none is this machine.
std::string with_defaults(const home_fixture& here, const std::string& keys) {
  std::string all = keys;
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!contains(keys, "\"" + key + "\":"))
      all += (all.empty() ? "" : ", ") + ("\"" + key) + "\": \"" + value + "\"";
  };
  add("host", "localhost");
  add("repo", here.path("origin.git"));
  add("path", here.path("srv"));
  add("ref", "origin/master");
  add("post-deploy", "true");
  return all;
}

} // namespace

deploy_fixture::deploy_fixture() {
  env["GIT_CONFIG_NOSYSTEM"] = "1";
  write(".gitconfig", "[user]\nname = t\nemail = t@example.org\n[init]\ndefaultBranch = master\n");
  const auto made = e2e::run({{"sh", "-c", "git init -q --bare origin.git && git clone -q origin.git work"}, //
                              env,
                              folder(),
                              {}});
  REQUIRE_MESSAGE(made.exit_code == 0, made.err);
}

std::string deploy_fixture::git(words arguments) const {
  arguments.insert(arguments.begin(), "git");
  auto ended = e2e::run({std::move(arguments), env, path("work"), {}});
  REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
  if (ended.out.ends_with('\n'))
    ended.out.pop_back();
  return ended.out;
}

std::string deploy_fixture::commit(const std::string& file, const std::string& text) const {
  write("work/" + file, text);
  git({"add", "-A"});
  git({"commit", "-q", "-m", file});
  git({"push", "-q", "origin", "HEAD"});
  git({"branch", "-q", "--set-upstream-to=origin/master"});
  return git({"rev-parse", "HEAD"});
}

void deploy_fixture::configure(const std::string& keys) const {
  commit("ecosystem.json", R"({"apps": [], "deploy": {"production": {)" + with_defaults(*this, keys) + "}}}\n");
}

command deploy_fixture::deploying(words arguments) const {
  arguments.insert(arguments.begin(), "deploy");
  auto what = procvisor(std::move(arguments));
  what.cwd = path("work");
  return what;
}

command_result deploy_fixture::ends(int code, words arguments) const {
  std::string shown;
  for (const auto& word : arguments)
    shown += word + " ";
  auto ended = deploy(std::move(arguments));
  REQUIRE_MESSAGE(ended.exit_code == code, shown, "\n", ended.out, ended.err);
  return ended;
}

std::string deploy_fixture::head() const {
  auto text = e2e::run({{"git", "rev-parse", "HEAD"}, env, path("srv/source"), {}}).out;
  if (text.ends_with('\n'))
    text.pop_back();
  return text;
}

} // namespace e2e
