#include "cli/launch.hpp"

#include <unistd.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/caller.hpp"
#include "core/option_table.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

constexpr const char* add_another = "add";

} // namespace

environment inherited_environment() {
  return read_environment(environ);
}

bool launch(rpc::client& daemon, const std::string& target, const config::loaded& apps, const environment& inherited,
            const char* when_running, launch_manner manner, outcome& reached) {
  nlohmann::json plain = nlohmann::json::array();
  nlohmann::json forced = nlohmann::json::array();
  for (const app_spec& app : apps.apps) {
    bool is_forced = std::find(apps.forced.begin(), apps.forced.end(), app.name) != apps.forced.end();
    (is_forced ? forced : plain).push_back(spec_to_json(app));
  }
  size_t failures = reached.failed.size();
  auto send = [&](nlohmann::json& specs, const char* then) {
    if (specs.empty() || reached.failed.size() > failures)
      return;
    nlohmann::json params{{"apps", std::move(specs)},   {"environment", environment_to_json(inherited)},
                          {"when_running", then},       {"update_env", manner.updates_env},
                          {"wait", manner.waits},       {"graceful", manner.is_graceful},
                          {"parallel", manner.parallel}};
    auto answer = daemon.call(rpc::method::start, params, rpc::unlimited);
    if (answer)
      reached.add(*answer);
    else
      reached.add_failure(target, answer.error());
  };
  send(plain, when_running);
  send(forced, add_another);
  return reached.failed.size() == failures;
}

} // namespace procvisor::cli
