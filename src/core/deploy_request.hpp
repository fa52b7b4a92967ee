#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace procvisor {

enum class deploy_action : uint8_t { setup, update, revert, current, previous, list, execute };

/// What is to be done on each host.
struct deploy_request {
  deploy_action action = deploy_action::update;
  std::string ref = {};     ///< of update: typed instead of that of the file; empty: the file's
  int64_t back = 1;         ///< of revert: so many deploys
  std::string command = {}; ///< of execute

  bool operator==(const deploy_request&) const = default;
};

/// The words behind the environment: none is update, and one that is no command is a ref.
result<deploy_request> read_deploy_words(std::span<const std::string> words);

/// Whether it looks at the local repository first, and runs pre-deploy-local: what deploys does.
bool is_deploying(deploy_action action);

/// Whether its output is what was asked for, and no talk.
bool is_asking(deploy_action action);

/// All words that are commands, for completion and hints.
std::span<const std::string_view> deploy_words();

} // namespace procvisor
