#pragma once

#include <cstdint>
#include <string_view>

namespace procvisor {

enum class sample_format : uint8_t { json, yaml, js };

/// What `init` and `ecosystem` write: a name, and a text with comments.
struct sample_file {
  std::string_view name;
  std::string_view text;
};

/// Apps and deploy; `is_simple`: one app alone.
sample_file sample_of(sample_format format, bool is_simple) noexcept;

} // namespace procvisor
