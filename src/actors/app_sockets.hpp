#pragma once

#include <map>
#include <set>
#include <string>

#include "actors/protocol.hpp"
#include "core/listen_address.hpp"

namespace procvisor {

/// The sockets that apps have by their key `listen`, of which each process gets a copy: opened when the first process is
/// launched, open while one of the app is to run, so that whoever connects during a restart waits. The keeper holds them
/// too, for another daemon. A part of the registry, whose actor it uses.
class app_sockets {
public:
  app_sockets(registry_actor::pointer self, launcher_actor launcher) : self_(self), launcher_(std::move(launcher)) {}

  /// Those that it declares, in that order. The error is for whoever waits for the launch.
  result<shared_sockets> of(const app_spec& spec);

  /// One that the keeper has held.
  void adopt(const kept_listener& what, const shared_fd& socket);

  /// All others of this app are closed.
  void keep_only(const std::string& app, const std::set<std::string>& addresses);

  void rename(const std::string& app, const std::string& to);

private:
  void close(const kept_listener& what);

  registry_actor::pointer self_;
  launcher_actor launcher_;
  std::map<std::string, std::map<std::string, shared_fd>> by_app_; ///< by address
};

} // namespace procvisor
