#include "rpc/process_row.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "rpc/client.hpp"

namespace procvisor::rpc {

namespace {

using member = std::variant<std::string process_row::*, int64_t process_row::*, double process_row::*,
                            bool process_row::*, process_status process_row::*>;

struct field {
  std::string_view key;
  member where;
};

/// Sorted by key, for find_field().
constexpr std::array fields = std::to_array<field>({
    {"cause", &process_row::cause},
    {"cpu", &process_row::cpu},
    {"created_at", &process_row::created_at},
    {"error_file", &process_row::error_file},
    {"exit_code", &process_row::exit_code},
    {"exit_signal", &process_row::exit_signal},
    {"id", &process_row::id},
    {"instance", &process_row::instance},
    {"memory", &process_row::memory},
    {"mode", &process_row::mode},
    {"name", &process_row::name},
    {"namespace", &process_row::name_space},
    {"pid", &process_row::pid},
    {"pid_file", &process_row::pid_file},
    {"reason", &process_row::reason},
    {"restarts", &process_row::restarts},
    {"started_at", &process_row::started_at},
    {"status", &process_row::status},
    {"unstable_restarts", &process_row::unstable_restarts},
    {"user", &process_row::user},
    {"version", &process_row::version},
    {"watch_trouble", &process_row::watch_trouble},
    {"watching", &process_row::watching},
});
static_assert(std::is_sorted(fields.begin(), fields.end(),
                             [](const field& a, const field& b) { return a.key < b.key; }));

const field* find_field(std::string_view key) {
  const auto* found =
      std::lower_bound(fields.begin(), fields.end(), key, [](const field& f, std::string_view k) { return f.key < k; });
  return found != fields.end() && found->key == key ? found : nullptr;
}

void assign(process_row& row, const member& where, std::string&& text) {
  if (const auto* plain = std::get_if<std::string process_row::*>(&where))
    row.*(*plain) = std::move(text);
  else if (const auto* status = std::get_if<process_status process_row::*>(&where))
    row.*(*status) = parse_status(text).value_or(process_status::stopped);
}

void assign(process_row& row, const member& where, int64_t number) {
  if (const auto* whole = std::get_if<int64_t process_row::*>(&where))
    row.*(*whole) = number;
  else if (const auto* real = std::get_if<double process_row::*>(&where))
    row.*(*real) = static_cast<double>(number);
}

void assign(process_row& row, const member& where, double number) {
  if (const auto* real = std::get_if<double process_row::*>(&where))
    row.*(*real) = number;
}

void assign(process_row& row, const member& where, bool flag) {
  if (const auto* fact = std::get_if<bool process_row::*>(&where))
    row.*(*fact) = flag;
}

/// {"protocol": n, "result": {"processes": [{row}], "notes": [text]}}: rows are objects at depth 4.
class list_reader : public nlohmann::json_sax<nlohmann::json> {
public:
  process_list list;
  int64_t protocol = -1;
  bool has_result = false;

  bool null() override { return true; }
  bool binary(binary_t&) override { return true; }
  bool boolean(bool value) override { return take(value); }
  bool number_integer(number_integer_t value) override { return take(value); }
  bool number_float(number_float_t value, const string_t&) override { return take(value); }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == 1 && top_ == "protocol")
      protocol = static_cast<int64_t>(value);
    return take(static_cast<int64_t>(value));
  }
  bool string(string_t& value) override {
    if (depth_ == 3 && section_ == "notes")
      list.notes.push_back(std::move(value));
    return take(std::move(value));
  }

  bool start_array(std::size_t) override { return ++depth_, true; }
  bool end_array() override { return --depth_, true; }
  bool end_object() override { return --depth_, true; }
  bool start_object(std::size_t) override {
    ++depth_;
    if (is_in_row())
      list.processes.emplace_back();
    return true;
  }

  bool key(string_t& name) override {
    if (depth_ == 1) {
      has_result = has_result || name == "result";
      top_ = std::move(name);
    } else if (depth_ == 2) {
      section_ = std::move(name);
    } else if (is_in_row()) {
      field_ = find_field(name);
    }
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
  bool is_in_row() const { return depth_ == 4 && top_ == "result" && section_ == "processes"; }

  template <class T>
  bool take(T&& value) {
    if (is_in_row() && field_ != nullptr)
      assign(list.processes.back(), field_->where, std::forward<T>(value));
    return true;
  }

  int depth_ = 0;
  std::string top_;
  std::string section_;
  const field* field_ = nullptr;
};

} // namespace

std::chrono::milliseconds uptime_of(const process_row& row, std::chrono::milliseconds now) {
  if (row.pid == 0)
    return {};
  return std::max(now - std::chrono::milliseconds{row.started_at}, std::chrono::milliseconds{0});
}

process_row row_from_json(const nlohmann::json& object) {
  process_row row;
  for (const auto& [key, where] : fields) {
    auto found = object.find(key);
    if (found == object.end())
      continue;
    if (found->is_string())
      assign(row, where, found->get<std::string>());
    else if (found->is_boolean())
      assign(row, where, found->get<bool>());
    else if (found->is_number_integer())
      assign(row, where, found->get<int64_t>());
    else if (found->is_number_float())
      assign(row, where, found->get<double>());
  }
  return row;
}

result<process_list> read_process_list(const std::string& reply) {
  list_reader reader;
  bool is_json = nlohmann::json::sax_parse(reply, &reader);
  if (!is_json || !reader.has_result)
    return decode_reply(reply).map([](const nlohmann::json&) { return process_list{}; });
  return check_protocol(reader.protocol).map([&] { return std::move(reader.list); });
}

} // namespace procvisor::rpc
