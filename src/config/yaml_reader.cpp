#include "config/yaml_reader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "config/problems.hpp"
#include "core/text.hpp"

namespace procvisor::config {

namespace {

/// A file of a thousand apps has some 20,000 nodes; nine lines of aliases can make a billion.
constexpr size_t most_nodes = 1'000'000;

text_position position(const YAML::Mark& mark) {
  if (mark.is_null())
    return {};
  return {static_cast<uint32_t>(mark.line) + 1, static_cast<uint32_t>(mark.column) + 1};
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// The value of a scalar without quotes and tag (YAML 1.2, 10.3.2).
json_value plain_value(const std::string& text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"}))
    return nullptr;
  if (is_one_of(text, {"true", "True", "TRUE"}))
    return true;
  if (is_one_of(text, {"false", "False", "FALSE"}))
    return false;
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-"))
    digits.remove_prefix(1);
  const auto* end = digits.data() + digits.size();
  const auto whole = [&](std::string_view prefix, int base) -> std::optional<int64_t> {
    if (!digits.starts_with(prefix))
      return std::nullopt;
    int64_t number = 0;
    const auto [rest, failure] = std::from_chars(digits.data() + prefix.size(), end, number, base);
    return failure == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
  };
  for (const auto& [prefix, base] : {std::pair("", 10), std::pair("0x", 16), std::pair("0o", 8)})
    if (const auto number = whole(prefix, base))
      return *number;
  double number = 0;
  const auto [rest, failure] = std::from_chars(digits.data(), end, number);
  const bool has_digit = digits.find_first_of("0123456789") != std::string_view::npos;
  if (failure == std::errc{} && rest == end && has_digit) // has_digit: not inf and nan, which JSON does not have
    return number;
  return text;
}

/// Turns yaml-cpp's nodes into a document; the first problem ends it.
class converter {
public:
  explicit converter(std::string_view file) : file_(file) {}

  result<document> convert(const YAML::Node& root) {
    document doc;
    if (!convert_node(root, doc.root, doc.where, 0))
      return fail(std::move(*problem_));
    return doc;
  }

private:
  bool stop(const YAML::Node& node, std::string_view text) {
    problem_ = problem_at(file_, position(node.Mark()), text);
    return false;
  }

  bool convert_node(const YAML::Node& node, json_value& value, source_map& where, int depth) {
    where.value = position(node.Mark());
    if (depth > max_depth)
      return stop(node, "this is nested too deeply, or an alias is inside of what it stands for");
    if (++nodes_ > most_nodes)
      return stop(node, "the aliases of this file unfold to too many values");
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        value = nullptr;
        return true;
      case YAML::NodeType::Scalar:
        return convert_scalar(node, value);
      case YAML::NodeType::Sequence:
        value = json_value::array();
        for (const auto& item : node) {
          auto& part = value.get_ref<json_value::array_t&>().emplace_back();
          if (!convert_node(item, part, where.parts.emplace_back(), depth + 1))
            return false;
        }
        return true;
      case YAML::NodeType::Map:
        return convert_map(node, value, where, depth);
    }
    return true;
  }

  bool convert_scalar(const YAML::Node& node, json_value& value) {
    const auto& text = node.Scalar();
    if (!is_utf8(text))
      return stop(node, "this text is not UTF-8");
    const auto& tag = node.Tag();
    if (tag == "?") // yaml-cpp's mark of a plain scalar; a quoted one has "!"
      value = plain_value(text);
    else if (tag.empty() || tag == "!" || tag == "tag:yaml.org,2002:str")
      value = text;
    else
      return stop(node, fmt::format("the tag {} is not known here", in_quotes(tag)));
    return true;
  }

  bool convert_map(const YAML::Node& node, json_value& value, source_map& where, int depth) {
    value = json_value::object();
    std::unordered_set<std::string> names;
    for (const auto& entry : node) {
      const auto& key = entry.first;
      if (!key.IsScalar())
        return stop(key, "a key has to be a text");
      if (is_merge(key))
        continue;
      if (!is_utf8(key.Scalar()))
        return stop(key, "this text is not UTF-8");
      if (!names.insert(key.Scalar()).second)
        return stop(key, fmt::format("{} is given twice", in_quotes(key.Scalar())));
      if (!add_member(key, entry.second, value, where, depth))
        return false;
    }
    for (const auto& entry : node)
      if (is_merge(entry.first) && !merge(entry.second, value, where, names, depth))
        return false;
    return true;
  }

  static bool is_merge(const YAML::Node& key) { return key.Scalar() == "<<" && key.Tag() == "?"; }

  bool add_member(const YAML::Node& key, const YAML::Node& member, json_value& value, source_map& where, int depth) {
    auto& part = where.parts.emplace_back();
    part.key = position(key.Mark());
    auto& members = static_cast<json_value::object_t::Container&>(value.get_ref<json_value::object_t&>());
    return convert_node(member, members.emplace_back(key.Scalar(), nullptr).second, part, depth + 1);
  }

  /// Adds what the mapping (or each of a list of them) has and the value has not.
  bool merge(const YAML::Node& from, json_value& value, source_map& where, std::unordered_set<std::string>& names,
             int depth) {
    if (depth > max_depth)
      return stop(from, "this is nested too deeply, or an alias is inside of what it stands for");
    if (++nodes_ > most_nodes)
      return stop(from, "the aliases of this file unfold to too many values");
    if (from.IsSequence()) {
      for (const auto& item : from)
        if (!merge(item, value, where, names, depth + 1))
          return false;
      return true;
    }
    if (!from.IsMap())
      return stop(from, "<< takes a mapping or a list of mappings");
    for (const auto& entry : from) {
      const auto& key = entry.first;
      if (!key.IsScalar())
        return stop(key, "a key has to be a text");
      if (is_merge(key) || !names.insert(key.Scalar()).second)
        continue;
      if (!is_utf8(key.Scalar()))
        return stop(key, "this text is not UTF-8");
      if (!add_member(key, entry.second, value, where, depth))
        return false;
    }
    for (const auto& entry : from)
      if (is_merge(entry.first) && !merge(entry.second, value, where, names, depth + 1))
        return false;
    return true;
  }

  std::string_view file_;
  size_t nodes_ = 0;
  std::optional<error> problem_;
};

} // namespace

result<document> read_yaml(const std::string& text, std::string_view file) {
  try {
    const auto documents = YAML::LoadAll(text);
    if (documents.empty() || (documents.size() == 1 && documents.front().IsNull()))
      return fail(problem_at(file, {}, "is empty", "an ecosystem file has a list of apps"));
    if (documents.size() > 1)
      return fail(problem_at(file, position(documents[1].Mark()), "a second document starts: only one is read"));
    return converter(file).convert(documents.front());
  } catch (const YAML::Exception& e) { // ParserException, and BadFile and others that a text does not cause
    return fail(problem_at(file, position(e.mark), e.msg));
  }
}

} // namespace procvisor::config
