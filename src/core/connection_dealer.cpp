#include "core/connection_dealer.hpp"

#include <algorithm>

namespace procvisor::cluster {

void connection_dealer::listens(const worker_key& worker, const std::string& server) {
  workers_.try_emplace(worker);
  auto& turns = turns_[server];
  if (std::ranges::find(turns, worker) == turns.end())
    turns.insert(turns.begin(), worker); // it has nothing to do yet
}

void connection_dealer::closed(const worker_key& worker, const std::string& server) {
  const auto at = turns_.find(server);
  if (at == turns_.end())
    return;
  std::erase(at->second, worker);
  if (at->second.empty())
    turns_.erase(at);
}

void connection_dealer::retires(const worker_key& worker) {
  workers_[worker].retires = true;
}

void connection_dealer::gone(const worker_key& worker) {
  for (const auto& server : servers_of(worker))
    closed(worker, server);
  workers_.erase(worker);
}

std::optional<worker_key> connection_dealer::deal(const std::string& server, const std::optional<worker_key>& except) {
  const auto at = turns_.find(server);
  if (at == turns_.end())
    return std::nullopt;
  auto& turns = at->second;
  auto next = std::ranges::find_if(turns, [&](const auto& one) { return may_get(one) && one != except; });
  if (next == turns.end() && except && std::ranges::find(turns, *except) != turns.end() && may_get(*except))
    next = std::ranges::find(turns, *except);
  if (next == turns.end())
    return std::nullopt;
  const auto chosen = *next;
  std::rotate(next, next + 1, turns.end());
  ++workers_[chosen].unanswered;
  return chosen;
}

bool connection_dealer::can_deal(const std::string& server) const {
  const auto at = turns_.find(server);
  return at != turns_.end() && std::ranges::any_of(at->second, [this](const auto& one) { return may_get(one); });
}

void connection_dealer::answered(const worker_key& worker) {
  if (const auto at = workers_.find(worker); at != workers_.end() && at->second.unanswered > 0)
    --at->second.unanswered;
}

std::vector<std::string> connection_dealer::servers_of(const worker_key& worker) const {
  std::vector<std::string> found;
  for (const auto& [server, turns] : turns_)
    if (std::ranges::find(turns, worker) != turns.end())
      found.push_back(server);
  return found;
}

bool connection_dealer::may_get(const worker_key& worker) const {
  const auto at = workers_.find(worker);
  return at != workers_.end() && !at->second.retires && at->second.unanswered < most_unanswered;
}

} // namespace procvisor::cluster
