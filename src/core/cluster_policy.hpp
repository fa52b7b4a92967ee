#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace procvisor {

/// How the workers of a clustered app come by their connections.
enum class cluster_policy : uint8_t {
  round_robin, ///< the daemon accepts, and deals them out one by one
  shared,      ///< each worker accepts from the same socket
};

std::string_view to_string(cluster_policy policy) noexcept;
std::optional<cluster_policy> cluster_policy_of(std::string_view word);

} // namespace procvisor
