#include "cli/act.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::stop(invocation& call) {
  return act_on_targets(call, rpc::method::stop, "stopped");
}

} // namespace procvisor::cli
