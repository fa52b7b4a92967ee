#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/app_spec.hpp"
#include "core/result.hpp"

namespace procvisor {

/// What a static file server is to serve, and to whom. It travels in the environment of the server's process, in PM2's
/// PM2_SERVE_* variables: a password has no place in a command line, which everybody can read.
struct static_site {
  std::string root = "."; ///< relative to the working directory
  std::string host = "0.0.0.0";
  int port = 8080;
  bool is_single_page = false; ///< what is not there is the homepage
  bool lists_folders = false;
  std::string homepage = "/index.html"; ///< of the root; below root
  struct login {
    std::string name;
    std::string password;
  };
  std::optional<login> only_for;
};

/// One setting of a site: `basic_auth_username` is --basic-auth-username, PM2_SERVE_BASIC_AUTH_USERNAME, and in a file
/// `username` of `basic_auth`.
struct site_setting {
  std::string_view name;
  std::string_view expected; ///< what it "must be"
  bool (*accepts)(std::string_view value);
  std::string_view help;
  bool is_flag = false;
  bool is_secret = false; ///< never quoted
};
std::span<const site_setting> site_settings();

extern const site_setting& site_root_setting;
extern const site_setting& site_port_setting;

/// nullptr: there is no such setting.
const site_setting* find_site_setting(std::string_view name);

std::string site_variable(const site_setting& setting);

/// "must be a port from 1 to 65535, not '0'", to be put after the name of the setting; nullopt: it is right.
std::optional<std::string> site_value_problem(const site_setting& setting, std::string_view value);

/// Reads PM2_SERVE_*; what is absent is the default. exit_code::usage, with the variable's name.
result<static_site> static_site_from(const environment& variables);

/// What the app is called that serves at this port.
std::string static_site_name(int port);

/// The script of an app that stands for the file server of this program.
inline constexpr std::string_view serve_script = "serve";

/// The word by which this program knows that it is to be the file server. Specs that are kept have it: it stays.
inline constexpr const char* serve_role = "serve-files";

} // namespace procvisor
