#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/app_spec.hpp"

namespace procvisor {

/// One environment of a file's `deploy`: where to, from where, and what is run on the way.
struct deploy_target {
  std::string name = {}; ///< "production"
  std::vector<std::string> hosts = {};
  std::string user = {}; ///< empty: ssh decides
  std::string port = {}; ///< likewise
  std::string key = {};  ///< likewise; a path
  std::vector<std::string> ssh_options = {};
  bool forwards_agent = false;
  bool needs_tty = false;

  std::string repo = {};
  std::string ref = {}; ///< empty: the latest tag
  std::string path = {};
  bool is_shallow = false; ///< fetch: fast

  std::string pre_setup = {}; ///< a command, or the path of a script on this machine
  std::string post_setup = {};
  std::string pre_deploy_local = {};
  std::string pre_deploy = {};
  std::optional<std::string> post_deploy = {}; ///< none: start what the file declares
  environment env = {};                        ///< of post_deploy, the names as they are exported
};

/// The host that is this machine: no ssh.
inline constexpr std::string_view local_host = "localhost";

/// How the value of a key is written.
enum class deploy_value : uint8_t {
  host,  ///< a text, or a list of them
  user,  ///< what ssh takes for one
  word,  ///< one argument of ssh or git
  words, ///< one, or a list of them
  path,  ///< absolute or from ~ on
  port,
  flag,
  fetch,
  command, ///< for a shell; the only one that may have line breaks
  optional_command,
  variables,
};

using deploy_member =
    std::variant<std::string deploy_target::*, std::optional<std::string> deploy_target::*,
                 std::vector<std::string> deploy_target::*, bool deploy_target::*, environment deploy_target::*>;

/// One key of an environment: the only place where it is named.
struct deploy_key {
  std::string_view key;
  deploy_value type = deploy_value::word;
  deploy_member member = {};
  bool is_required = false;
};
std::span<const deploy_key> deploy_keys();

/// By its key; `_` and `-` are the same. nullptr: unknown.
const deploy_key* find_deploy_key(std::string_view key);

/// Why a text is no value of this type, to be put after the key: "must not begin with '-'". nullopt: it is one.
std::optional<std::string> deploy_text_problem(deploy_value type, std::string_view text);

/// The same for a ref that was typed.
std::optional<std::string> deploy_ref_problem(std::string_view ref);

/// A variable of `env` as it is exported: in capitals, as PM2 does it. nullopt: no shell takes such a name.
std::optional<std::string> deploy_variable(std::string_view name);

/// "master" of "origin/master"; empty: the ref is no branch of origin.
std::string_view branch_of_origin(std::string_view ref);

} // namespace procvisor
