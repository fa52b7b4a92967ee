#pragma once

#include <string>
#include <string_view>

namespace procvisor::web {

/// The page (page.html), whose script and style carry this nonce of a Content-Security-Policy.
std::string page_with(std::string_view nonce);

/// What is shown to a browser without the token.
std::string_view login_page();

} // namespace procvisor::web
