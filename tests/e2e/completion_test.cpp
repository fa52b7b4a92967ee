// Shells that complete what is typed.
#include <sys/stat.h>

#include <filesystem>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// Where `procvisor` is found by the scripts.
void put_into_path(home_fixture& here) {
  const std::string bin = here.path("bin");
  std::filesystem::create_directory(bin);
  std::filesystem::create_symlink(PROCVISOR_PROGRAM, bin + "/procvisor");
  here.env["PATH"] = bin + ":" + here.env["PATH"];
}

/// What bash offers for the last of these words.
std::string offered(const home_fixture& here, const std::string& typed) {
  const std::string script =
      "eval \"$(procvisor completion bash)\"; COMP_WORDS=(" + typed
      + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _procvisor; printf '%s\\n' \"${COMPREPLY[@]}\"";
  return e2e::run({{"bash", "--norc", "-c", script}, here.env, here.folder(), {}}).out;
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "bash completes verbs, their options, and the names of apps") {
  put_into_path(*this);
  program("idle");
  done({"start", "./idle", "--name", "web"});
  done({"start", "./idle", "--name", "two words"});

  CHECK(offered(*this, "procvisor startOrR") == "startOrRestart\nstartOrReload\n");
  CHECK(contains(offered(*this, "procvisor ''"), "prettylist\n"));
  CHECK(offered(*this, "procvisor start --max-r") == "--max-restarts\n");
  CHECK(offered(*this, "procvisor ls --so") == "--sort\n");
  CHECK(offered(*this, "procvisor stop ''") == "two\\ words\nweb\n");
  CHECK(offered(*this, "procvisor restart w") == "web\n");
  CHECK(offered(*this, "procvisor help pretty") == "prettylist\n");
  CHECK(offered(*this, "procvisor deploy production re") == "revert\nref\n");
  CHECK(offered(*this, "procvisor deploy re") == "\n"); // a file, or an environment
}

TEST_CASE_FIXTURE(home_fixture, "the scripts of all shells are well-formed") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const auto script = done({"completion", shell}).out;
    CHECK(contains(script, "startOrRestart"));
    CHECK(contains(script, "max-restarts"));
    if (!has_program(shell))
      continue;
    write("script", script);
    const auto checked = e2e::run({{shell, "-n", "script"}, env, folder(), {}});
    CHECK_MESSAGE(checked.exit_code == 0, checked.err);
  }
  CHECK(run({"completion", "tcsh"}).exit_code == 2);
  CHECK(done({"completion", "names"}).out.empty());
}

TEST_CASE_FIXTURE(home_fixture, "completion is installed once, and taken out as if it had never been there") {
  env["SHELL"] = "/bin/bash";
  write(".bashrc", "alias ll='ls -l'", 0640);

  done({"completion", "install"});
  const auto installed = read(".bashrc");
  CHECK(contains(installed, "alias ll='ls -l'\n###-begin-procvisor-completion-###\n"));
  CHECK(contains(installed, "procvisor completion bash"));
  done({"completion", "install"});
  CHECK(read(".bashrc") == installed);
  struct stat about {};
  REQUIRE(::stat(path(".bashrc").c_str(), &about) == 0);
  CHECK((about.st_mode & 07777) == 0640);
  done({"completion", "uninstall"});
  CHECK(read(".bashrc") == "alias ll='ls -l'\n");

  env["SHELL"] = "/bin/zsh";
  done({"completion", "uninstall"}); // nothing to take out
  CHECK_FALSE(exists(".zshrc"));
  done({"completion", "install"});
  CHECK(contains(read(".zshrc"), "procvisor completion zsh"));
  env["SHELL"] = "/usr/bin/fish";
  CHECK(run({"completion", "install"}).exit_code == 2);
}

} // namespace e2e
