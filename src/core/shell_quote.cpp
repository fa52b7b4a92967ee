#include "core/shell_quote.hpp"

namespace procvisor {

std::string shell_quoted(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'')
      word += R"('\'')"; // within quotes nothing is special but the quote that ends them
    else
      word += c;
  }
  return word += '\'';
}

} // namespace procvisor
