#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/app_spec.hpp"
#include "core/lifecycle.hpp"
#include "core/process.hpp"
#include "core/result.hpp"

/// What a daemon writes down, so that another one can go on: every process, and the registry's counters.
///
/// A state is a text of lines. Each line is a JSON object of one entry, whose last member is the CRC-32 of what stands
/// before it: `{"removed":3,"generation":7,"crc":"1c291ca3"}`. A later entry about a process replaces an earlier one of
/// its kind, so a change is written down by appending a line, and a line that was being written at the end of the writer
/// is known by its checksum.
///
/// | entry | beside its first member |
/// |---|---|
/// | `procvisor_state` (the format) | `version`, `boot`: comes first |
/// | `environment` (a number) | `variables`: of the callers; processes that were started together share one |
/// | `process` (its id) | `instance`, `environment` (number), `spec` (core/option_table) |
/// | `lifecycle` (the id) | all of core/lifecycle; times are steady nanoseconds and wall milliseconds |
/// | `removed` (the id) | `generation` |
/// | `counters` | `next_id`, `generation` |
/// | `end` (lines before it) | comes last in a file |
///
/// An entry of another kind is passed over: a newer version may have written it. Another format is refused.
namespace procvisor {

using shared_spec = std::shared_ptr<const app_spec>;
using shared_environment = std::shared_ptr<const environment>;

struct process_record {
  process_id id{};
  int instance = 0;
  shared_spec spec = {};
  shared_environment caller = {};
  lifecycle state = {};
};

struct saved_state {
  std::string boot_id; ///< steady times, pids and generations mean something within this boot only
  std::map<process_id, process_record> processes;
  uint32_t next_id = 0;
  generation newest{0}; ///< of all deleted processes
};

// -- writing: lines with their newline

std::string state_header(std::string_view boot_id);
std::string environment_entry(uint32_t number, const environment& variables);
std::string process_entry(const process_record& record, uint32_t environment_number);
std::string lifecycle_entry(process_id id, const lifecycle& state);
std::string removed_entry(process_id id, generation gen);
std::string counters_entry(uint32_t next_id, generation newest);
std::string end_entry(size_t lines_before);

/// The numbers under which environments stand in one text. It keeps them alive, for a number may be referred to later.
using environment_numbers = std::map<shared_environment, uint32_t>;

struct state_text {
  std::string text; ///< without its end
  size_t lines = 0;
  environment_numbers numbers;
};

/// The shortest text of a state.
state_text write_state(const saved_state& state);

// -- reading

struct replayed_state {
  saved_state state;  ///< up to the first line that is not whole
  std::string broken; ///< where and why it is broken; empty: it is not
  bool has_end = false;
};

/// What is written in memory: the last line may have been cut, and there may be no end.
replayed_state replay_state(std::string_view text);

/// A file, which is whole or refused: "line 3 (byte 1042): the checksum does not match".
result<saved_state> read_state(std::string_view text);

} // namespace procvisor
