#include "actors/sampler.hpp"

#include <ctime>

#include "actors/support.hpp"

namespace procvisor {

namespace {

/// A sample as old as this is taken again: who asks once a second gets a new one each time.
constexpr std::chrono::milliseconds freshness{900};

/// On the clock of process_stat::start_ticks (proc(5): since boot, suspended time included).
double seconds_since_boot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

} // namespace

sampler_state::sampler_state(sampler_actor::pointer self) : self_(self) {
}

sampler_actor::behavior_type sampler_state::make_behavior() {
  keep_quiet(self_);
  return {[this](const sample_processes& request) { return on_request(request); }};
}

samples sampler_state::on_request(const sample_processes& request) {
  const auto now = self_->clock().now();
  for (auto& [pid, process] : known_)
    process.is_wanted = false;
  samples taken;
  taken.values.reserve(request.pids.size());
  for (const auto pid : request.pids) {
    if (pid <= 0) {
      taken.values.emplace_back();
      continue;
    }
    auto& process = known_[pid];
    process.is_wanted = true;
    if (process.at == steady_time{} || now - process.at >= freshness)
      read(pid, process, now);
    taken.values.push_back(process.shown);
  }
  // One that this request does not ask for may be asked for again soon; one of which nobody has asked for long is
  // forgotten.
  std::erase_if(known_,
                [&](const auto& item) { return !item.second.is_wanted && now - item.second.at >= 2 * freshness; });
  return taken;
}

void sampler_state::read(pid_t pid, known_process& process, steady_time now) {
  const auto stat = procfs_.stat(pid);
  if (!stat) {
    process = {.at = now, .is_wanted = true};
    return;
  }
  const double ticks_a_second = static_cast<double>(os::ticks_per_second());
  const bool is_same = process.start_ticks == stat->start_ticks; // a pid may be another process's by now
  const auto ticks = static_cast<double>(stat->cpu_ticks - (is_same ? process.cpu_ticks : 0));
  const double seconds = is_same ? std::chrono::duration<double>(now - process.at).count()
                                 : seconds_since_boot() - static_cast<double>(stat->start_ticks) / ticks_a_second;
  process.shown = {.cpu = seconds > 0 ? 100 * ticks / ticks_a_second / seconds : 0, .memory = stat->resident_bytes};
  process.cpu_ticks = stat->cpu_ticks;
  process.start_ticks = stat->start_ticks;
  process.at = now;
}

} // namespace procvisor
