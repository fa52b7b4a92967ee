#include "serve/http_date.hpp"

#include <array>

namespace procvisor::serve {

namespace {

// No setlocale in this program: these are the English names.
constexpr const char* form = "%a, %d %b %Y %H:%M:%S GMT";

} // namespace

std::string http_date(time_t time) {
  tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 64> text;
  return {text.data(), std::strftime(text.data(), text.size(), form, &parts)};
}

std::optional<time_t> parse_http_date(const std::string& text) {
  tm parts{};
  const char* end = ::strptime(text.c_str(), form, &parts);
  if (end == nullptr || *end != '\0')
    return std::nullopt;
  return ::timegm(&parts);
}

} // namespace procvisor::serve
