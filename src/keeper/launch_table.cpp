#include "keeper/launch_table.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <memory>

namespace procvisor::keeper {

launch_table::launch_table(uint32_t capacity) : capacity_(std::min(capacity, max_capacity)) {
  void* memory = ::mmap(nullptr, max_capacity * sizeof(launch), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory != MAP_FAILED)
    slots_ = static_cast<launch*>(memory);
}

launch_table::~launch_table() {
  if (slots_ == nullptr)
    return;
  std::destroy(slots_, slots_ + used_);
  ::munmap(slots_, max_capacity * sizeof(launch));
}

launch* launch_table::take(const launch_key& key) {
  launch* slot = nullptr;
  if (taken_ < used_)
    slot = &*std::ranges::find(slots(), launch_state::free, &launch::state);
  else if (used_ < capacity_)
    slot = std::construct_at(slots_ + used_++);
  else
    return nullptr;
  ++taken_;
  slot->key = key;
  slot->state = launch_state::intended;
  return slot;
}

void launch_table::release(launch& slot) {
  slot = launch{};
  --taken_;
}

launch* launch_table::find(const launch_key& key) {
  for (launch& slot : slots())
    if (slot.state != launch_state::free && slot.key == key)
      return &slot;
  return nullptr;
}

launch* launch_table::find_pid(pid_t pid) {
  for (launch& slot : slots())
    if (slot.state != launch_state::free && slot.pid == pid)
      return &slot;
  return nullptr;
}

} // namespace procvisor::keeper
