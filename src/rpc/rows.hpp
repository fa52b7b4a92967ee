#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/app_spec.hpp"
#include "core/log_paths.hpp"
#include "core/process.hpp"
#include "core/result.hpp"

/// How processes are written on the wire: rows (rpc/wire.hpp) and PM2's jlist shape (pm2-behaviour.md, 14).
namespace procvisor::rpc {

/// What one row is made of.
struct row_source {
  const process_view& view;
  const app_spec& spec;
  double cpu = 0;      ///< percent of one core
  uint64_t memory = 0; ///< bytes
  std::string_view watch_trouble = {};
};

/// As text, for a list of a thousand: a JSON tree in between takes twice the time.
void append_row(std::string& out, const row_source& source);
/// With `error_file` and `pid_file`, which `list -m` shows.
void append_row(std::string& out, const row_source& source, const log_paths& files);
nlohmann::json to_row(const row_source& source);

/// The row, and beside its members all that was declared but the environment; the files as they are resolved.
nlohmann::json to_details(const row_source& source, const log_paths& files);

/// PM2's shape, with the environment: only for the owner who asks for it.
nlohmann::json to_jlist(const row_source& source, const environment& env, const log_paths& files,
                        const std::string& home);

/// A spec to be looked at: its texts are as they are, and become readable where they are written out.
nlohmann::json readable_spec(const app_spec& spec);

/// {"code", "message", "data": {"hint"}}
nlohmann::json to_wire(const error& what);

} // namespace procvisor::rpc
