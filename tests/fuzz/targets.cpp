#include "targets.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/json_reader.hpp"
#include "config/load.hpp"
#include "config/pm2_dump.hpp"
#include "config/yaml_reader.hpp"
#include "core/crc32.hpp"
#include "core/option_table.hpp"
#include "core/state.hpp"
#include "core/stop_stages.hpp"
#include "core/text.hpp"
#include "core/units.hpp"
#include "core/words.hpp"
#include "rpc/params.hpp"
#include "rpc/request.hpp"

namespace procvisor::fuzz {

namespace {

constexpr std::string_view file = "f";

void require(bool holds) {
  if (!holds)
    std::abort();
}

/// With a right checksum behind each line that has any, or no change would get further than that.
std::string resealed(std::string_view text) {
  constexpr std::string_view opening = R"(,"crc":")";
  std::string sealed;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto entry = line.substr(0, line.rfind(opening));
    sealed += entry;
    if (entry.size() < line.size())
      sealed += fmt::format(R"({}{:08x}"}})", opening, crc32(entry));
    sealed += '\n';
  }
  return sealed;
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

void check_state(std::string_view bytes) {
  const auto replayed = replay_state(bytes);
  const auto whole = read_state(bytes);
  require(whole || !whole.error().what.empty());
  require(!whole || (replayed.has_end && replayed.broken.empty()));
  // What was read can be written, and is the same when it is read again.
  const auto [text, lines, numbers] = write_state(replayed.state);
  const auto again = read_state(text + end_entry(lines));
  require(again.has_value());
  require(write_state(*again).text == text);
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
  if (const auto stages = parse_stop_stages(bytes))
    require(parse_stop_stages(to_string(*stages)) == stages);
  if (parse_integer(bytes).value_or(-1) >= 0 && !bytes.starts_with('+') && !bytes.starts_with('-'))
    require(parse_bytes(bytes).has_value());
}

void request(std::string_view bytes) {
  const auto read = rpc::read_request(bytes);
  if (!read) {
    require(read.error().code == exit_code::usage && !read.error().what.empty());
    return;
  }
  require(read->params.is_object());
  // What the daemon does with them: copies, writes, and reads declarations.
  require(!nlohmann::json(read->id).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).empty());
  for (const auto& text : rpc::texts(read->params, "targets"))
    require(text.size() <= bytes.size());
  if (const auto apps = read->params.find("apps"); apps != read->params.end() && apps->is_array())
    for (const auto& app : *apps) {
      const auto spec = spec_from_json(app);
      require(spec || !spec.error().what.empty());
    }
  if (const auto variables = read->params.find("environment"); variables != read->params.end()) {
    const auto environment = environment_from_json(*variables);
    require(environment || !environment.error().what.empty());
  }
}

void state(std::string_view bytes) {
  check_state(bytes);
  check_state(resealed(bytes));
}

void pm2_dump(std::string_view bytes) {
  if (!config::is_pm2_dump(bytes))
    return;
  const auto read = config::read_pm2_dump(bytes, std::string{file}, {"/", "", "/"});
  require(read || !read.error().what.empty());
  if (!read)
    return;
  const auto [text, lines, numbers] = write_state(read->state);
  require(read_state(text + end_entry(lines)).has_value());
}

} // namespace procvisor::fuzz
