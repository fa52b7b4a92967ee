#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/cluster_message.hpp"

namespace procvisor::cluster {

/// Whose turn it is: deals the connections of each server to the workers that listen there, one after the other. A worker
/// that has not answered for most_unanswered connections is passed over, so that one which reads nothing holds up only
/// those; one that retires gets none.
class connection_dealer {
public:
  static constexpr size_t most_unanswered = 8;

  void listens(const worker_key& worker, const std::string& server);
  void closed(const worker_key& worker, const std::string& server);
  void retires(const worker_key& worker);
  void gone(const worker_key& worker);

  /// Who gets the next connection, which then is one that it has not answered for. `except`: who has refused it just now;
  /// it gets it all the same where nobody else can.
  std::optional<worker_key> deal(const std::string& server, const std::optional<worker_key>& except = {});
  bool can_deal(const std::string& server) const;
  void answered(const worker_key& worker);

  bool has_listener(const std::string& server) const { return turns_.contains(server); }
  std::vector<std::string> servers_of(const worker_key& worker) const;

private:
  struct state {
    size_t unanswered = 0;
    bool retires = false;
  };
  bool may_get(const worker_key& worker) const;

  std::map<worker_key, state> workers_;
  std::map<std::string, std::vector<worker_key>, std::less<>> turns_; ///< who is next stands first; never empty
};

} // namespace procvisor::cluster
