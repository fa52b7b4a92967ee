#pragma once

#include <string>
#include <string_view>

#include "config/document.hpp"
#include "core/result.hpp"

namespace procvisor::config {

/// One YAML document, with anchors, aliases and merge keys (<<). Plain scalars are null, booleans and numbers as in
/// YAML 1.2's core schema. A cycle of aliases, and aliases that would unfold to an enormous document, are refused.
result<document> read_yaml(const std::string& text, std::string_view file);

} // namespace procvisor::config
