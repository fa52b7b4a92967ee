#include "os/host_figures.hpp"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

#include "os/host_usage.hpp"
#include "os/text_file.hpp"

namespace procvisor::os {

namespace {

constexpr size_t most_bytes = 64 * 1024;

} // namespace

host_figures look_at_host() {
  host_figures seen;
  utsname machine{};
  if (::uname(&machine) == 0)
    seen.name = machine.nodename;
  struct sysinfo info {};
  if (::sysinfo(&info) == 0) {
    seen.uptime = std::chrono::seconds{info.uptime};
    seen.memory_total = uint64_t{info.totalram} * info.mem_unit;
  }
  if (::getloadavg(seen.load.data(), static_cast<int>(seen.load.size())) < 1)
    seen.load = {};
  if (const auto text = read_text_file("/proc/meminfo", most_bytes))
    if (const auto memory = parse_meminfo(*text))
      seen.memory_available = memory->available;
  seen.cpus = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
  return seen;
}

} // namespace procvisor::os
