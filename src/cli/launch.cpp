#include "cli/launch.hpp"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/caller.hpp"
#include "core/option_table.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

constexpr const char* add_another = "add";

} // namespace

environment inherited_environment(const console& out) {
  caller_environment found = read_environment(environ);
  if (!found.left_out.empty())
    out.warn(fmt::format("not valid UTF-8 and left out of the app's environment: {}", fmt::join(found.left_out, ", ")));
  return std::move(found.variables);
}

bool launch(rpc::client& daemon, const std::string& target, const config::loaded& apps, const environment& inherited,
            const char* when_running, bool waits, outcome& reached) {
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
    nlohmann::json params{
        {"apps", std::move(specs)}, {"environment", inherited}, {"when_running", then}, {"wait", waits}};
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
