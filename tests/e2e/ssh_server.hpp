#pragma once

#include <memory>
#include <string>

#include "home_fixture.hpp"

namespace e2e {

/// Where sshd(8) is; empty: nowhere.
std::string sshd_program();

/// An sshd of the test's own on a port of 127.0.0.1, for the user who runs the test, with keys made for it in the test's
/// folder. It ends with its connections.
class ssh_server {
public:
  explicit ssh_server(const home_fixture& here);
  ~ssh_server();
  ssh_server(const ssh_server&) = delete;
  ssh_server& operator=(const ssh_server&) = delete;

  /// "host", "port", "key" and "ssh_options" of an environment that reaches it.
  std::string keys() const;
  int port() const noexcept { return port_; }
  std::string known_hosts() const { return folder_ + "/known_hosts"; }

  /// How many connections there have been.
  size_t connections() const;

  /// Cuts all connections that are there; what runs behind them is not touched.
  void cut() const;

private:
  std::string folder_;
  int port_ = 0;
  std::unique_ptr<background_command> server_;
};

} // namespace e2e
