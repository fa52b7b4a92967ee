#pragma once

#include <functional>
#include <string>

#include "cli/console.hpp"
#include "config/load.hpp"
#include "core/result.hpp"
#include "core/settings.hpp"

namespace procvisor::cli {

/// What the home's file `options` says; nothing where there is none.
result<read_settings> settings_of_home();

/// Replaces the file by what `edit` makes of its text: at once, mode 0600, and one change after the other.
result<void> edit_settings(const std::function<std::string(const std::string&)>& edit);

/// A setting that a user names. Fails with usage, and names those that there are.
result<const setting*> setting_named(const std::string& name);

/// Whether the attribute may have that value; `named` is what the user calls it.
result<void> check_setting(const setting& which, const std::string& value, const std::string& named);

/// For config::caller: the file's settings, and over them those of this command's environment. A line of the file that
/// says nothing is warned of; a value that cannot be is an error.
result<config::given_options> default_options(const console& out);

} // namespace procvisor::cli
