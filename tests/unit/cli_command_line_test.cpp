#include <algorithm>

#include <doctest/doctest.h>

#include "cli/caller.hpp"
#include "cli/command_line.hpp"
#include "cli/show_list.hpp"
#include "cli/spec_options.hpp"
#include "cli/verbs.hpp"
#include "core/option_table.hpp"
#include "core/suggest.hpp"

using namespace procvisor;
using namespace procvisor::cli;

namespace {

using words = std::vector<std::string>;

command_line split(words typed) {
  std::vector<char*> arguments;
  for (std::string& word : typed)
    arguments.push_back(word.data());
  return split_command_line(arguments);
}

} // namespace

TEST_CASE("command line: the verb is the first word that is neither an option nor an option's value") {
  struct {
    words typed;
    std::string verb;
    words rest;
  } const rows[] = {
      {{}, "", {}},
      {{"list"}, "list", {}},
      {{"-s", "list"}, "list", {"-s"}},
      {{"start", "-n", "web", "app.js"}, "start", {"-n", "web", "app.js"}},
      {{"-n", "list", "start", "app.js"}, "start", {"-n", "list", "app.js"}},
      {{"-nlist", "start", "app.js"}, "start", {"-nlist", "app.js"}},
      {{"--name", "list", "start"}, "start", {"--name", "list"}},
      {{"--name=list", "start"}, "start", {"--name=list"}},
      {{"--max_restarts", "3", "start"}, "start", {"--max_restarts", "3"}},
      {{"start", "-"}, "start", {"-"}},
      {{"--version"}, "", {"--version"}},
      {{"stop", "start"}, "stop", {"start"}},
  };
  for (const auto& [typed, verb, rest] : rows) {
    command_line parts = split(typed);
    CAPTURE(verb);
    CHECK(parts.verb == verb);
    CHECK(parts.words == rest);
    CHECK_FALSE(parts.has_app_args);
  }
}

TEST_CASE("command line: what follows -- is the app's, options and all") {
  command_line parts = split({"start", "app.js", "--", "-n", "x", "--", "-s"});
  CHECK(parts.words == words{"app.js"});
  CHECK(parts.app_args == words{"-n", "x", "--", "-s"});
  CHECK(split({"start", "app.js", "--"}).has_app_args);
}

TEST_CASE("verbs: PM2's aliases name the same verb") {
  struct {
    const char* typed;
    const char* verb;
  } const rows[] = {{"ls", "list"},       {"l", "list"},        {"ps", "list"},
                    {"status", "list"},   {"del", "delete"},    {"show", "describe"},
                    {"info", "describe"}, {"desc", "describe"}, {"log", "logs"}};
  for (const auto& [typed, verb] : rows) {
    REQUIRE(find_verb(typed) != nullptr);
    CHECK(find_verb(typed)->name == verb);
  }
  CHECK(find_verb("") == nullptr);
  CHECK(find_verb("lis") == nullptr);
  CHECK(find_verb("ls l") == nullptr);
}

TEST_CASE("verbs: an unknown one is a usage error with the nearest as a hint") {
  error e = unknown_verb("strat").value();
  CHECK(e.code == exit_code::usage);
  CHECK(e.what.find("'strat'") != std::string::npos);
  CHECK(e.hint.find("start") != std::string::npos);
}

TEST_CASE("options: both spellings, aliases and short forms name one row of the table") {
  for (const char* word : {"--max-restarts", "--max_restarts", "--max-restarts=3"})
    CHECK(option_by_spelling(word) == find_option("max_restarts"));
  for (const char* word : {"-n", "--name", "-nweb"})
    CHECK(option_by_spelling(word) == find_option("name"));
  CHECK(option_by_spelling("--output") == find_option("out_file"));
  CHECK(option_by_spelling("--nonesuch") == nullptr);
  CHECK(option_by_spelling("name") == nullptr);
  CHECK(option_by_spelling("-") == nullptr);
}

