#include "cli/pass_on.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/daemon.hpp"

namespace procvisor::cli {

result<passed_on> pass_on(const char* method, const std::string& target, nlohmann::json params) {
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon)
    return nothing_there(target);
  params["targets"] = nlohmann::json::array({target});
  auto answer = (*daemon)->call(method, params, rpc::unlimited);
  if (!answer)
    return fail(std::move(answer.error()));
  return passed_on{std::move(**daemon), std::move(*answer)};
}

} // namespace procvisor::cli
