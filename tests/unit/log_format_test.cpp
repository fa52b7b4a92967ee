#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/json_text.hpp"
#include "core/log_format.hpp"

using namespace procvisor;
using json = nlohmann::json;

namespace {

const log_style dated{.date_format = "HH:mm"};
const log_style as_json{.kind = log_kind::json};
const log_style whole{.whole_lines = true};

/// What a file gets of writes at moments that are called a, b, c ...
std::string formatted(const log_style& style, const std::vector<std::string>& writes, bool finish = true) {
  log_formatter formatter{style, "out", 3, "web"};
  std::string file;
  char moment = 'a';
  for (const auto& text : writes) {
    const auto stamp = line_stamp(style, std::string(1, moment++));
    for (std::string_view rest = text; !rest.empty();) {
      std::string block;
      rest.remove_prefix(formatter.feed(rest, stamp, block));
      CHECK(block.size() < log_formatter::block_bytes + 8 * log_formatter::max_line_bytes);
      file += block;
    }
  }
  if (finish)
    formatter.finish(file);
  return file;
}

std::vector<std::string> bytes_of(std::string_view text) {
  std::vector<std::string> each;
  for (const char c : text)
    each.emplace_back(1, c);
  return each;
}

std::vector<json> objects(const std::string& file) {
  std::vector<json> all;
  for (size_t at = 0; at < file.size();) {
    const auto end = file.find('\n', at);
    all.push_back(json::parse(file.substr(at, end - at)));
    at = end + 1;
  }
  return all;
}

} // namespace

TEST_CASE("log_format: a stamp belongs to a line, however the app cut its writes") {
  CHECK(formatted(dated, {"one\ntwo\n"}) == "a: one\na: two\n");
  CHECK(formatted(dated, {"one", " and ", "more\ntwo\n"}) == "a: one and more\nc: two\n");
  CHECK(formatted(dated, bytes_of("xy\n\nz")) == "a: xy\nd: \ne: z\n");
  CHECK(formatted(dated, {"\n"}) == "a: \n");
  CHECK(formatted(dated, {"prompt> "}, false) == "");
}

TEST_CASE("log_format: raw lines of several streams come whole, and not a byte is added") {
  CHECK(formatted(whole, {"one", "\ntw"}, false) == "one\n");
  CHECK(formatted(whole, {"one", "\ntw"}) == "one\ntw");
  const std::string endless(log_formatter::max_line_bytes + 1, 'x');
  CHECK(formatted(whole, {endless, "y"}, false) == endless);
  const std::string binary{"\0\xff\x80\r\n\x1b[31m", 10};
  CHECK(formatted(whole, {binary}) == binary);
}

TEST_CASE("log_format: one JSON object for each line") {
  const auto lines = objects(formatted(as_json, {"say \"hi\"\\\t", "\x1b\r\nerr line\n", "rest"}));

  REQUIRE(lines.size() == 3);
  CHECK(lines[0]
        == json{{"message", "say \"hi\"\\\t\x1b\r"},
                {"timestamp", "a"},
                {"type", "out"},
                {"process_id", 3},
                {"app_name", "web"}});
  CHECK(lines[1]["message"] == "err line");
  CHECK(lines[1]["timestamp"] == "b");
  CHECK(lines[2]["message"] == "rest");
  CHECK(formatted(as_json, {"x\n"})
        == "{\"message\":\"x\",\"timestamp\":\"a\",\"type\":\"out\",\"process_id\":3,\"app_name\":\"web\"}\n");
}

TEST_CASE("log_format: lines beyond 64 KiB are cut, and say so") {
  const std::string at_the_limit(log_formatter::max_line_bytes, 'x');
  CHECK(formatted(dated, {at_the_limit + '\n'}) == "a: " + at_the_limit + '\n');
  CHECK(formatted(dated, {at_the_limit, "\n"}) == "a: " + at_the_limit + '\n');
  CHECK(formatted(dated, {at_the_limit, "y\n"}) == "a: " + at_the_limit + " [cut]\nb: y\n");
  CHECK(formatted(dated, {"y" + at_the_limit + at_the_limit})
        == "a: y" + at_the_limit.substr(1) + " [cut]\na: " + at_the_limit + " [cut]\na: x\n");

  const auto lines = objects(formatted(as_json, {at_the_limit + "y\nz\n"}));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0]["cut"] == true);
  CHECK(lines[1]["message"] == "y");
  CHECK(!lines[1].contains("cut"));
  CHECK(!lines[2].contains("cut"));
}

TEST_CASE("log_format: no character is cut in two") {
  std::string text(log_formatter::max_line_bytes - 1, 'x');
  text += "\xe2\x82\xac\n"; // a euro sign across the limit

  const auto lines = objects(formatted(as_json, {text}));
  REQUIRE(lines.size() == 2);
  CHECK(lines[1]["message"] == "\xe2\x82\xac");
}

TEST_CASE("log_format: a megabyte without a newline is cut into lines that are all there") {
  const std::string text(1024 * 1024, 'x');
  for (const auto& style : {dated, as_json}) {
    const auto file = formatted(style, {text.substr(0, 100'000), text.substr(100'000)});
    CHECK(std::count(file.begin(), file.end(), '\n') == 16);
    CHECK(static_cast<size_t>(std::count(file.begin(), file.end(), 'x')) == text.size());
  }
}

TEST_CASE("log_format: a date of the user's own may hold anything") {
  const log_style quoted{.kind = log_kind::json, .date_format = "[\"]"};
  log_formatter formatter{quoted, "err", 0, "a\"b"};
  std::string file;
  formatter.feed("x\n", line_stamp(quoted, "\"\n"), file);

  const auto line = json::parse(file);
  CHECK(line["timestamp"] == "\"\n");
  CHECK(line["app_name"] == "a\"b");
  CHECK(line["type"] == "err");
}

TEST_CASE("log_format: raw output without a date passes through, unless it shares its file") {
  CHECK(log_style{}.passes_through());
  CHECK(!dated.passes_through());
  CHECK(!as_json.passes_through());
  CHECK(!whole.passes_through());
}

TEST_CASE("json_text: whatever the bytes, the text is JSON") {
  const std::pair<std::string, const char*> rows[] = {
      {"plain", R"("plain")"},
      {"", R"("")"},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""}, // é € 😀
      {std::string{"\0\x01\x7f", 3}, "\"\\u0000\\u0001\x7f\""},
      {"\xe9t\xe9", R"("\u00e9t\u00e9")"},                   // Latin-1
      {"\xc0\xaf", R"("\u00c0\u00af")"},                     // overlong
      {"\xe0\x80\x80", R"("\u00e0\u0080\u0080")"},           // overlong
      {"\xed\xa0\x80", R"("\u00ed\u00a0\u0080")"},           // surrogate
      {"\xf4\x90\x80\x80", R"("\u00f4\u0090\u0080\u0080")"}, // beyond U+10FFFF
      {"\xf8\x88\x80\x80", R"("\u00f8\u0088\u0080\u0080")"},
      {"\xe2\x82", R"("\u00e2\u0082")"}, // cut off
      {"\xe2\x82x", R"("\u00e2\u0082x")"},
      {"\x80\xff", R"("\u0080\u00ff")"},
  };
  for (const auto& [bytes, expected] : rows) {
    std::string text;
    append_json_text(text, bytes);
    CAPTURE(expected);
    CHECK(text == expected);
    CHECK(json::accept(text));
  }
}
