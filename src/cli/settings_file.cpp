#include "cli/settings_file.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "core/suggest.hpp"
#include "core/text.hpp"
#include "os/file_replace.hpp"
#include "os/home.hpp"
#include "os/memfd.hpp"
#include "os/text_file.hpp"

namespace procvisor::cli {

namespace {

constexpr size_t most_bytes = 1 << 20;

result<std::string> read_text(const std::string& path) {
  auto text = os::read_text_file(path, most_bytes);
  if (text)
    return std::move(*text);
  if (text.error() == ENOENT)
    return std::string{};
  return fail(exit_code::usage, fmt::format("reading '{}' failed: {}", path, std::strerror(text.error())));
}

std::string variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? value : "";
}

/// The value that counts, and what has it: a variable, or a line of the file.
struct said {
  std::string by;
  std::string value;
};

said said_of(const setting& one, const read_settings& file) {
  for (std::string name : {"PROCVISOR_" + std::string{one.name}, std::string{one.pm2_name}})
    if (std::string value = variable(name); !value.empty())
      return {std::move(name), std::move(value)};
  const auto line = file.values.find(one.name);
  return {std::string{one.name}, line != file.values.end() ? line->second : ""};
}

} // namespace

result<read_settings> settings_of_home() {
  return os::find_home().and_then([](const os::home& place) { return read_text(place.options); }).map(parse_settings);
}

result<void> edit_settings(const std::function<std::string(const std::string&)>& edit) {
  auto place = os::find_home();
  if (!place)
    return fail(std::move(place.error()));
  if (auto prepared = os::prepare_home(*place); !prepared)
    return prepared;
  const auto failed = [&](const char* doing) {
    return fail(exit_code::other, fmt::format("{} '{}' failed: {}", doing, place->options, std::strerror(errno)));
  };
  const os::unique_fd lock{::open(place->start_lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!lock)
    return failed("locking");
  while (::flock(lock.get(), LOCK_EX) != 0)
    if (errno != EINTR)
      return failed("locking");
  auto text = read_text(place->options);
  if (!text)
    return fail(std::move(text.error()));
  const std::string edited = edit(*text);
  const os::unique_fd content = os::sealed_memfd("options", edited);
  if (!content)
    return failed("writing");
  if (int number = os::replace_file(place->options, content.get(), edited.size()); number != 0) {
    errno = number;
    return failed("writing");
  }
  return {};
}

result<const setting*> setting_named(const std::string& name) {
  if (const setting* found = find_setting(name))
    return found;
  std::vector<std::string_view> names;
  std::string all;
  for (const setting& one : settings()) {
    names.push_back(one.name);
    all += (all.empty() ? "" : ", ") + std::string{one.name};
  }
  std::string near = did_you_mean(name, names);
  return fail(exit_code::usage, fmt::format("there is no setting {}", in_quotes(name)),
              near.empty() ? "there are: " + all : near);
}

result<void> check_setting(const setting& which, const std::string& value, const std::string& named) {
  if (value.find_first_of("\n\r\"\'") != std::string::npos)
    return fail(exit_code::usage,
                fmt::format("{} cannot be {}: a setting is one line without quotes", named, in_quotes(value)));
  const app_option& option = option_of(which.member);
  if (!config::check_option(option, value))
    return fail(exit_code::usage, fmt::format("{} must be {}, not {}", named, expected_form(option), in_quotes(value)));
  return {};
}

result<config::given_options> default_options(const console& out) {
  auto file = settings_of_home();
  if (!file)
    return fail(std::move(file.error()));
  for (const std::string& problem : file->problems)
    out.warn(fmt::format("options, {}", problem));
  config::given_options defaults;
  for (const setting& one : settings()) {
    auto said = said_of(one, *file);
    if (said.value.empty())
      continue;
    if (auto checked = check_setting(one, said.value, said.by); !checked)
      return fail(std::move(checked.error()));
    defaults.emplace(option_of(one.member).key, std::vector{std::move(said.value)});
  }
  return defaults;
}

} // namespace procvisor::cli
