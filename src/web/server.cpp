#include "web/server.hpp"

#include <cstdio>

#include <httplib.h>

#include "serve/http_service.hpp"
#include "serve/listener.hpp"
#include "web/answer.hpp"
#include "web/token.hpp"

namespace procvisor::web {

namespace {

constexpr size_t threads = stream_places::most + 16; ///< a stream holds one

} // namespace

int run_server() {
  const auto where = site_from(serve::own_environment());
  if (!where)
    return serve::give_up(where.error());
  const auto place = os::find_home();
  if (!place)
    return serve::give_up(place.error());
  auto token = find_token(*place);
  if (!token)
    return serve::give_up(token.error());
  auto listener = serve::listen_on(where->host, where->port);
  if (!listener)
    return serve::give_up(listener.error());

  std::fprintf(stdout, "the page is at %s/ui\n", origin_of(*where).c_str());
  std::fflush(stdout);

  answer respond{*where, *std::move(token), *place};
  return serve::answer_for_ever(
      *std::move(listener), threads,
      [&respond](const httplib::Request& request, httplib::Response& response) { respond(request, response); });
}

} // namespace procvisor::web
