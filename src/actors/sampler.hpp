#pragma once

#include <unordered_map>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/protocol.hpp"
#include "os/procfs.hpp"

namespace procvisor {

/// Reads cpu and memory of processes when somebody asks, and not again within a second: with nobody looking it does
/// nothing at all.
class sampler_state {
public:
  static inline const char* name = "procvisor.sampler";

  explicit sampler_state(sampler_actor::pointer self);
  sampler_actor::behavior_type make_behavior();

private:
  struct known_process {
    uint64_t cpu_ticks = 0;   ///< of the newest reading
    uint64_t start_ticks = 0; ///< tells the process from a later one with its pid
    steady_time at{};         ///< of the newest reading
    usage shown = {};
    bool is_wanted = false; ///< by the request under way
  };

  samples on_request(const sample_processes& request);
  void read(pid_t pid, known_process& process, steady_time now);

  sampler_actor::pointer self_;
  os::procfs procfs_;
  std::unordered_map<pid_t, known_process> known_;
};

using sampler_impl = sampler_actor::stateful_impl<sampler_state>;

} // namespace procvisor
