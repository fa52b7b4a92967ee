#include "cli/saved_list.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "cli/caller.hpp"
#include "config/pm2_dump.hpp"
#include "core/text.hpp"
#include "os/file_replace.hpp"
#include "os/memfd.hpp"
#include "os/text_file.hpp"

namespace procvisor::cli {

namespace {

/// As much as a daemon takes in one request.
constexpr size_t most_bytes = 32U * 1024 * 1024;

tl::unexpected<error> cannot_read(const std::string& path, int number) {
  return fail(number == ENOENT ? exit_code::not_found : exit_code::usage,
              fmt::format("cannot read {}: {}", in_quotes(path), ::strerrordesc_np(number)));
}

result<saved_list> take_pm2_dump(const std::string& text, const std::string& path) {
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  return config::read_pm2_dump(text, path, *who).map([](config::pm2_list&& list) {
    return saved_list{std::move(list.state), std::move(list.warnings), std::move(list.left_out)};
  });
}

result<saved_list> take(const std::string& text, const std::string& path) {
  if (config::is_pm2_dump(text))
    return take_pm2_dump(text, path);
  auto state = read_state(text);
  if (!state)
    return fail(exit_code::usage,
                fmt::format("{} is no list that was saved whole: {}", in_quotes(path), state.error().what));
  return saved_list{std::move(*state), {}, {}};
}

} // namespace

result<saved_list> read_list_file(const std::string& path) {
  const auto text = os::read_text_file(path, most_bytes);
  if (!text)
    return cannot_read(path, text.error());
  return take(*text, path);
}

result<saved_list> read_saved_list(const os::home& place) {
  for (const std::string& path : {place.dump, place.state}) {
    auto newest = read_list_file(path);
    if (newest)
      return newest;
    auto before = read_list_file(path + ".bak");
    if (before) {
      before->warnings.push_back(fmt::format("{}; taking the one before it, '{}.bak'", newest.error().what, path));
      return before;
    }
    if (newest.error().code != exit_code::not_found)
      return newest;
  }
  return fail(exit_code::not_found, fmt::format("no list was ever saved: there is no {}", in_quotes(place.dump)),
              "procvisor dump saves the list");
}

result<void> write_empty_list(const os::home& place) {
  if (auto prepared = os::prepare_home(place); !prepared)
    return prepared;
  const auto text = list_file_text({});
  const auto content = os::sealed_memfd("procvisor-dump", text);
  const int failed = content ? os::replace_file(place.dump, content.get(), text.size()) : errno;
  if (failed != 0)
    return fail(exit_code::other, fmt::format("writing '{}' failed: {}", place.dump, ::strerrordesc_np(failed)));
  return {};
}

std::string list_file_text(const saved_state& state) {
  const auto written = write_state(state);
  return written.text + end_entry(written.lines);
}

} // namespace procvisor::cli
