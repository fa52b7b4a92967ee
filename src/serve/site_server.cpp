#include "serve/site_server.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <httplib.h>

#include "core/static_site.hpp"
#include "os/unique_fd.hpp"
#include "serve/listener.hpp"
#include "serve/site_answer.hpp"

namespace procvisor::serve {

namespace {

constexpr size_t threads = 32;             ///< each sends one answer at a time
constexpr size_t most_waiting = 512;       ///< connections that no thread has taken yet; more are closed
constexpr time_t patience_in_seconds = 10; ///< with a client that neither sends nor reads

/// httplib's server on a socket of ours: the library's own way of binding resolves names, and does not say what failed.
class server_on_socket : public httplib::Server {
public:
  explicit server_on_socket(os::unique_fd listener) { svr_sock_ = listener.release(); }
};

environment own_environment() {
  environment found;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view entry = *variable;
    const auto sign = entry.find('=');
    if (sign != std::string_view::npos)
      found.emplace(entry.substr(0, sign), entry.substr(sign + 1));
  }
  return found;
}

int give_up(const error& reason) {
  std::fprintf(stderr, "procvisor: %s\n", reason.what.c_str());
  if (!reason.hint.empty())
    std::fprintf(stderr, "  hint: %s\n", reason.hint.c_str());
  return static_cast<int>(reason.code);
}

} // namespace

int run_site_server() {
  auto site = static_site_from(own_environment());
  if (!site)
    return give_up(site.error());
  auto listener = listen_on(site->host, site->port);
  if (!listener)
    return give_up(listener.error());

  std::fprintf(stdout, "serving %s on %s port %d\n", site->root.c_str(), site->host.c_str(), site->port);
  std::fflush(stdout);

  const site_answer answer{*std::move(site)};
  server_on_socket server{*std::move(listener)};
  server.new_task_queue = [] { return new httplib::ThreadPool(threads, most_waiting); };
  server.set_read_timeout(patience_in_seconds);
  server.set_write_timeout(patience_in_seconds);
  // One request a connection: the library looks every 10 ms at a connection that is kept, which holds a thread as well.
  server.set_keep_alive_max_count(1);
  server.set_pre_routing_handler([&answer](const httplib::Request& request, httplib::Response& response) {
    answer(request, response);
    return httplib::Server::HandlerResponse::Handled;
  });
  server.listen_after_bind();
  return give_up({exit_code::other, fmt::format("accepting connections failed: {}", std::strerror(errno))});
}

} // namespace procvisor::serve