TEST_CASE("environment: everything but procvisor's own and what JSON cannot carry") {
  const char* const variables[] = {"PATH=/bin", "EMPTY=", "A=b=c", "PROCVISOR_HOME=/x", "NOSIGN", "BAD=\xff", nullptr};
  CHECK(read_environment(variables) == environment{{"PATH", "/bin"}, {"EMPTY", ""}, {"A", "b=c"}, {"BAD", "\xff"}});
}

TEST_CASE("environment: what an app of ours knows itself by is not passed on to what it starts") {
  const char* const variables[] = {
      "name=web", "pm_id=3", "PM2_HOME=/h", "NODE_APP_INSTANCE=2", "HOME=/root", "PROCVISOR_INSTANCE=/h:3:7", nullptr};
  CHECK(read_environment(variables) == environment{{"HOME", "/root"}});
  const char* const outside[] = {"name=mine", "PM2_HOME=/h", nullptr};
  CHECK(read_environment(outside) == environment{{"name", "mine"}, {"PM2_HOME", "/h"}});
}

TEST_CASE("command line: -x takes a mode behind it, and no other word") {
  using list = std::vector<std::string>;
  CHECK(with_modes_spelt_out({"-x", "app.js"}) == list{"--exec-mode=true", "app.js"});
  CHECK(with_modes_spelt_out({"app.js", "-x"}) == list{"app.js", "--exec-mode=true"});
  CHECK(with_modes_spelt_out({"--execute_command", "--name", "fork"})
        == list{"--execute_command=true", "--name", "fork"});
  for (const char* mode : {"fork", "fork_mode", "cluster", "cluster_mode", "true", "false"})
    CHECK(with_modes_spelt_out({"-x", mode, "app.js"}) == list{"-x", mode, "app.js"});
  CHECK(with_modes_spelt_out({"-xfork", "--exec-mode=fork", "app.js"}) == list{"-xfork", "--exec-mode=fork", "app.js"});
  CHECK(with_modes_spelt_out({"--node-args", "-x", "-x"}) == list{"--node-args", "-x", "--exec-mode=true"});
}

TEST_CASE("command line: each option misspelt by one letter is followed by the one that was meant") {
  const std::vector<std::string> known = spec_option_spellings();
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  for (const app_option& row : app_options())
    for (const std::string& spelling : option_spellings(row))
      for (size_t i = 2; spelling.starts_with("--") && i < spelling.size(); ++i)
        for (const std::string& word :
             {spelling.substr(0, i) + spelling.substr(i + 1), spelling.substr(0, i) + "q" + spelling.substr(i + 1)}) {
          if (option_by_spelling(word) != nullptr)
            continue; // --uid and --pid are one letter apart
          const std::string told = did_you_mean(word, candidates);
          const auto names_row = [&](const std::string& other) {
            return told.find("'" + other + "'") != std::string::npos;
          };
          const auto all = option_spellings(row);
          CHECK_MESSAGE(std::any_of(all.begin(), all.end(), names_row), word << ": " << told);
        }
}

TEST_CASE("sorting: by name at first, by any field and direction, and by id where that is equal") {
  auto order_of = [](const char* order, auto member) {
    rpc::process_list list;
    for (auto [id, name, memory] : {std::tuple{2, "b", 10}, {0, "b", 30}, {1, "a", 20}}) {
      list.processes.emplace_back();
      list.processes.back().id = id;
      list.processes.back().name = name;
      list.processes.back().memory = memory;
    }
    auto parsed = parse_order(order);
    REQUIRE(parsed);
    (void)list_text(list, *parsed, false, {300, false, {}});
    std::vector<int64_t> found;
    for (const auto& row : list.processes)
      found.push_back(row.*member);
    return found;
  };
  using ids = std::vector<int64_t>;
  CHECK(order_of("name", &rpc::process_row::id) == ids{1, 0, 2});
  CHECK(order_of("name:desc", &rpc::process_row::id) == ids{0, 2, 1});
  CHECK(order_of("memory:desc", &rpc::process_row::memory) == ids{30, 20, 10});
  CHECK(order_of("id:asc", &rpc::process_row::id) == ids{0, 1, 2});
  CHECK(parse_order("nmae").error().hint.find("name") != std::string::npos);
  CHECK(parse_order("name:up").error().code == exit_code::usage);
}
