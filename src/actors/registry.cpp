#include "actors/registry.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include <caf/send.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/app.hpp"
#include "actors/recorder_link.hpp"
#include "actors/support.hpp"
#include "core/option_table.hpp"
#include "os/memfd.hpp"
#include "os/procfs.hpp"

namespace procvisor {

registry_state::registry_state(registry_actor::pointer self, std::string home, saved_state earlier,
                               registry_peers peers)
  : self_(self), home_(std::move(home)), launcher_(std::move(peers.launcher)), recorder_(std::move(peers.recorder)),
    tree_ender_(std::move(peers.tree_ender)), cron_(std::move(peers.cron)),
    memory_guard_(std::move(peers.memory_guard)), sockets_(self, launcher_),
    book_(self, {.path = home_ + "/state.json",
                 .boot_id = os::boot_id(),
                 .launcher = launcher_,
                 .recorder = recorder_,
                 .whole = [this] { return everything(); }}),
    watch_(self, {.watcher = std::move(peers.file_watcher),
                  .recorder = recorder_,
                  .home = home_,
                  .look =
                      [this](process_id id) {
                        const auto at = processes_.find(id);
                        return at != processes_.end() ? &at->second.state : nullptr;
                      },
                  .on_trouble =
                      [this](process_id id, const std::string& text) {
                        if (const auto at = processes_.find(id); at != processes_.end())
                          at->second.listed.watch_trouble = text;
                      },
                  .restart = [this](const auto& due) { restart_because(due); }}),
    events_(self, recorder_) {
  add_earlier(std::move(earlier));
}

registry_state::~registry_state() {
  for (const auto& [id, at] : processes_) {
    caf::anon_send_exit(at.app, caf::exit_reason::user_shutdown);
    if (at.second)
      caf::anon_send_exit(at.second->app, caf::exit_reason::user_shutdown);
  }
  for (const auto& [app, balancer] : balancers_)
    caf::anon_send_exit(balancer, caf::exit_reason::user_shutdown);
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
      [this](const offers_changed& changed) {
        const auto at = processes_.find(changed.id);
        if (at == processes_.end())
          return;
        (is_from_second(at->second) ? at->second.second->offers : at->second.listed.offers) = changed.offers;
      },
      [this](const dump_list& request) { return on_dump(request); },
      [this](const resurrect_list& request) { return on_resurrect(request); },
      [this](const process_changed& changed) { on_changed(changed); },
      [this](const launch_order& order) { return on_launch(order); },
      [this](const reap_order& order) { return self_->delegate(launcher_, order); },
      [this](const held_launches& held) { on_held(held); },
      [this](const recorder_restarted& again) {
        for (const auto& [id, at] : processes_)
          self_->send(at.app, again);
      },
      [this](const process_removed& removed) { forget(removed); },
      [this](const hold_connections&) { return on_hold_connections(); },
      [this](const files_changed& changed) { watch_.take(changed); },
      [this](const watch_trouble& trouble) { watch_.take(trouble); },
      [this](const memory_exceeded& said) { on_memory_exceeded(said); },
      [this](const app_said& said) {
        if (const auto at = processes_.find(said.id); at != processes_.end())
          events_.on_said(at->second.listed, said);
      },
      [this](const follow_events& wanted) { return events_.add(wanted.follower); },
  };
}

// -- going on from an earlier daemon --------------------------------------------

void registry_state::add_earlier(saved_state earlier) {
  next_id_ = earlier.next_id;
  newest_ = earlier.newest;
  for (auto& [id, record] : earlier.processes) {
    auto& at = processes_[id];
    at.listed = {view_of(id, record.instance, record.state), record.spec, record.caller};
    at.state = record.state;
    watch_.declare(id, record.spec);
    spawn_app(at, std::move(record.state));
  }
}

void registry_state::on_held(const held_launches& held) {
  adopt_sockets(held.sockets);
  std::set<process_id> heard_of;
  for (const auto& launch : held.launches) {
    const auto at = processes_.find(launch.id);
    const bool is_newest = at != processes_.end() && at->second.state.gen == launch.gen;
    if (is_newest) {
      heard_of.insert(launch.id);
      const bool is_known = launch.pid > 0 || launch.is_over; // otherwise the keeper will say more
      if (is_known)
        self_->send(at->second.app, launch);
    } else if (launch.is_over) {
      self_->send(launcher_, reap_order{launch.id, launch.gen});
    } else if (at != processes_.end() && launch.pid > 0 && !at->second.second) {
      let_leave(at->second, launch); // a reload was under way
    } else {
      self_->send(recorder_,
                  journal_packet(severity::warning, fmt::format("?:{}", static_cast<uint32_t>(launch.id)), launch.pid,
                                 "was started by a daemon that has died, and nothing is written down about it: end it "
                                 "by its pid"));
    }
  }
  if (!std::exchange(is_adopting_, false))
    return;
  for (const auto& [id, at] : processes_)
    if (!heard_of.contains(id))
      self_->send(at.app, held_launch{.id = id, .gen = at.state.gen});
  book_.write_anew();
}

