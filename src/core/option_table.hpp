#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/app_spec.hpp"
#include "core/result.hpp"

namespace procvisor {

/// How the value of an attribute is written. expected_form() says it to the user.
enum class value_type : uint8_t {
  boolean,
  integer,
  integers, ///< one, or a list
  text,
  words,           ///< a list, or a string that core/words splits
  stop_stages,     ///< a signal, or several with the times between them: core/stop_stages
  duration,        ///< milliseconds, or a number with s, m or h
  bytes,           ///< a number, or one with K, M or G
  variables,       ///< an object, or a string of KEY=VALUE words
  count,           ///< a number, or max; 0 and negative numbers count from the CPUs
  user,            ///< a number or a name
  group,           ///< a number or a name
  mode,            ///< fork or cluster, and their _mode forms; true: fork
  boolean_or_text, ///< true, false, or a path
  watched_paths,   ///< true, false, a path, or a list of them
  log_lines,       ///< raw or json
  policy,          ///< round_robin or shared
  choice,          ///< always, on-failure or never
  unready,         ///< keep or kill
  interval,        ///< 1h or 1d; false: never
  cron_times,      ///< core/cron; 0: never
  zone,            ///< the name of a time zone
  variable_filter, ///< true, false, a name, or a list of parts of names
  object,
};

/// What this version does with an attribute.
enum class standing : uint8_t {
  built,
  no_effect, ///< PM2 only: accepted, does nothing, one warning lists all of them
  resolved,  ///< nobody declares it: src/config finds it out, and it travels with the spec
};

/// What a file or a command line says of an app and a spec does not carry, for it is used up on the way to the spec.
struct app_declaration {
  std::string name_prefix;
  std::string exec_mode; ///< "fork", "cluster" or empty
  std::optional<int> port;
  bool append_env_to_name = false;
  bool time = false;
  bool force = false;
  bool write = false;
};

/// Where the value of an attribute goes; monostate: nowhere. (uid_t and gid_t are one type.)
using option_member = std::variant<
    std::monostate, std::string app_spec::*, bool app_spec::*, int app_spec::*, std::optional<bool> app_spec::*,
    std::optional<uid_t> app_spec::*, std::vector<std::string> app_spec::*, std::vector<int> app_spec::*,
    std::vector<stop_stage> app_spec::*, std::chrono::milliseconds app_spec::*, environment app_spec::*,
    std::map<std::string, environment> app_spec::*, environment_filter app_spec::*, combined_log app_spec::*,
    log_kind app_spec::*, cluster_policy app_spec::*, restart_choice app_spec::*, unready_action app_spec::*,
    rotate_interval app_spec::*, watch_choice app_spec::*, uint64_t app_spec::*, std::string app_declaration::*,
    bool app_declaration::*, std::optional<int> app_declaration::*>;

/// One attribute of an app: the only place where it is named.
struct app_option {
  std::string_view key = {};     ///< in files, and on the wire
  std::string_view aliases = {}; ///< space separated. The camelCase forms of the key and of these are accepted too
  value_type type = value_type::text;
  option_member member = {};
  standing state = standing::built;
  std::string_view default_text = {}; ///< as one would write it; empty: none
  std::string_view help = {};         ///< one line
  char short_option = 0;              ///< 'n' for -n; 0: none
  bool overrides_file = false;        ///< given on the command line with a file, it counts for all apps of that file
  bool file_only = false;             ///< not an option of the command line
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};

std::span<const app_option> app_options();

/// By key, alias or the camelCase of either; nullptr: unknown. `env_<name>` is not found here: see environment_name().
const app_option* find_option(std::string_view key_or_alias);

/// All that find_option() knows, sorted: what a misspelt key is compared with.
std::vector<std::string_view> option_names();

/// The row that fills a member: `option_of(&app_spec::cwd).key`. The member has a row.
const app_option& option_of(option_member member);

/// "production" of "env_production"; empty: not such a key.
std::string_view environment_name(std::string_view key);

/// What the user may write: "true or false", "a number from 0", "milliseconds, or a number with s, m or h: 10s".
std::string expected_form(const app_option& option);

// -- on the command line

/// How many values an option takes there.
enum class arity : uint8_t {
  none,     ///< a flag; `--treekill=false` is possible
  optional, ///< `--watch`, `--watch src`
  one,      ///< where it is given again, the values of words add up and otherwise the last one counts
  many,     ///< `--stop-exit-codes 0 3`
};
arity option_arity(const app_option& option);

/// The words for the two modes.
inline constexpr std::array<std::string_view, 2> fork_words{"fork", "fork_mode"};
inline constexpr std::array<std::string_view, 2> cluster_words{"cluster", "cluster_mode"};

/// Whether `word`, standing behind an option of arity::optional, is its value. A mode only takes a mode, so that `-x
/// app.js` is a flag and a script.
bool takes_word(const app_option& option, std::string_view word);

/// All spellings: {"--max-restarts", "--max_restarts"}, with `-n` where there is one. Empty for a file-only key.
std::vector<std::string> option_spellings(const app_option& option);

/// {"--no-autorestart", "--no_autorestart"} for a boolean that is true by default, otherwise empty.
std::vector<std::string> negated_spellings(const app_option& option);

// -- on the wire

/// A spec as the client sends it to the daemon and as state files keep it: the rows' keys, durations in milliseconds,
/// texts as core/wire_text writes them, absent what is both empty and the default.
nlohmann::json spec_to_json(const app_spec& spec);

/// The same as a file declares it: only what is not the default, and nothing of what nobody declares.
nlohmann::json declaration_to_json(const app_spec& spec);

/// What is absent is the default; an unknown key is ignored, for a newer version may have sent it. A value of a wrong
/// type is exit_code::other.
result<app_spec> spec_from_json(const nlohmann::json& wire);

/// A spec with some of its keys changed: null makes one the default again, and variables of `env` are added to those that
/// are there.
result<app_spec> spec_with(app_spec spec, const nlohmann::json& changes);

/// An environment by itself, in the same form as that of a spec.
nlohmann::json environment_to_json(const environment& variables);
result<environment> environment_from_json(const nlohmann::json& wire);

} // namespace procvisor
