#include "actors/registry.hpp"

#include <algorithm>

#include <caf/send.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/app.hpp"
#include "actors/recorder_link.hpp"
#include "actors/support.hpp"
#include "core/option_table.hpp"

namespace procvisor {

registry_state::registry_state(registry_actor::pointer self, std::string home, launcher_actor launcher,
                               recorder_link_actor recorder, tree_ender_actor tree_ender)
  : self_(self), home_(std::move(home)), launcher_(std::move(launcher)), recorder_(std::move(recorder)),
    tree_ender_(std::move(tree_ender)) {
}

registry_state::~registry_state() {
  for (const auto& [id, at] : processes_)
    caf::anon_send_exit(at.app, caf::exit_reason::user_shutdown);
}

registry_actor::behavior_type registry_state::make_behavior() {
  keep_quiet(self_);
  self_->set_down_handler([this](const caf::down_msg& down) { on_app_down(down); });
  return {
      [this](const start_apps& request) { return on_start(request); },
      [this](const act_on& request) { return on_act(request); },
      [this](const pass_on_to& order) { return on_pass_on(order); },
      [this](const scale_app& request) { return on_scale(request); },
      [this](const find_processes& request) { return on_find(request); },
      [this](const process_changed& changed) {
        if (const auto at = processes_.find(changed.view.id); at != processes_.end())
          at->second.listed.view = changed.view;
      },
      [this](const offers_changed& changed) {
        if (const auto at = processes_.find(changed.id); at != processes_.end())
          at->second.listed.offers = changed.offers;
      },
      [this](const process_removed& removed) { forget(removed); },
  };
}

caf::result<outcome> registry_state::on_start(const start_apps& request) {
  auto gathered = std::make_shared<gathering>(gathering{self_->make_response_promise<outcome>(), {}, 0, false});
  for (const auto& spec : request.specs)
    start_one(request, spec, gathered);
  gathered->is_complete = true;
  deliver_if_complete(gathered);
  return gathered->answer;
}

void registry_state::start_one(const start_apps& request, const shared_spec& spec, const shared_gathering& gathered) {
  auto there = request.policy == when_running::add ? std::vector<process_id>{} : with_name(spec->name);
  if (request.policy == when_running::refuse) {
    // A script by the name of another script's app is a further app; the same script again is one only with --force.
    std::erase_if(there, [&](process_id id) { return processes_.at(id).listed.spec->exec_path != spec->exec_path; });
    const auto is_up = [&](process_id id) {
      const auto status = processes_.at(id).listed.view.status;
      return status != process_status::stopped && status != process_status::errored;
    };
    if (std::ranges::any_of(there, is_up)) {
      gathered->so_far.failed.push_back(
          {spec->name,
           {exit_code::start_failed, fmt::format("'{}' runs already from {}", spec->name, spec->exec_path),
            "--force starts one more; procvisor restart starts it anew"}});
      return;
    }
  }
  for (const auto id : there) {
    const bool keeps_environment = request.policy == when_running::restart && !request.updates_env;
    declare(id, spec, keeps_environment ? processes_.at(id).listed.caller : request.caller);
    ask(id, app_request{app_verb::restart, request.until_they_run}, gathered);
  }
  const auto wanted = static_cast<size_t>(spec->instances);
  for (const int slot : free_slots(spec->name, wanted - std::min(wanted, there.size()))) {
    const auto id = add(spec, request.caller, slot);
    if (spec->autostart)
      ask(id, app_request{app_verb::start, request.until_they_run}, gathered);
    else
      gathered->so_far.done.push_back(processes_.at(id).listed);
  }
}

void registry_state::declare(process_id id, const shared_spec& spec, const shared_environment& caller) {
  auto& at = processes_.at(id);
  at.listed.spec = spec;
  at.listed.caller = caller;
  self_->send(at.app, new_declaration{spec, caller});
}

process_id registry_state::add(const shared_spec& spec, const shared_environment& caller, int instance) {
  const auto id = id_for(spec->name, instance);
  auto& at = processes_[id];
  at.listed = {
      .view = {.id = id, .instance = instance, .created_at = wall_clock::now()}, .spec = spec, .caller = caller};
  lifecycle state;
  state.gen = newest_; // a late event of an earlier process with this id must not be taken for one of this process
  spawn_app(at, std::move(state));
  return id;
}

std::vector<int> registry_state::free_slots(const std::string& app, size_t count) const {
  std::set<int> taken;
  for (const auto& [id, at] : processes_)
    if (at.listed.spec->name == app)
      taken.insert(at.listed.view.instance);
  std::vector<int> slots;
  for (int slot = 0; slots.size() < count; ++slot)
    if (!taken.contains(slot))
      slots.push_back(slot);
  return slots;
}

process_id registry_state::id_for(const std::string& app, int instance) {
  if (const auto slots = former_ids_.find(app); slots != former_ids_.end())
    if (const auto before = slots->second.extract(instance); !before.empty() && !processes_.contains(before.mapped()))
      return before.mapped();
  return process_id{next_id_++};
}

void registry_state::forget(const process_removed& removed) {
  newest_ = std::max(newest_, removed.gen);
  const auto gone = processes_.extract(removed.id);
  if (gone.empty())
    return;
  const auto& listed = gone.mapped().listed;
  const auto is_sibling = [&](const auto& item) { return item.second.listed.spec->name == listed.spec->name; };
  if (std::ranges::none_of(processes_, is_sibling))
    former_ids_.erase(listed.spec->name);
  else
    former_ids_[listed.spec->name][listed.view.instance] = removed.id;
  if (processes_.empty())
    next_id_ = 0;
}

void registry_state::spawn_app(entry& of, lifecycle state) {
  of.app =
      self_->spawn<app_impl, caf::monitored>(app_setup{.id = of.listed.view.id,
                                                       .instance = of.listed.view.instance,
                                                       .spec = of.listed.spec,
                                                       .caller = of.listed.caller,
                                                       .home = home_,
                                                       .state = std::move(state)},
                                             launcher_, recorder_, tree_ender_, caf::actor_cast<registry_actor>(self_));
}

void registry_state::on_app_down(const caf::down_msg& down) {
  const auto at =
      std::ranges::find_if(processes_, [&](const auto& item) { return item.second.app.address() == down.source; });
  if (at == processes_.end())
    return; // deleted, in order
  const auto& view = at->second.listed.view;
  self_->send(
      recorder_,
      journal_packet(severity::error,
                     fmt::format("{}:{}", at->second.listed.spec->name, static_cast<uint32_t>(view.id)), view.pid,
                     fmt::format("its actor failed ({}), starting another one for it", caf::to_string(down.reason))));
  lifecycle state;
  state.phase = phase_of(view.status);
  state.gen = view.gen;
  state.pid = view.pid;
  state.restarts = view.restarts;
  state.unstable_restarts = view.unstable_restarts;
  state.reason = view.reason;
  spawn_app(at->second, std::move(state));
}

caf::result<outcome> registry_state::on_act(const act_on& request) {
  auto gathered = std::make_shared<gathering>(gathering{self_->make_response_promise<outcome>(), {}, 0, false});
  auto meant = resolve(request.targets, request.cwd, gathered->so_far.failed);
  if (request.everything)
    for (const auto& [id, at] : processes_)
      meant.insert(id);
  for (const auto& exact : request.names) {
    const auto found = with_name(exact);
    meant.insert(found.begin(), found.end());
  }
  if (request.change) {
    if (auto changed = change(meant, request.change); !changed) {
      gathered->so_far.failed.push_back({request.targets.empty() ? "" : request.targets.front(), changed.error()});
      meant.clear();
    }
  }
  for (const auto id : meant)
    ask(id, app_request{request.verb, request.until_they_run}, gathered);
  gathered->is_complete = true;
  deliver_if_complete(gathered);
  return gathered->answer;
}

result<void> registry_state::change(const std::set<process_id>& meant, const declaration_change& wanted) {
  std::map<shared_spec, shared_spec> changed; // processes of one app go on sharing theirs
  std::set<std::string_view> names;
  for (const auto id : meant) {
    const auto& spec = processes_.at(id).listed.spec;
    names.insert(spec->name);
    if (!wanted.keys || changed.contains(spec))
      continue;
    auto with_changes = spec_with(*spec, *wanted.keys);
    if (!with_changes)
      return fail(std::move(with_changes.error()));
    changed.emplace(spec, std::make_shared<const app_spec>(*std::move(with_changes)));
  }
  for (const auto& [before, after] : changed) {
    if (before->name == after->name)
      continue;
    if (names.size() > 1)
      return fail(exit_code::usage,
                  fmt::format("'{}' can be the name of one app, and these are {}", after->name, names.size()),
                  "name them one by one");
    if (!with_name(after->name).empty())
      return fail(exit_code::usage, fmt::format("there is an app '{}' already", after->name));
  }
  for (const auto id : meant) {
    const auto& listed = processes_.at(id).listed;
    declare(id, wanted.keys ? changed.at(listed.spec) : listed.spec, wanted.caller ? wanted.caller : listed.caller);
  }
  return {};
}

caf::result<outcome> registry_state::on_pass_on(const pass_on_to& order) {
  auto gathered = std::make_shared<gathering>(gathering{self_->make_response_promise<outcome>(), {}, 0, false});
  for (const auto id : resolve(order.targets, {}, gathered->so_far.failed))
    ask(id, pass_on{order.what}, gathered);
  gathered->is_complete = true;
  deliver_if_complete(gathered);
  return gathered->answer;
}

std::set<process_id> registry_state::resolve(const std::vector<std::string>& targets, const std::string& cwd,
                                             std::vector<failed_target>& failed) const {
  const auto all = targets.empty() ? std::vector<targetable>{} : targetables();
  std::set<process_id> meant;
  for (const auto& target : targets) {
    if (auto found = resolve_target(target, all, cwd))
      meant.insert(found->begin(), found->end());
    else
      failed.push_back({target, found.error()});
  }
  return meant;
}

template <class Request>
void registry_state::ask(process_id id, const Request& request, const shared_gathering& gathered) {
  auto& at = processes_.at(id);
  if constexpr (std::is_same_v<Request, app_request>)
    if (request.verb != app_verb::reset)
      at.is_leaving = request.verb == app_verb::remove;
  ++gathered->missing;
  // The listing as it is now: a deleted process is no longer in the table when its answer comes.
  self_->request(at.app, caf::infinite, request)
      .then(
          [gathered, listed = at.listed](const app_answer& answer) mutable {
            listed.view = answer.view;
            if (!answer.reply.empty())
              gathered->so_far.replies.emplace(answer.view.id, answer.reply);
            if (answer.failure)
              gathered->so_far.failed.push_back({listed.spec->name, *answer.failure, answer.last_words});
            else
              gathered->so_far.done.push_back(std::move(listed));
            --gathered->missing;
            deliver_if_complete(gathered);
          },
          [gathered, name = at.listed.spec->name](const caf::error& why) {
            gathered->so_far.failed.push_back({name, {exit_code::other, caf::to_string(why), {}}});
            --gathered->missing;
            deliver_if_complete(gathered);
          });
}

template void registry_state::ask(process_id, const app_request&, const shared_gathering&); // for registry_scale.cpp

void registry_state::deliver_if_complete(const shared_gathering& gathered) {
  if (!gathered->is_complete || gathered->missing > 0)
    return;
  std::ranges::sort(gathered->so_far.done, {}, [](const listed_process& one) { return one.view.id; });
  gathered->answer.deliver(std::move(gathered->so_far));
}

found_processes registry_state::on_find(const find_processes& request) {
  found_processes result;
  auto meant = resolve(request.targets, {}, result.failed);
  if (request.targets.empty())
    for (const auto& [id, at] : processes_)
      meant.insert(id);
  for (const auto id : meant)
    result.processes.push_back(processes_.at(id).listed);
  return result;
}

std::vector<process_id> registry_state::with_name(const std::string& wanted) const {
  std::vector<process_id> found;
  for (const auto& [id, at] : processes_)
    if (at.listed.spec->name == wanted)
      found.push_back(id);
  return found;
}

std::vector<targetable> registry_state::targetables() const {
  std::vector<targetable> all;
  all.reserve(processes_.size());
  for (const auto& [id, at] : processes_)
    all.push_back({id, at.listed.spec->name, at.listed.spec->name_space, at.listed.spec->exec_path});
  return all;
}

} // namespace procvisor
