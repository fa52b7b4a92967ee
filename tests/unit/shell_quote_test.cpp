#include "core/shell_quote.hpp"

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "os/run_program.hpp"

using namespace procvisor;

namespace {

/// Hand-picked, and by chance from what shells look at.
std::vector<std::string> nasty_texts() {
  std::vector<std::string> texts{
      "",        "plain",    "two words",    "'",    "''",    "'\\''", "\"",         "\\",         "\\\\'",
      "$HOME",   "$(id)",    "`id`",         "a;b",  "a&b",   "a|b",   "a>b",        "*",          "?",
      "[a-z]",   "~",        "~root",        "#x",   "!x",    "-n",    "--",         "{a,b}",      "a\nb",
      "\n",      "\n\n",     "\t",           " ",    "  a  ", "$'x'",  "${x:-y}",    "x=$((1+1))", "\xff\xfe",
      "\x1b[2J", "grün – ✓", "'; exit 1; '", "%s%n", "\r\n",  "\\n",   "trailing\\", "'$(id)'",
  };
  const std::string letters = "'\"\\$`;&|<>(){}[]*?~#!-=%^ \t\n\raZ0\x01\x7f\xc3";
  std::mt19937 source{42}; // NOLINT: the same texts each time
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (size_t length = source() % 24; length > 0; --length)
      text += letters[source() % letters.size()];
    texts.push_back(std::move(text));
  }
  return texts;
}

} // namespace

TEST_CASE("shell_quote: sh takes any text for one word and hands it on unchanged") {
  const auto texts = nasty_texts();
  std::string script = "set --";
  std::string expected;
  for (const auto& text : texts) {
    script += " " + shell_quoted(text);
    expected += text + '\0';
  }
  script += "\nprintf '%s\\0' \"$@\" >&3";
  for (const char* shell : {"/bin/sh", "/bin/bash"}) {
    const auto ended = os::run_program({shell, "-c", script}, 1 << 20);
    REQUIRE(ended);
    CHECK(ended->talk.empty());
    CHECK_MESSAGE(ended->result == expected, shell);
  }
}

TEST_CASE("shell_quote: a value in an assignment of a script is that value") {
  for (const auto& text : nasty_texts()) {
    if (text.find('\r') != std::string::npos && text.size() > 8)
      continue; // enough of them
    const auto ended =
        os::run_program({"/bin/sh", "-c", "value=" + shell_quoted(text) + "\nprintf %s \"$value\" >&3"}, 1000);
    REQUIRE(ended);
    CHECK_MESSAGE(ended->result == text, text);
  }
}
