#include "core/state.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/crc32.hpp"
#include "core/json_text.hpp"
#include "core/option_table.hpp"
#include "core/version.hpp"
#include "core/wire_text.hpp"

namespace procvisor {

namespace {

using nlohmann::json;

constexpr int format = 1;

constexpr const char* format_key = "procvisor_state";

constexpr std::array<std::pair<after_exit, std::string_view>, 4> next_words{{
    {after_exit::policy, "policy"},
    {after_exit::stay, "stay"},
    {after_exit::relaunch, "relaunch"},
    {after_exit::remove, "remove"},
}};

std::string_view to_string(after_exit next) {
  return std::ranges::find(next_words, next, &std::pair<after_exit, std::string_view>::first)->second;
}

constexpr std::string_view seal_opening = R"(,"crc":")";
constexpr std::string_view seal_closing = R"("})";
constexpr size_t crc_digits = 8;
constexpr size_t seal_size = seal_opening.size() + crc_digits + seal_closing.size();

/// Turns `{"removed":3` into a line.
std::string seal(std::string entry) {
  const auto sum = crc32(entry);
  fmt::format_to(std::back_inserter(entry), "{}{:08x}{}\n", seal_opening, sum, seal_closing);
  return entry;
}

/// A line without its newline.
bool is_sealed(std::string_view line) {
  if (line.size() <= seal_size)
    return false;
  const auto entry = line.substr(0, line.size() - seal_size);
  const auto mark = line.substr(entry.size());
  return mark == fmt::format("{}{:08x}{}", seal_opening, crc32(entry), seal_closing);
}

