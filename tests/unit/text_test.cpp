#include <doctest/doctest.h>

#include <string>

#include "core/text.hpp"

using namespace procvisor;

TEST_CASE("text: UTF-8 is told from what is not") {
  for (const auto* good : {"", "abc", "\xC3\xA9", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    CHECK_MESSAGE(is_utf8(good), good);
  // A stray continuation, overlong forms, a surrogate, beyond the last character, cut characters.
  for (const auto* bad : {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xC3", "\xE4\xB8", "\xFF"})
    CHECK(!is_utf8(bad));
}

TEST_CASE("text: what the user wrote is shown without its control characters") {
  CHECK(in_quotes("a b") == "'a b'");
  CHECK(in_quotes("\x1b[31m\n") == "'\\x1b[31m\\x0a'");
  CHECK(in_quotes("\xFF") == "'\\xff'");
  CHECK(in_quotes("\xC2\x9B") == "'\\xc2\\x9b'");
  CHECK(in_quotes("\xE4\xB8\xAD") == "'\xE4\xB8\xAD'");
  CHECK(in_quotes(std::string(61, 'x')) == "'" + std::string(60, 'x') + "...'");
}

TEST_CASE("text: any printable name is good, and the others say why they are not") {
  for (const auto* good : {"web", "0", "start", "my app", "it's", "\xE4\xB8\xAD\xE6\x96\x87", "a:b", ".hidden", "All"})
    CHECK_MESSAGE(!name_problem(good), good);
  struct row {
    std::string name;
    std::string_view problem;
  };
  const row rows[] = {
      {"", "is empty"},
      {"all", "means every app on a command line"},
      {"-x", "starts with '-', like an option"},
      {"a/b", "contains '/'"},
      {"a\nb", "contains a control character"},
      {"a\x7f", "contains a control character"},
      {"a\xC2\x85", "contains a control character"},
      {"a\xE2\x80\xA8", "contains a control character"},
      {std::string("a\0b", 3), "contains a control character"},
      {"a\xFF", "is not UTF-8"},
      {std::string(201, 'n'), "is longer than 200 bytes"},
  };
  for (const auto& [name, problem] : rows)
    CHECK(name_problem(name) == problem);
}
