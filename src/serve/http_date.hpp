#pragma once

#include <ctime>
#include <optional>
#include <string>

namespace procvisor::serve {

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(time_t time);

/// Of that form; the older two are read by nobody any more.
std::optional<time_t> parse_http_date(const std::string& text);

} // namespace procvisor::serve
