#include "core/cluster_policy.hpp"

namespace procvisor {

std::string_view to_string(cluster_policy policy) noexcept {
  switch (policy) {
    case cluster_policy::round_robin:
      return "round_robin";
    case cluster_policy::shared:
      return "shared";
  }
  return "round_robin";
}

std::optional<cluster_policy> cluster_policy_of(std::string_view word) {
  if (word == "round_robin" || word == "rr")
    return cluster_policy::round_robin;
  if (word == "shared")
    return cluster_policy::shared;
  return std::nullopt;
}

} // namespace procvisor
