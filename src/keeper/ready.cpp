#include "keeper/ready.hpp"

namespace procvisor::keeper {

std::string encode_ready(const result<void>& started) {
  if (started)
    return std::string(1, static_cast<char>(exit_code::done));
  const error& e = started.error();
  return static_cast<char>(e.code) + e.what + '\n' + e.hint;
}

result<void> decode_ready(std::string_view text) {
  if (text.empty())
    return fail(exit_code::other, "the keeper ended while it started",
                "run the command again with PROCVISOR_DEBUG=1 to see what it says");
  const auto code = static_cast<exit_code>(text.front());
  if (code == exit_code::done)
    return {};
  text.remove_prefix(1);
  const size_t newline = std::min(text.find('\n'), text.size());
  return fail(code, std::string{text.substr(0, newline)}, std::string{text.substr(std::min(newline + 1, text.size()))});
}

} // namespace procvisor::keeper
