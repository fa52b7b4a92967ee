#pragma once

#include <string>

#include "home_fixture.hpp"

namespace e2e {

/// A client, in node, that asks as fast as it can, with four requests at a time, until SIGTERM; "busy" when it has had a
/// hundred answers. `kind`: "new" for a connection for each request, or "keep". A request on a connection that its server
/// has just closed for being idle is tried again, as any client of HTTP has to (RFC 9112, 9.3.1).
command http_load(const home_fixture& place, int port, const std::string& kind);

/// Ends it: "answered N failed M".
std::string end_of(background_command& load);

} // namespace e2e
