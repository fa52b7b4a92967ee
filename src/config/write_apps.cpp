#include "config/write_apps.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/option_table.hpp"
#include "core/text.hpp"
#include "os/text_file.hpp"

namespace procvisor::config {

namespace {

std::string text_of(const app_spec& app) {
  auto declaration = declaration_to_json(app);
  const auto& words =
      app.is_cluster ? cluster_words : fork_words; // of a node app it depends on its instances otherwise
  declaration[std::string{option_of(&app_declaration::exec_mode).key}] = words.front();
  const nlohmann::json file{{"apps", nlohmann::json::array({std::move(declaration)})}};
  return file.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace

result<std::vector<std::string>> write_apps(const loaded& apps, const std::string& folder) {
  std::vector<std::string> written;
  for (const auto& app : apps.apps) {
    if (std::find(apps.written.begin(), apps.written.end(), app.name) == apps.written.end())
      continue;
    const auto name = app.name + "-pm2.json";
    const auto path = fmt::format("{}/{}", folder, name);
    const auto text = text_of(app);
    const int failure = os::create_text_file(path, text);
    if (failure == 0) {
      written.push_back(name);
      continue;
    }
    if (failure != EEXIST)
      return fail(exit_code::usage, fmt::format("{} cannot be written: {}", in_quotes(path), std::strerror(failure)));
    if (os::read_text_file(path, text.size()).value_or(std::string{}) != text)
      return fail(exit_code::usage, fmt::format("{} is there already and says something else", in_quotes(path)),
                  "move it away, or start the app from that file");
  }
  return written;
}

} // namespace procvisor::config
