#include "core/deploy_target.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/units.hpp"

namespace procvisor {

namespace {

constexpr deploy_key keys[] = {
    {.key = "host", .type = deploy_value::host, .member = &deploy_target::hosts, .is_required = true},
    {.key = "user", .type = deploy_value::user, .member = &deploy_target::user},
    {.key = "port", .type = deploy_value::port, .member = &deploy_target::port},
    {.key = "key", .type = deploy_value::word, .member = &deploy_target::key},
    {.key = "ssh_options", .type = deploy_value::words, .member = &deploy_target::ssh_options},
    {.key = "forward-agent", .type = deploy_value::flag, .member = &deploy_target::forwards_agent},
    {.key = "needs_tty", .type = deploy_value::flag, .member = &deploy_target::needs_tty},
    {.key = "repo", .type = deploy_value::word, .member = &deploy_target::repo, .is_required = true},
    {.key = "ref", .type = deploy_value::word, .member = &deploy_target::ref},
    {.key = "path", .type = deploy_value::path, .member = &deploy_target::path, .is_required = true},
    {.key = "fetch", .type = deploy_value::fetch, .member = &deploy_target::is_shallow},
    {.key = "pre-setup", .type = deploy_value::command, .member = &deploy_target::pre_setup},
    {.key = "post-setup", .type = deploy_value::command, .member = &deploy_target::post_setup},
    {.key = "pre-deploy-local", .type = deploy_value::command, .member = &deploy_target::pre_deploy_local},
    {.key = "pre-deploy", .type = deploy_value::command, .member = &deploy_target::pre_deploy},
    {.key = "post-deploy", .type = deploy_value::optional_command, .member = &deploy_target::post_deploy},
    {.key = "env", .type = deploy_value::variables, .member = &deploy_target::env},
};

constexpr std::string_view origin = "origin/";

/// What OpenSSH refuses in the name of a host or user since 9.6: older ones hand it to the shell, with %h of a
/// ProxyCommand.
constexpr std::string_view no_host_has = "'`\"$\\;&<>|(){}, \t";
constexpr std::string_view no_user_has = "'`\";&<>|(){} \t";

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
}

std::optional<std::string> forbidden_letter(std::string_view text, std::string_view letters) {
  const auto at = text.find_first_of(letters);
  if (at == std::string_view::npos)
    return std::nullopt;
  return fmt::format("must not contain {}: {}", in_quotes(text.substr(at, 1)), in_quotes(text));
}

/// An argument of ssh or git: never one of their options.
std::optional<std::string> word_problem(std::string_view text) {
  if (text.empty())
    return "must not be empty";
  if (text.front() == '-')
    return fmt::format("must not begin with '-': {}", in_quotes(text));
  if (text.find('\n') != std::string_view::npos)
    return fmt::format("must not have a line break: {}", in_quotes(text));
  if (std::any_of(text.begin(), text.end(), is_control))
    return fmt::format("must not have control characters: {}", in_quotes(text));
  return std::nullopt;
}

std::optional<std::string> host_problem(std::string_view text) {
  if (auto problem = word_problem(text))
    return problem;
  if (auto problem = forbidden_letter(text, no_host_has))
    return problem;
  const auto at = text.rfind('@');
  if (at + 1 == text.size() || text.starts_with('@') || text.substr(at + 1).starts_with('-')) // npos + 1 is 0
    return fmt::format("is no name of a host: {}", in_quotes(text));
  return std::nullopt;
}

std::optional<std::string> user_problem(std::string_view text) {
  if (auto problem = word_problem(text))
    return problem;
  return forbidden_letter(text, no_user_has);
}

std::optional<std::string> path_problem(std::string_view text) {
  if (auto problem = word_problem(text))
    return problem;
  if (text.starts_with('/') || text.starts_with("~/"))
    return std::nullopt;
  return fmt::format("must be absolute, or begin with '~/': {}", in_quotes(text));
}

std::optional<std::string> port_problem(std::string_view text) {
  const auto number = parse_integer(text);
  if (number && *number >= 1 && *number <= 65535 && text.front() != '+')
    return std::nullopt;
  return fmt::format("must be a port from 1 to 65535, not {}", in_quotes(text));
}

std::optional<std::string> fetch_problem(std::string_view text) {
  if (text == "fast" || text == "full")
    return std::nullopt;
  return fmt::format("must be 'fast' or 'full', not {}", in_quotes(text));
}

} // namespace

std::span<const deploy_key> deploy_keys() {
  return keys;
}

const deploy_key* find_deploy_key(std::string_view key) {
  const auto is_same = [](char a, char b) { return a == b || ((a == '-' || a == '_') && (b == '-' || b == '_')); };
  const auto* found = std::find_if(std::begin(keys), std::end(keys), [&](const deploy_key& one) {
    return std::equal(key.begin(), key.end(), one.key.begin(), one.key.end(), is_same);
  });
  return found != std::end(keys) ? found : nullptr;
}

std::optional<std::string> deploy_text_problem(deploy_value type, std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    return "must not have a NUL";
  switch (type) {
    case deploy_value::host:
      return host_problem(text);
    case deploy_value::user:
      return user_problem(text);
    case deploy_value::word:
    case deploy_value::words:
      return word_problem(text);
    case deploy_value::path:
      return path_problem(text);
    case deploy_value::port:
      return port_problem(text);
    case deploy_value::fetch:
      return fetch_problem(text);
    case deploy_value::flag:
    case deploy_value::command:
    case deploy_value::optional_command:
    case deploy_value::variables:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> deploy_ref_problem(std::string_view ref) {
  return deploy_text_problem(deploy_value::word, ref);
}

std::optional<std::string> deploy_variable(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty() || is_digit(name.front())
      || !std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || is_digit(c); }))
    return std::nullopt;
  std::string exported{name};
  std::transform(exported.begin(), exported.end(), exported.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return exported;
}

std::string_view branch_of_origin(std::string_view ref) {
  return ref.starts_with(origin) ? ref.substr(origin.size()) : std::string_view{};
}

} // namespace procvisor