process_record registry_state::record_of(const entry& of) {
  return {.id = of.listed.view.id,
          .instance = of.listed.view.instance,
          .spec = of.listed.spec,
          .caller = of.listed.caller,
          .state = of.state};
}

saved_state registry_state::everything() const {
  saved_state all{.boot_id = os::boot_id(), .processes = {}, .next_id = next_id_, .newest = newest_};
  for (const auto& [id, at] : processes_)
    all.processes.emplace(id, record_of(at));
  return all;
}

// -- what happens ---------------------------------------------------------------

void registry_state::on_changed(const process_changed& changed) {
  const auto at = processes_.find(changed.view.id);
  if (at == processes_.end())
    return;
  if (is_from_second(at->second)) {
    events_.on_changed(at->second.listed, at->second.second->state, changed.state);
    at->second.second->view = changed.view;
    at->second.second->state = changed.state;
    return;
  }
  const auto is_down = [](process_status status) {
    return status == process_status::stopped || status == process_status::errored;
  };
  const bool came_down = is_down(changed.view.status) && !is_down(at->second.listed.view.status);
  events_.on_changed(at->second.listed, at->second.state, changed.state);
  at->second.listed.view = changed.view;
  at->second.state = changed.state;
  book_.change(changed.view.id, changed.state);
  guard_memory(at->second);
  if (came_down)
    watch_.on_down(changed.view.id);
  if (came_down)
    release_sockets_of(at->second.listed.spec->name);
}

caf::result<outcome> registry_state::on_start(const start_apps& request) {
  auto gathered = std::make_shared<gathering>(gathering{self_->make_response_promise<outcome>(), {}, 0, false});
  declarations to_reload;
  for (const auto& spec : request.specs)
    start_one(request, spec, to_reload, gathered);
  begin_reload(std::move(to_reload), request.manner, gathered);
  gathered->is_complete = true;
  deliver_if_complete(gathered);
  return gathered->answer;
}

void registry_state::start_one(const start_apps& request, const shared_spec& spec, declarations& to_reload,
                               const shared_gathering& gathered) {
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
    const bool is_from_file = request.policy == when_running::restart || request.policy == when_running::reload;
    const auto& caller = is_from_file && !request.updates_env ? processes_.at(id).listed.caller : request.caller;
    if (request.policy == when_running::reload) {
      to_reload.insert_or_assign(id, new_declaration{spec, caller});
      continue;
    }
    declare(id, spec, caller);
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
  if (auto balancer = balancers_.extract(at.listed.spec->name);
      !balancer.empty() && !balancers_.contains(spec->name)) { // the app may have another name from now on
    balancer.key() = spec->name;
    balancers_.insert(std::move(balancer));
  }
  if (at.listed.spec->name != spec->name)
    sockets_.rename(at.listed.spec->name, spec->name);
  at.listed.spec = spec;
  at.listed.caller = caller;
  release_sockets_of(spec->name); // those that it declares no longer
  book_.declare(record_of(at));
  watch_.declare(id, spec);
  guard_memory(at);
  self_->send(at.app, new_declaration{spec, caller, balancer_for(*spec)});
}

