#include "cli/act.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::remove(invocation& call) {
  return act_on_targets(call, rpc::method::remove, "deleted");
}

} // namespace procvisor::cli
