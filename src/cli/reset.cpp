#include "cli/act.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::reset(invocation& call) {
  return act_on_targets(call, rpc::method::reset, "reset");
}

} // namespace procvisor::cli
