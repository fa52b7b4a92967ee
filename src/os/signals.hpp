#pragma once

#include <initializer_list>
#include <optional>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// Blocks these signals in the calling thread and returns a signalfd(2) for them, non-blocking and close-on-exec. Call
/// it before other threads are made. os::spawner gives children their signals back.
unique_fd take_signals(std::initializer_list<int> numbers);

/// The next signal of such a descriptor; nullopt: none is pending.
std::optional<int> next_signal(int signalfd);

void ignore_signals(std::initializer_list<int> numbers);

} // namespace procvisor::os
