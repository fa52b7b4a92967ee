#include "config/yaml_reader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
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

/// Builds a document from the parser's events. (YAML::LoadAll never returns for the text ",".) The first problem ends
/// the building; what the parser tells after it is not listened to.
class builder : public YAML::EventHandler {
public:
  explicit builder(std::string_view file) : file_(file) {}

  /// After the parser's last event.
  result<document> finish() && {
    if (problem_)
      return fail(std::move(*problem_));
    return std::move(document_);
  }

  bool has_problem() const { return problem_.has_value(); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      stop(mark, "the first document ends here, and only one is read");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (is_key_due())
      stop(mark, key_is_text);
    else
      add(mark, {nullptr, position(mark)}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      return stop(mark, "this alias is inside of what it stands for");
    if (is_key_due())
      return stop(mark, key_is_text);
    add(mark, known->second, YAML::NullAnchor, known->second.nodes);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (!is_utf8(text))
      return stop(mark, "this text is not UTF-8");
    const bool is_plain = tag == "?"; // yaml-cpp's mark; a quoted one has "!"
    if (is_key_due())
      return add_key(mark, text, is_plain);
    if (!is_plain && !tag.empty() && tag != "!" && tag != "tag:yaml.org,2002:str")
      return stop(mark, fmt::format("the tag {} is not known here", in_quotes(tag)));
    add(mark, {is_plain ? plain_value(text) : json_value(text), position(mark)}, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, json_value::array(), anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, json_value::object(), anchor);
  }
  void OnMapEnd() override {
    if (!problem_)
      merge();
    close();
  }

private:
  static constexpr std::string_view key_is_text = "a key has to be a text";

  struct placed_value {
    json_value value;
    text_position at;
    std::vector<source_map> parts = {};
    size_t nodes = 1; ///< it and everything below it
    int depth = 0;    ///< of what is below it
  };

  /// A list or an object that is not at its end yet.
  struct frame {
    placed_value content;
    YAML::Mark mark;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::optional<std::string> key = {}; ///< of an object: the value comes next
    text_position key_at = {};
    bool merges_next = false; ///< the key is <<
    std::unordered_set<std::string> names = {};
    std::vector<placed_value> merged = {}; ///< what << gives
  };

  void stop(const YAML::Mark& mark, std::string_view text) {
    if (!problem_)
      problem_ = problem_at(file_, position(mark), text);
  }

  bool is_key_due() const {
    return !frames_.empty() && frames_.back().content.value.is_object() && !frames_.back().key;
  }

  void add_key(const YAML::Mark& mark, const std::string& text, bool is_plain) {
    auto& object = frames_.back();
    object.merges_next = is_plain && text == "<<";
    object.key = text;
    object.key_at = position(mark);
    if (!problem_ && !object.merges_next && !object.names.insert(text).second)
      stop(mark, fmt::format("{} is given twice", in_quotes(text)));
  }

  void open(const YAML::Mark& mark, json_value empty, YAML::anchor_t anchor) {
    if (is_key_due())
      stop(mark, key_is_text);
    if (frames_.size() >= static_cast<size_t>(max_depth))
      stop(mark, "this is nested too deeply");
    if (!problem_)
      frames_.push_back({.content = {std::move(empty), position(mark)}, .mark = mark, .anchor = anchor});
  }

  void close() {
    if (problem_)
      return;
    auto done = std::move(frames_.back());
    frames_.pop_back();
    add(done.mark, std::move(done.content), done.anchor);
  }

  /// A value is complete: it goes into the list or object that is open, or is the document.
  /// `fresh`: how many of its nodes are not counted yet.
  void add(const YAML::Mark& mark, placed_value value, YAML::anchor_t anchor, size_t fresh = 1) {
    if (problem_)
      return;
    nodes_ += fresh + (anchor == YAML::NullAnchor ? 0 : value.nodes); // an anchor keeps a copy
    if (nodes_ > most_nodes)
      return stop(mark, "the aliases of this file unfold to too many values");
    if (static_cast<int>(frames_.size()) + value.depth > max_depth)
      return stop(mark, "this is nested too deeply");
    if (anchor != YAML::NullAnchor)
      anchors_.insert_or_assign(anchor, value);
    if (frames_.empty()) {
      document_ = {std::move(value.value), {{}, value.at, std::move(value.parts)}};
      return;
    }
    auto& parent = frames_.back();
    if (parent.content.value.is_array()) {
      append(parent.content, {}, value);
      parent.content.value.push_back(std::move(value.value));
      return;
    }
    if (parent.merges_next) {
      keep_for_merge(mark, parent, std::move(value));
    } else {
      append(parent.content, parent.key_at, value);
      members(parent.content.value).emplace_back(*std::move(parent.key), std::move(value.value));
    }
    parent.key.reset();
  }

  static void append(placed_value& parent, text_position key, placed_value& part) {
    parent.parts.push_back({key, part.at, std::move(part.parts)});
    parent.nodes += part.nodes;
    parent.depth = std::max(parent.depth, part.depth + 1);
  }

  /// Past ordered_map's own emplace, which looks for the name among all members before it.
  static json_value::object_t::Container& members(json_value& object) {
    return object.get_ref<json_value::object_t&>();
  }

  void keep_for_merge(const YAML::Mark& mark, frame& parent, placed_value value) {
    const auto is_mapping = [](const json_value& item) { return item.is_object(); };
    if (is_mapping(value.value)
        || (value.value.is_array() && std::all_of(value.value.begin(), value.value.end(), is_mapping)))
      parent.merged.push_back(std::move(value));
    else
      stop(mark, "<< takes a mapping or a list of mappings");
  }

  /// At the end of an object: adds what << gives and the object has not.
  void merge() {
    auto& object = frames_.back();
    for (auto& from : object.merged) {
      object.content.nodes += from.nodes;
      object.content.depth = std::max(object.content.depth, from.depth);
      if (from.value.is_object()) {
        merge_members(from.value, from.parts, object);
        continue;
      }
      for (size_t i = 0; i < from.value.size(); ++i)
        merge_members(from.value[i], from.parts[i].parts, object);
    }
  }

  static void merge_members(json_value& from, std::vector<source_map>& parts, frame& object) {
    size_t index = 0;
    for (auto& [name, value] : members(from)) {
      auto& where = parts[index++];
      if (!object.names.insert(name).second)
        continue;
      object.content.parts.push_back(std::move(where));
      members(object.content.value).emplace_back(name, std::move(value));
    }
  }

  std::string_view file_;
  document document_;
  int documents_ = 0;
  size_t nodes_ = 0;
  std::vector<frame> frames_;
  std::unordered_map<YAML::anchor_t, placed_value> anchors_;
  std::optional<error> problem_;
};

} // namespace

result<document> read_yaml(const std::string& text, std::string_view file) {
  std::istringstream stream(text); // yaml-cpp reads nothing else
  builder built(file);
  try {
    YAML::Parser parser(stream);
    while (!built.has_problem() && parser.HandleNextDocument(built)) {
    }
  } catch (const YAML::Exception& e) {
    return fail(problem_at(file, position(e.mark), e.msg));
  }
  auto doc = std::move(built).finish();
  if (doc && doc->root.is_null())
    return fail(problem_at(file, {}, "is empty", "an ecosystem file has a list of apps"));
  return doc;
}

} // namespace procvisor::config
