#include "actors/recorder/line_fanout.hpp"

#include <utility>

#include <caf/actor_addr.hpp>
#include <caf/send.hpp>

#include "os/file_tail.hpp"

namespace procvisor::recorder {

void line_fanout::remove(const caf::actor_addr& follower) {
  std::erase_if(followers_, [&](const auto& each) { return each == follower; });
}

void line_fanout::feed(process_id id, channel from, std::string_view bytes) {
  const auto newline = bytes.rfind('\n');
  if (newline == std::string_view::npos) {
    unfinished_ += bytes;
  } else {
    auto lines = std::exchange(unfinished_, std::string{bytes.substr(newline + 1)});
    lines += bytes.substr(0, newline + 1);
    send(id, from, std::move(lines));
  }
  if (unfinished_.size() >= os::max_line_bytes)
    end_line(id, from);
}

void line_fanout::end_line(process_id id, channel from) {
  if (!unfinished_.empty())
    send(id, from, std::exchange(unfinished_, {}) + '\n');
}

void line_fanout::send(process_id id, channel from, std::string lines) {
  const log_block block{id, from, std::make_shared<const std::string>(std::move(lines))};
  for (const auto& follower : followers_)
    caf::anon_send(follower, block);
}

} // namespace procvisor::recorder