int64_t nanoseconds(steady_time at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

int64_t milliseconds(wall_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

steady_time steady_from(const json& wire) {
  return steady_time{std::chrono::nanoseconds{wire.get<int64_t>()}};
}

moment moment_from(const json& wire) {
  return {steady_from(wire.at(0)), wall_clock::time_point{std::chrono::milliseconds{wire.at(1).get<int64_t>()}}};
}

/// nullopt: a word in it is unknown.
std::optional<lifecycle> lifecycle_from(const json& entry) {
  lifecycle state;
  const auto status = parse_status(entry.at("status").get_ref<const std::string&>());
  const auto& next_word = entry.at("next").get_ref<const std::string&>();
  const auto* next = std::ranges::find(next_words, next_word, &std::pair<after_exit, std::string_view>::second);
  if (!status || next == next_words.end())
    return std::nullopt;
  state.phase = phase_of(*status);
  state.next = next->first;
  state.gen = generation{entry.at("generation").get<uint64_t>()};
  state.pid = entry.at("pid").get<pid_t>();
  state.start_ticks = entry.value("start_ticks", uint64_t{0});
  state.stop_stage = entry.at("stop_stage").get<size_t>();
  state.restarts = entry.at("restarts").get<uint32_t>();
  state.unstable_restarts = entry.at("unstable_restarts").get<uint32_t>();
  state.asked_at = moment_from(entry.at("asked"));
  state.started_at = moment_from(entry.at("started"));
  state.delay = std::chrono::milliseconds{entry.at("delay").get<int64_t>()};
  state.due = steady_from(entry.at("due"));
  state.launch_is_automatic = entry.at("automatic").get<bool>();
  state.last_exit = {entry.at("exit_code").get<int>(), entry.at("exit_signal").get<int>()};
  state.reason = entry.at("reason").get<std::string>();
  // An earlier version wrote none of these.
  state.newest = generation{entry.value("newest", uint64_t{0})};
  state.is_listening = entry.value("listening", false);
  for (size_t kind = 0; const auto& count : entry.value("restarts_by", json::array()))
    if (kind < state.restarts_by.size()) // the others are of a later version
      state.restarts_by[kind++] = count.get<uint32_t>();
  for (const auto& at : entry.value("recent_exits", json::array()))
    if (state.recent_exits.size() <= most_exits_lately)
      state.recent_exits.push_back(steady_from(at));
  state.slowdown = std::chrono::milliseconds{entry.value("slowdown", int64_t{0})};
  state.cause = {parse_restart_kind(entry.value("cause", "")).value_or(restart_kind::command),
                 entry.value("cause_text", "")};
  return state;
}

/// Reads line by line what has been written so far.
class replayer {
public:
  explicit replayer(replayed_state& into) : into_(into), state_(into.state) {}

  void read(std::string_view text) {
    for (size_t at = 0; at < text.size() && into_.broken.empty(); ++lines_) {
      const auto end = text.find('\n', at);
      const auto line = text.substr(at, end - at);
      const auto complaint = end == std::string_view::npos ? "it has no end" : take(line);
      if (!complaint.empty())
        into_.broken = fmt::format("line {} (byte {}): {}", lines_ + 1, at, complaint);
      at = end + 1;
    }
    if (into_.broken.empty() && lines_ == 0)
      into_.broken = "it is empty";
  }

private:
  /// What is wrong with it; empty: it has been taken.
  std::string take(std::string_view line) {
    if (!is_sealed(line))
      return "the checksum does not match";
    try {
      return understand(json::parse(line));
    } catch (const json::exception& e) {
      return fmt::format("it is not understood: {}", e.what());
    }
  }

  std::string understand(const json& entry) {
    if (lines_ == 0)
      return begin(entry);
    into_.has_end = false;
    if (entry.contains("lifecycle")) {
      return change(entry);
    } else if (entry.contains("spec")) {
      return declare(entry);
    } else if (const auto gone = entry.find("removed"); gone != entry.end()) {
      state_.processes.erase(process_id{gone->get<uint32_t>()});
      state_.newest = std::max(state_.newest, generation{entry.at("generation").get<uint64_t>()});
      if (state_.processes.empty())
        state_.next_id = 0;
    } else if (const auto number = entry.find("environment"); number != entry.end()) {
      auto variables = environment_from_json(entry.at("variables"));
      if (!variables)
        return variables.error().what;
      environments_[number->get<uint32_t>()] = std::make_shared<const environment>(*std::move(variables));
    } else if (entry.contains("counters")) {
      state_.next_id = entry.at("next_id").get<uint32_t>();
      state_.newest = generation{entry.at("generation").get<uint64_t>()};
    } else if (const auto count = entry.find("end"); count != entry.end()) {
      if (count->get<size_t>() != lines_)
        return fmt::format("{} lines stand before it, not {}", lines_, count->get<size_t>());
      into_.has_end = true;
    }
    return {};
  }

  std::string begin(const json& entry) {
    const auto number = entry.find(format_key);
    if (number == entry.end())
      return "this is no state of procvisor";
    if (*number != format)
      return fmt::format("it is of format {}, and this version reads {}", number->dump(), format);
    state_.boot_id = entry.at("boot").get<std::string>();
    return {};
  }

  std::string declare(const json& entry) {
    const auto id = process_id{entry.at("process").get<uint32_t>()};
    auto spec = spec_from_json(entry.at("spec"));
    if (!spec)
      return spec.error().what;
    const auto caller = environments_.find(entry.at("environment").get<uint32_t>());
    if (caller == environments_.end())
      return "its environment does not stand before it";
    auto& record = state_.processes[id];
    record.id = id;
    record.instance = entry.at("instance").get<int>();
    record.spec = std::make_shared<const app_spec>(std::move(*spec));
    record.caller = caller->second;
    state_.next_id = std::max(state_.next_id, static_cast<uint32_t>(id) + 1);
    return {};
  }

  std::string change(const json& entry) {
    const auto at = state_.processes.find(process_id{entry.at("lifecycle").get<uint32_t>()});
    if (at == state_.processes.end())
      return "its process does not stand before it";
    auto state = lifecycle_from(entry);
    if (!state)
      return "it has an unknown word";
    at->second.state = std::move(*state);
    return {};
  }

  replayed_state& into_;
  saved_state& state_;
  size_t lines_ = 0; ///< before the one that is being read
  std::unordered_map<uint32_t, shared_environment> environments_;
};

} // namespace

// -- writing --------------------------------------------------------------------

std::string state_header(std::string_view boot_id) {
  std::string entry = fmt::format(R"({{"{}":{},"version":"{}","boot":)", format_key, format, version());
  append_json_text(entry, boot_id);
  return seal(std::move(entry));
}

std::string environment_entry(uint32_t number, const environment& variables) {
  std::string entry = fmt::format(R"({{"environment":{},"variables":{{)", number);
  for (const auto& [name, value] : variables) {
    if (entry.back() != '{')
      entry += ',';
    append_json_text(entry, to_wire_text(name));
    entry += ':';
    append_json_text(entry, to_wire_text(value));
  }
  entry += '}';
  return seal(std::move(entry));
}

std::string process_entry(const process_record& record, uint32_t environment_number) {
  return seal(fmt::format(R"({{"process":{},"instance":{},"environment":{},"spec":{})",
                          static_cast<uint32_t>(record.id), record.instance, environment_number,
                          spec_to_json(*record.spec).dump(-1, ' ', false, json::error_handler_t::replace)));
}

std::string lifecycle_entry(process_id id, const lifecycle& state) {
  // All members by name, so that a new one does not compile before it is written down and read.
  const auto& [phase, next, gen, newest, pid, start_ticks, is_foster, stop_stage, restarts, unstable, asked_at,
               started_at, delay, due, recent_exits, slowdown, automatic, is_listening, is_leaving, trial, last_exit,
               reason, cause, restarts_by] = state;
  (void)is_foster;  // the keeper knows, and says so with the process
  (void)is_leaving; // of what is left of a reload: another daemon lets it leave anew
  (void)trial;      // the same: it never becomes the state of a process before it is over
  std::string entry = fmt::format(
      R"({{"lifecycle":{},"status":"{}","next":"{}","generation":{},"pid":{},"start_ticks":{},"stop_stage":{},"restarts":{},"unstable_restarts":{},)"
      R"("asked":[{},{}],"started":[{},{}],"delay":{},"due":{},"automatic":{},"exit_code":{},"exit_signal":{},)"
      R"("newest":{},"listening":{},"reason":)",
      static_cast<uint32_t>(id), procvisor::to_string(status_of(phase)), to_string(next), static_cast<uint64_t>(gen),
      pid, start_ticks, stop_stage, restarts, unstable, nanoseconds(asked_at.steady), milliseconds(asked_at.wall),
      nanoseconds(started_at.steady), milliseconds(started_at.wall), delay.count(), nanoseconds(due), automatic,
      last_exit.code, last_exit.signal, static_cast<uint64_t>(newest), is_listening);
  append_json_text(entry, reason);
  fmt::format_to(std::back_inserter(entry), R"(,"restarts_by":[{}],"cause":"{}","cause_text":)",
                 fmt::join(restarts_by, ","), procvisor::to_string(cause.kind));
  append_json_text(entry, cause.text);
  if (!recent_exits.empty()) {
    fmt::format_to(std::back_inserter(entry), R"(,"slowdown":{},"recent_exits":[)", slowdown.count());
    for (const auto at : recent_exits)
      fmt::format_to(std::back_inserter(entry), "{}{}", entry.back() == '[' ? "" : ",", nanoseconds(at));
    entry += ']';
  }
  return seal(std::move(entry));
}

std::string removed_entry(process_id id, generation gen) {
  return seal(fmt::format(R"({{"removed":{},"generation":{})", static_cast<uint32_t>(id), static_cast<uint64_t>(gen)));
}

std::string counters_entry(uint32_t next_id, generation newest) {
  return seal(fmt::format(R"({{"counters":true,"next_id":{},"generation":{})", next_id, static_cast<uint64_t>(newest)));
}

std::string end_entry(size_t lines_before) {
  return seal(fmt::format(R"({{"end":{})", lines_before));
}

state_text write_state(const saved_state& state) {
  state_text out;
  const auto add = [&](const std::string& line) {
    out.text += line;
    ++out.lines;
  };
  add(state_header(state.boot_id));
  for (const auto& [id, record] : state.processes) {
    const auto [at, is_new] = out.numbers.try_emplace(record.caller, static_cast<uint32_t>(out.numbers.size()));
    if (is_new)
      add(environment_entry(at->second, *record.caller));
    add(process_entry(record, at->second));
    add(lifecycle_entry(id, record.state));
  }
  add(counters_entry(state.next_id, state.newest));
  return out;
}

// -- reading --------------------------------------------------------------------

replayed_state replay_state(std::string_view text) {
  replayed_state result;
  replayer{result}.read(text);
  return result;
}

result<saved_state> read_state(std::string_view text) {
  auto replayed = replay_state(text);
  if (!replayed.broken.empty())
    return fail(exit_code::other, std::move(replayed.broken));
  if (!replayed.has_end)
    return fail(exit_code::other, fmt::format("it is cut off after byte {}", text.size()));
  return std::move(replayed.state);
}

} // namespace procvisor
