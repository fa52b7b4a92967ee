#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "cli/console.hpp"
#include "cli/render/log_line.hpp"
#include "core/date_format.hpp"

namespace procvisor::cli {

/// The target that means procvisor.log, and what stands before its lines.
inline constexpr std::string_view journal_name = "procvisor";

enum class line_form : uint8_t {
  prefixed, ///< 0|web | line
  raw,      ///< line; those of stderr go to stderr
  fields,   ///< timestamp=... app=web id=0 type=out message=line
  json,     ///< one object a line
};

/// How the lines of logs are shown.
struct log_view {
  line_form form = line_form::prefixed;
  int64_t lines = 15;                   ///< of each file
  date_format date;                     ///< in front of each new line; empty: none
  std::optional<std::string> highlight; ///< empty: what was written to stderr
};

/// Prints the notifications of a stream of logs (rpc/wire.hpp). Lines are gathered until flush(), so that a flood costs
/// few writes.
class log_printer {
public:
  log_printer(const console& out, log_view view);

  result<exit_code> print(const nlohmann::json& notification);
  result<exit_code> flush();

private:
  /// A line is new if it was written while somebody followed: then its time is now.
  void add_line(const nlohmann::json& params, const std::string& line, bool is_new);
  void add_json_line(const nlohmann::json& params, log_stream stream, const std::string& line, bool is_new);
  void add_fields(const nlohmann::json& params, log_stream stream, const std::string& line, bool is_new);
  void add_prefixed_line(const nlohmann::json& params, log_stream stream, const std::string& line, bool is_new);

  const console& out_;
  log_view view_;
  bool coloured_;
  log_line_prefix prefix_;
  std::string text_;
  std::string raw_errors_;
};

} // namespace procvisor::cli
