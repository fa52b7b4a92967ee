#include "targets.hpp"

#include <cstdlib>
#include <string>

#include "config/json_reader.hpp"
#include "config/load.hpp"
#include "config/yaml_reader.hpp"
#include "core/text.hpp"
#include "core/units.hpp"
#include "core/words.hpp"

namespace procvisor::fuzz {

namespace {

constexpr std::string_view file = "f";

void require(bool holds) {
  if (!holds)
    std::abort();
}

/// The places have the shape of the values.
void check_shape(const config::json_value& value, const config::source_map& where) {
  require(where.parts.size() == (value.is_structured() ? value.size() : 0));
  size_t index = 0;
  for (const auto& part : value)
    if (value.is_structured())
      check_shape(part, where.parts[index++]);
}

void check(const result<config::document>& doc) {
  if (!doc) {
    require(doc.error().code == exit_code::usage && doc.error().what.starts_with(file));
    return;
  }
  require(is_utf8(doc->root.dump())); // dump() throws where a text is not UTF-8
  check_shape(doc->root, doc->where);
}

} // namespace

void json(std::string_view bytes) {
  check(config::read_json(bytes, file));
  const auto names = config::names_in_file({.path = "-", .stdin_text = std::string(bytes), .who = {"/", "", "/"}});
  require(names || !names.error().what.empty());
}

void yaml(std::string_view bytes) {
  check(config::read_yaml(std::string(bytes), file));
}

void words(std::string_view bytes) {
  size_t total = 0;
  if (const auto split = split_words(bytes))
    for (const auto& word : *split)
      total += word.size();
  require(total <= bytes.size());
}

void units(std::string_view bytes) {
  if (const auto time = parse_duration(bytes))
    require(time->count() >= 0 && *time <= max_duration);
  if (const auto number = parse_integer(bytes))
    require(parse_integer(std::to_string(*number)) == number);
  if (parse_integer(bytes).value_or(-1) >= 0 && !bytes.starts_with('+') && !bytes.starts_with('-'))
    require(parse_bytes(bytes).has_value());
}

} // namespace procvisor::fuzz