process_id registry_state::add(const shared_spec& spec, const shared_environment& caller, int instance) {
  process_record record{.id = id_for(spec->name, instance), .instance = instance, .spec = spec, .caller = caller};
  record.state.asked_at.wall = wall_clock::now();
  const auto id = record.id;
  add(std::move(record));
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
  if (const auto at = processes_.find(removed.id);
      at != processes_.end() && caf::actor_cast<caf::strong_actor_ptr>(at->second.app) != self_->current_sender()) {
    on_second_removed(removed.id);
    return;
  }
  const auto gone = processes_.extract(removed.id);
  if (gone.empty())
    return;
  watch_.forget(removed.id);
  postponed_.erase(removed.id);
  if (gone.mapped().guarded.limit > 0)
    self_->send(memory_guard_, memory_entry{removed.id});
  const auto& listed = gone.mapped().listed;
  events_.on_removed(listed, gone.mapped().state);
  const auto is_sibling = [&](const auto& item) { return item.second.listed.spec->name == listed.spec->name; };
  if (std::ranges::none_of(processes_, is_sibling)) {
    former_ids_.erase(listed.spec->name);
    sockets_.keep_only(listed.spec->name, {});
    if (const auto balancer = balancers_.extract(listed.spec->name); !balancer.empty()) {
      self_->send(balancer.mapped(), release_sockets{});
      self_->send_exit(balancer.mapped(), caf::exit_reason::user_shutdown);
    }
  } else
    former_ids_[listed.spec->name][listed.view.instance] = removed.id;
  if (processes_.empty())
    next_id_ = 0;
  book_.remove(removed.id, removed.gen);
}

void registry_state::add(process_record record) {
  next_id_ = std::max(next_id_, static_cast<uint32_t>(record.id) + 1);
  record.state.gen =
      newest_; // a late event of an earlier process with this id must not be taken for one of this process
  auto& at = processes_[record.id];
  at.listed = {view_of(record.id, record.instance, record.state), record.spec, record.caller};
  at.state = record.state;
  book_.declare(record);
  watch_.declare(record.id, record.spec);
  spawn_app(at, std::move(record.state));
}

// -- dump and resurrect ---------------------------------------------------------

caf::result<dumped> registry_state::on_dump(const dump_list& request) {
  auto answer = self_->make_response_promise<dumped>();
  auto state = everything();
  if (request.is_cleared)
    state.processes.clear();
  const auto count = state.processes.size();
  if (count == 0 && !request.is_forced && !request.is_cleared) {
    answer.deliver(dumped{});
    return answer;
  }
  auto [text, lines, numbers] = write_state(state);
  text += end_entry(lines);
  auto file = os::sealed_memfd("procvisor-dump", text);
  if (!file) {
    answer.deliver(dumped{count, std::strerror(errno)});
    return answer;
  }
  self_
      ->request(recorder_, caf::infinite,
                save_file{home_ + "/dump.json", std::make_shared<os::unique_fd>(std::move(file)), text.size()})
      .then(
          [answer, count](const std::string& failed) mutable {
            answer.deliver(dumped{count, failed});
          },
          [answer](caf::error& why) mutable { answer.deliver(std::move(why)); });
  return answer;
}

caf::result<outcome> registry_state::on_resurrect(const resurrect_list& request) {
  auto gathered = std::make_shared<gathering>(gathering{self_->make_response_promise<outcome>(), {}, 0, false});
  std::set<std::string> there;
  for (const auto& [id, at] : processes_)
    there.insert(at.listed.spec->name);
  std::set<std::string> skipped;
  for (const auto& [id, saved] : request.saved->processes) {
    if (there.contains(saved.spec->name)) {
      skipped.insert(saved.spec->name);
      continue;
    }
    const bool is_free = !processes_.contains(id);
    process_record record{.id = is_free ? id : process_id{next_id_},
                          .instance = saved.instance,
                          .spec = saved.spec,
                          .caller = saved.caller};
    record.state.asked_at.wall = saved.state.asked_at.wall;
    const bool is_to_run = ought_to_run(saved.state);
    if (!is_to_run)
      record.state.restarts = saved.state.restarts;
    const auto new_id = record.id;
    add(std::move(record));
    if (is_to_run)
      ask(new_id, app_request{app_verb::start}, gathered);
    else
      gathered->so_far.done.push_back(processes_.at(new_id).listed);
  }
  gathered->so_far.skipped.assign(skipped.begin(), skipped.end());
  gathered->is_complete = true;
  deliver_if_complete(gathered);
  return gathered->answer;
}

void registry_state::spawn_app(entry& of, lifecycle state) {
  of.app = spawn_app(of, {of.listed.spec, of.listed.caller, balancer_for(*of.listed.spec)}, std::move(state), true);
}

app_actor registry_state::spawn_app(const entry& of, const new_declaration& declared, lifecycle state, bool is_listed) {
  return self_->spawn<app_impl, caf::monitored>(app_setup{.id = of.listed.view.id,
                                                          .instance = of.listed.view.instance,
                                                          .spec = declared.spec,
                                                          .caller = declared.caller,
                                                          .home = home_,
                                                          .state = std::move(state),
                                                          .balancer = declared.balancer,
                                                          .is_listed = is_listed},
                                                launcher_, recorder_, tree_ender_, cron_,
                                                caf::actor_cast<registry_actor>(self_));
}

