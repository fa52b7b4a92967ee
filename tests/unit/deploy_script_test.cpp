// The scripts that hosts are sent. What they do is seen in tests/e2e/deploy_test.cpp.
#include "core/deploy_script.hpp"

#include <sys/wait.h>

#include <string>

#include <doctest/doctest.h>

#include "core/deploy_marks.hpp"
#include "core/shell_quote.hpp"
#include "os/run_program.hpp"

using namespace procvisor;

namespace {

using events = std::vector<deploy_event>;

constexpr deploy_action actions[] = {deploy_action::setup,   deploy_action::update,   deploy_action::revert,
                                     deploy_action::current, deploy_action::previous, deploy_action::list,
                                     deploy_action::execute};

deploy_target nasty_target() {
  const std::string nasty = "'; touch /tmp/x; $(id) `id` \"\n-";
  return {.name = "production",
          .hosts = {"h"},
          .repo = "repo " + nasty,
          .ref = "ref " + nasty,
          .path = "/p " + nasty,
          .pre_setup = nasty,
          .post_setup = nasty,
          .pre_deploy_local = nasty,
          .pre_deploy = nasty,
          .post_deploy = nasty,
          .env = {{"NASTY", nasty}}};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("deploy script: well-formed for sh and bash, whatever the values") {
  for (const auto action : actions)
    for (const bool has_tty : {false, true})
      for (const char* shell : {"/bin/sh", "/bin/bash"}) {
        const auto script =
            deploy_script(nasty_target(), {.action = action, .command = "echo 'x"}, {.mark = "m", .has_tty = has_tty});
        const auto ended = os::run_program({shell, "-n", "-c", script}, 10'000);
        REQUIRE(ended);
        CHECK_MESSAGE(ended->wait_status == 0, ended->talk);
        CHECK(ended->talk.empty());
      }
}

TEST_CASE("deploy script: half of it does nothing") {
  const auto script = local_command_script("pre-deploy-local", "echo ran >&3", {.mark = "m"});
  for (size_t length = 0; length + 2 < script.size(); length += 7) {
    const auto ended = os::run_program({"/bin/sh", "-c", script.substr(0, length)}, 10'000);
    REQUIRE(ended);
    CHECK(ended->result.empty());
    CHECK_FALSE(contains(ended->talk, "begin"));
  }
}

TEST_CASE("deploy script: values stand in it as quoted words alone") {
  const auto target = nasty_target();
  const auto script = deploy_script(target, {.action = deploy_action::update}, {.mark = "m"});
  CHECK(contains(script, "\nrepo=" + shell_quoted(target.repo) + "\n"));
  CHECK(contains(script, "\nref=" + shell_quoted(target.ref) + "\n"));
  CHECK(contains(script, "\npath=" + shell_quoted(target.path) + "\n"));
  CHECK(contains(script, "\npost_deploy=" + shell_quoted(*target.post_deploy) + "\n"));
  CHECK(contains(script, "\n  export NASTY=" + shell_quoted(target.env.at("NASTY")) + "\n"));
  size_t count = 0; // one each in repo, ref, path, pre_deploy, post_deploy, env
  for (size_t at = 0; (at = script.find("touch /tmp/x", at)) != std::string::npos; ++at)
    ++count;
  CHECK(count == 6);
}

TEST_CASE("deploy script: the home of the user there is that of the host, and a slash at the end is none") {
  auto target = nasty_target();
  target.path = "~/my site//";
  CHECK(contains(deploy_script(target, {}, {.mark = "m"}), "\npath=\"$HOME\"/'my site'\n"));
  target.path = "/srv/site/";
  CHECK(contains(deploy_script(target, {}, {.mark = "m"}), "\npath='/srv/site'\n"));
}

TEST_CASE("deploy script: what is run without a post-deploy") {
  CHECK(default_post_deploy("ecosystem.json", "production")
        == "procvisor startOrRestart 'ecosystem.json' --env 'production'");
}

TEST_CASE("deploy marks: lines of output and marks, wherever the stream is cut") {
  const std::string stream = "motd of a login script\n\x1es3cret begin\nout 1\npart\x1es3cret stage fetch\n"
                             "\x1eother stage x\nterminal\r\n\x1es3cret done a b\nlast";
  const events expected{{"begin", ""},    {"", "out 1"},   {"", "part"}, {"stage", "fetch"}, {"", "\x1eother stage x"},
                        {"", "terminal"}, {"done", "a b"}, {"", "last"}};
  for (size_t size = 1; size <= stream.size(); ++size) {
    deploy_marks marks{"s3cret"};
    events seen;
    const auto add = [&](events more) { seen.insert(seen.end(), more.begin(), more.end()); };
    for (size_t at = 0; at < stream.size(); at += size)
      add(marks.take(std::string_view{stream}.substr(at, size)));
    add(marks.finish());
    CHECK(seen == expected);
  }
}

TEST_CASE("deploy marks: for a terminal a question comes before its line has ended, and a mark never in pieces") {
  deploy_marks marks{"m", true};
  (void)marks.take("\x1em begin\n");
  CHECK(marks.take("password: ") == events{{"", "password: ", false}});
  CHECK(marks.take("\r\nnext\x1e") == events{{"", ""}});
  CHECK(marks.take("m stage fetch\n") == events{{"", "next"}, {"stage", "fetch"}});
}

TEST_CASE("deploy marks: a line without end does not grow in memory") {
  deploy_marks marks{"m"};
  (void)marks.take("\x1em begin\n");
  size_t seen = 0;
  for (int i = 0; i < 100; ++i)
    for (const auto& event : marks.take(std::string(10'000, 'x')))
      seen += event.text.size();
  CHECK(seen > 900'000);
}
