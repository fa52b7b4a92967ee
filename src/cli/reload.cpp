#include "cli/restart.hpp"

namespace procvisor::cli {

namespace {

restart_request reload_request(bool is_graceful) {
  restart_request request;
  request.is_reload = true;
  request.manner.is_graceful = is_graceful;
  return request;
}

} // namespace

result<exit_code> run::reload(invocation& call) {
  return restart_as_typed(call, reload_request(false));
}

result<exit_code> run::graceful_reload(invocation& call) {
  return restart_as_typed(call, reload_request(true));
}

result<exit_code> run::start_or_reload(invocation& call) {
  return start_or_restart_as_typed(call, reload_request(false), "startOrReload");
}

result<exit_code> run::start_or_graceful_reload(invocation& call) {
  return start_or_restart_as_typed(call, reload_request(true), "startOrGracefulReload");
}

} // namespace procvisor::cli
