#include "config/changes.hpp"

#include <type_traits>
#include <variant>

#include <nlohmann/json.hpp>

#include "config/declare.hpp"
#include "config/resolve.hpp"
#include "core/option_table.hpp"

namespace procvisor::config {

namespace {

std::string key_of(option_member member) {
  return std::string{option_of(member).key};
}

/// Whether a restart can give it to an app that is there: not what was used up when the app was entered in the list.
bool can_change(const app_option& option) {
  const auto is_of_spec = []<class Member>(Member) {
    if constexpr (std::is_member_object_pointer_v<Member>)
      return std::is_invocable_v<Member, const app_spec&>;
    else
      return false;
  };
  return option.member != option_member(&app_spec::instances) && std::visit(is_of_spec, option.member);
}

/// Options that are heeded elsewhere or ask for what is so anyway: nobody needs to hear that they are not taken.
bool goes_without_saying(const app_option& option) {
  return option.member == option_member(&app_declaration::exec_mode)
         || option.member == option_member(&app_declaration::port) // it is in env
         || option.member == option_member(&app_declaration::force) || option.state == standing::no_effect;
}

} // namespace

result<spec_change> read_change(const change_request& request) {
  problem_list problems{""};
  const auto app = declare_options(request.options, problems);
  auto spec = resolver(request.who, {}).resolve_change(app, problems);
  if (!problems.empty())
    return fail(std::move(problems).to_error());

  spec.args.insert(spec.args.end(), request.args.begin(), request.args.end());
  spec_change change;
  const auto all = spec_to_json(spec);
  const auto take = [&](option_member member) {
    const auto key = key_of(member);
    change.keys[key] = all.contains(key) ? all.at(key) : nlohmann::json(); // null: what is not sent is the default
  };
  for (const auto& given : app.given) {
    if (can_change(*given.option))
      take(given.option->member);
    else if (!goes_without_saying(*given.option))
      change.dropped.push_back(subject(problems, *given.option));
  }
  if (auto doubt = memory_limit_doubt(spec))
    change.doubts.push_back(*std::move(doubt));
  // What was found out along with them.
  if (app.has(&app_spec::interpreter))
    take(&app_spec::interpreter_path);
  if (app.has(&app_spec::uid)) {
    take(&app_spec::gid);
    take(&app_spec::user_name);
  }
  if (!spec.env.empty())
    take(&app_spec::env);
  if (request.has_args)
    take(&app_spec::args);
  return change;
}

} // namespace procvisor::config