void registry_state::on_app_down(const caf::down_msg& down) {
  if (events_.drop(down.source))
    return;
  const auto at =
      std::ranges::find_if(processes_, [&](const auto& item) { return item.second.app.address() == down.source; });
  if (at == processes_.end()) {
    on_other_down(down);
    return;
  }
  const auto& view = at->second.listed.view;
  self_->send(
      recorder_,
      journal_packet(severity::error,
                     fmt::format("{}:{}", at->second.listed.spec->name, static_cast<uint32_t>(view.id)), view.pid,
                     fmt::format("its actor failed ({}), starting another one for it", caf::to_string(down.reason))));
  auto state = at->second.state;
  state.phase = phase_of(view.status);
  spawn_app(at->second, std::move(state));
  if (view.status != process_status::launching) // its launch is still under way
    self_->send(at->second.app, held_launch{.id = view.id,
                                            .gen = view.gen,
                                            .pid = view.pid,
                                            .start_ticks = at->second.state.start_ticks,
                                            .is_foster = at->second.state.is_foster});
}

caf::result<outcome> registry_state::on_act(const act_on& request) {
  auto gathered = std::make_shared<gathering>(gathering{self_->make_response_promise<outcome>(), {}, 0, false});
  auto meant = resolve(request.targets, request.cwd, gathered->so_far.failed);
  if (request.everything) {
    book_.close();
    for (const auto& [id, at] : processes_)
      meant.insert(id);
  }
  for (const auto& exact : request.names) {
    const auto found = with_name(exact);
    meant.insert(found.begin(), found.end());
  }
  auto declared = changed(meant, request.change);
  if (!declared) {
    gathered->so_far.failed.push_back({request.targets.empty() ? "" : request.targets.front(), declared.error()});
  } else if (request.reload) {
    begin_reload(std::move(*declared), *request.reload, gathered);
  } else {
    if (request.change)
      for (const auto& [id, to] : *declared)
        declare(id, to.spec, to.caller);
    for (const auto id : meant)
      ask(id, app_request{request.verb, request.until_they_run}, gathered);
  }
  gathered->is_complete = true;
  deliver_if_complete(gathered);
  return gathered->answer;
}

result<registry_state::declarations> registry_state::changed(const std::set<process_id>& meant,
                                                             const declaration_change& wanted) const {
  std::map<shared_spec, shared_spec> changed; // processes of one app go on sharing theirs
  std::set<std::string_view> names;
  for (const auto id : meant) {
    const auto& spec = processes_.at(id).listed.spec;
    names.insert(spec->name);
    if (!wanted.is_of_spec() || changed.contains(spec))
      continue;
    auto with_changes = wanted.keys ? spec_with(*spec, *wanted.keys) : result<app_spec>{*spec};
    if (!with_changes)
      return fail(std::move(with_changes.error()));
    if (wanted.watch != watch_switch::as_it_is)
      with_changes->watch.wanted = wanted.watch == watch_switch::toggle && !spec->watch.wanted;
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
  declarations all;
  for (const auto id : meant) {
    const auto& listed = processes_.at(id).listed;
    all.emplace(id, new_declaration{wanted.is_of_spec() ? changed.at(listed.spec) : listed.spec,
                                    wanted.caller ? wanted.caller : listed.caller});
  }
  return all;
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
  bool is_start = false;
  if constexpr (std::is_same_v<Request, app_request>) {
    if (request.verb != app_verb::reset)
      at.is_leaving = request.verb == app_verb::remove;
    note_command(id, request.verb);
    is_start = request.verb == app_verb::start || request.verb == app_verb::restart;
    const bool is_end = request.verb == app_verb::stop || request.verb == app_verb::remove;
    if (is_end || request.verb == app_verb::restart)
      overtake_reloads(at.listed.spec->name);
    if (is_end && at.second)
      end_second(at, gathered);
  }
  ++gathered->missing;
  // The listing as it is now: a deleted process is no longer in the table when its answer comes.
  self_->request(at.app, caf::infinite, request)
      .then(
          [this, is_start, gathered, listed = at.listed](const app_answer& answer) mutable {
            listed.view = answer.view;
            if (is_start)
              note_watch_trouble(answer.view.id, gathered->so_far);
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
  result.notes = book_.notes();
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
