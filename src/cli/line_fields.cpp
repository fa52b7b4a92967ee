#include "cli/line_fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace procvisor::cli {

std::string fields_of_json_lines(std::string_view block, std::string& rest) {
  std::string text;
  rest += block;
  size_t begin = 0;
  for (size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const auto line = std::string_view{rest}.substr(begin, end - begin);
    const auto object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (object.is_object())
      text += fmt::format("timestamp={} app={} id={} type={} message={}\n", object.value("timestamp", ""),
                          object.value("app_name", ""), object.value("process_id", 0), object.value("type", ""),
                          object.value("message", ""));
    else
      text.append(line) += '\n'; // what the recorder says of losses
  }
  rest.erase(0, begin);
  return text;
}

} // namespace procvisor::cli
