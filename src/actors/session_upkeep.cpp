/// The methods of a session that change log files.
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/session.hpp"
#include "core/log_paths.hpp"
#include "rpc/params.hpp"
#include "rpc/recorder_wire.hpp"

namespace procvisor {

using nlohmann::json;

void session_state::flush_logs(const json& params) {
  const auto targets = rpc::texts(params, "targets");
  ask_registry<found_processes>(
      find_processes{targets}, [this, is_all = targets.empty()](const found_processes& found) {
        if (!found.failed.empty()) {
          reply_error(found.failed.front().what);
          return;
        }
        std::set<std::string> files; // instances may share them
        for (const auto& one : found.processes) {
          const auto its = resolve_log_paths(*one.spec, one.view.id, peers_.home);
          for (const auto* path : {&its.out, &its.error, &its.log})
            if (!path->empty())
              files.insert(*path);
        }
        order({{"op", recorder_wire::op::flush}, {"files", files}, {"journal", is_all}}, {{"files", files}});
      });
}

void session_state::reload_logs(const json&) {
  order({{"op", recorder_wire::op::reopen}}, json::object());
}

void session_state::order(const json& packet, json done) {
  self_
      ->request(peers_.recorder, caf::infinite, // the link has a limit of its own
                recorder_order{packet.dump(-1, ' ', false, json::error_handler_t::replace)})
      .then(
          [this, done](const order_outcome& result) mutable {
            done["failed"] = result.failed;
            reply(done);
          },
          [this](const caf::error&) {
            reply_error({exit_code::other, "the recorder does not answer: it may wait for a disk", "try again later"});
          });
}

} // namespace procvisor
