#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "cli/boot_setup.hpp"
#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "core/text.hpp"
#include "os/text_file.hpp"

namespace procvisor::cli {

namespace {

constexpr size_t most_bytes = 1 << 20; ///< of a file that is there

/// Fails where somebody else has written a file of that name.
result<void> check_old_file(const std::string& path, bool is_forced) {
  const auto old = os::read_text_file(path, most_bytes);
  if (old ? is_forced || is_boot_service(*old) : old.error() == ENOENT || is_forced)
    return {};
  if (!old)
    return fail(exit_code::usage, fmt::format("reading {} failed: {}", in_quotes(path), std::strerror(old.error())));
  return fail(exit_code::usage, fmt::format("{} is there, and procvisor has not written it", in_quotes(path)),
              "see what is in it; --force replaces it, --service-name chooses another name");
}

result<void> write_file(const boot_service& service) {
  const std::string path = service_path(service);
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), failure);
  const int failed =
      failure ? failure.value() : os::replace_text_file(path, service_text(service), service_mode(service));
  if (failed != 0)
    return fail(exit_code::other, fmt::format("writing {} failed: {}", in_quotes(path), std::strerror(failed)));
  return {};
}

result<exit_code> only_show(const console& out, const boot_service& service) {
  std::string text = fmt::format("{}:\n{}\n", service_path(service), service_text(service));
  for (const command_words& words : commands_to_enable(service))
    text += fmt::format("$ {}\n", shell_line(words));
  return out.data(text);
}

/// A line that is for root to run, as the answer; nothing has happened.
result<exit_code> leave_to_root(const console& out, const std::string& line) {
  out.talk("only root may do that; paste this line:");
  return out.data(line + "\n").map([](exit_code) { return exit_code::other; });
}

std::string how_to_begin(const boot_service& service) {
  switch (service.init) {
    case init_system::systemd:
      return fmt::format("systemctl start {}", service.name);
    case init_system::systemd_user:
      return fmt::format("systemctl --user start {}", service.name);
    case init_system::update_rc:
    case init_system::chkconfig:
    case init_system::openrc:
      return fmt::format("{} start", service_path(service));
  }
  return {};
}

} // namespace

result<exit_code> run::startup(invocation& call) {
  boot_setup setup{call};
  setup.declare_options();
  if (auto ended = call.parse())
    return *ended;
  auto service = setup.service();
  if (!service)
    return fail(std::move(service.error()));
  const console& out = call.out();
  if (setup.is_dry_run())
    return only_show(out, *service);
  if (const auto line = setup.line_for_root("startup", *service))
    return leave_to_root(out, *line);

  const std::string path = service_path(*service);
  if (auto checked = check_old_file(path, setup.is_forced()); !checked)
    return fail(std::move(checked.error()));
  if (auto written = write_file(*service); !written)
    return fail(std::move(written.error()));
  out.talk(fmt::format("wrote {}:", path));
  out.show(service_text(*service));
  if (auto enabled = setup.run_all(commands_to_enable(*service)); !enabled)
    return fail(std::move(enabled.error()));
  out.talk(fmt::format("the apps of {} ({}) come back at the next boot; procvisor dump says which", service->user,
                       service->home));
  out.talk(fmt::format("where no daemon runs now, {} starts one", how_to_begin(*service)));
  return exit_code::done;
}

result<exit_code> run::unstartup(invocation& call) {
  boot_setup setup{call};
  setup.declare_options();
  if (auto ended = call.parse())
    return *ended;
  auto service = setup.service();
  if (!service)
    return fail(std::move(service.error()));
  const console& out = call.out();
  const std::string path = service_path(*service);
  const auto before = commands_before_removal(*service);
  const auto after = commands_after_removal(*service);
  if (setup.is_dry_run()) {
    std::string text;
    for (const command_words& words : before)
      text += fmt::format("$ {}\n", shell_line(words));
    text += fmt::format("$ rm {}\n", shell_line({path}));
    for (const command_words& words : after)
      text += fmt::format("$ {}\n", shell_line(words));
    return out.data(text);
  }
  if (const auto line = setup.line_for_root("unstartup", *service))
    return leave_to_root(out, *line);

  if (const auto old = os::read_text_file(path, most_bytes); !old && old.error() == ENOENT)
    return fail(exit_code::not_found, fmt::format("there is no {}", in_quotes(path)),
                "--service-name, where startup had one");
  if (auto checked = check_old_file(path, setup.is_forced()); !checked)
    return fail(std::move(checked.error()));
  if (auto disabled = setup.run_all(before); !disabled)
    return fail(std::move(disabled.error()));
  if (std::error_code failure; !std::filesystem::remove(path, failure))
    return fail(exit_code::other, fmt::format("removing {} failed: {}", in_quotes(path), failure.message()));
  out.talk(fmt::format("removed {}", path));
  if (auto cleaned = setup.run_all(after); !cleaned)
    return fail(std::move(cleaned.error()));
  out.talk("nothing is started at boot any more; what runs now runs on");
  return exit_code::done;
}

} // namespace procvisor::cli
