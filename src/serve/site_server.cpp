#include "serve/site_server.hpp"

#include <cstdio>

#include "core/static_site.hpp"
#include "serve/http_service.hpp"
#include "serve/listener.hpp"
#include "serve/site_answer.hpp"

namespace procvisor::serve {

namespace {

constexpr size_t threads = 32; ///< each sends one answer at a time

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
  return answer_for_ever(*std::move(listener), threads, site_answer{*std::move(site)});
}

} // namespace procvisor::serve
