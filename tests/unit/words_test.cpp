#include <doctest/doctest.h>

#include "core/words.hpp"

using namespace procvisor;
using list = std::vector<std::string>;

TEST_CASE("words: quotes group and go away, backslashes stay") {
  struct row {
    const char* text;
    list words;
  };
  const row rows[] = {
      {"", {}},
      {"  \t\n", {}},
      {"-a 23", {"-a", "23"}},
      {R"(--a 'b c' "d e" k="v w" x='y z' --p="q r")", {"--a", "b c", "d e", "k=v w", "x=y z", "--p=q r"}},
      {"port=3001 sitename='first pm2 app'", {"port=3001", "sitename=first pm2 app"}},
      {R"(m\ n)", {"m\\", "n"}},
      {"'' \"\"", {"", ""}},
      {R"("it's" 'a "b"')", {"it's", "a \"b\""}},
  };
  for (const auto& [text, words] : rows)
    CHECK(split_words(text) == words);
}

TEST_CASE("words: the old list form gives its items") {
  CHECK(split_words("['--toto=heya coco', '-d', '1']") == list{"--toto=heya coco", "-d", "1"});
  CHECK(split_words(R"( ["a" , 'b ', 3] )") == list{"a", "b", "3"});
  CHECK(split_words("[]") == list{});
  CHECK(split_words("[a-z] [b]") == list{"[a-z]", "[b]"}); // patterns, not a list
  CHECK(split_words("['a',]") == list{"[a,]"});
}

TEST_CASE("words: a quote that is not closed is refused") {
  for (const auto* bad : {"it's", "\"", "a 'b", "k=\"v"})
    CHECK_MESSAGE(!split_words(bad), bad);
}
