/// How the registry replaces processes, one slot after the other (core/reload_plan): a second actor starts the successor,
/// the two actors change places, and the first one lets its process finish.
#include <algorithm>
#include <utility>

#include <caf/send.hpp>
#include <fmt/format.h>

#include "actors/recorder_link.hpp"
#include "actors/registry.hpp"

namespace procvisor {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

bool is_sender(const app_actor& app, const caf::strong_actor_ptr& sender) {
  return caf::actor_cast<caf::strong_actor_ptr>(app) == sender;
}

} // namespace

bool registry_state::can_overlap(const app_spec& spec) {
  return spec.is_cluster || !spec.listen.empty();
}

// -- the plan -----------------------------------------------------------------------------------------------------------

void registry_state::begin_reload(declarations wanted, const reload_manner& manner, const shared_gathering& gathered,
                                  const restart_cause& cause) {
  auto work = std::make_shared<reload>();
  work->manner = manner;
  work->cause = cause;
  work->plan.parallel = std::max<size_t>(manner.parallel, 1);
  work->gathered = gathered;
  std::set<std::string> refused;
  for (auto& [id, declared] : wanted) {
    const auto& app = processes_.at(id).listed.spec->name;
    const auto is_busy = [&app](const shared_reload& other) { return is_reloading(other->plan, app); };
    if (std::ranges::any_of(reloads_, is_busy)) {
      if (refused.insert(app).second)
        gathered->so_far.failed.push_back({app,
                                           {exit_code::other, fmt::format("a reload of '{}' is under way", app),
                                            fmt::format("procvisor restart {} overtakes it", app)}});
      continue;
    }
    if (cause.text.empty())
      note_command(id, app_verb::restart);
    work->plan.slots.push_back({id, app});
    work->wanted.emplace(id, std::move(declared));
  }
  if (work->plan.slots.empty())
    return;
  ++gathered->missing;
  reloads_.push_back(work);
  proceed(work, reload_begun{});
}

void registry_state::proceed(const shared_reload& work, const reload_event& event) {
  auto [plan, effects] = step(std::move(work->plan), event);
  work->plan = std::move(plan);
  for (const auto& effect : effects)
    std::visit(overloaded{
                   [&](const start_successor& one) { start_successor_of(one.id, work); },
                   [&](const let_take_over& one) { let_successor_take_over(one.id, work); },
                   [&](const discard_successor& one) { discard_successor_of(one.id, work); },
                   [&](const reload_over&) { conclude_reload(work); },
               },
               effect);
}

void registry_state::overtake_reloads(const std::string& app) {
  for (const auto& work : std::vector{reloads_})
    if (is_reloading(work->plan, app))
      proceed(work, reload_overtaken{app});
}

void registry_state::conclude_reload(const shared_reload& work) {
  if (std::erase(reloads_, work) == 0)
    return; // concluded before
  for (const auto& slot : work->plan.slots)
    release_sockets_of(slot.app); // what is declared no longer, or was to be
  for (const auto& slot : work->plan.slots)
    if (slot.step == slot_step::kept && work->failed.insert(slot.app).second)
      work->gathered->so_far.failed.push_back(
          {slot.app,
           {exit_code::other, fmt::format("a later command for '{}' has overtaken its reload", slot.app), {}}});
  --work->gathered->missing;
  deliver_if_complete(work->gathered);
  restart_postponed(*work);
}

void registry_state::fail_reload(process_id id, const shared_reload& work, const app_answer& answer,
                                 const char* consequence) {
  const auto at = processes_.find(id);
  if (at == processes_.end() || !answer.failure)
    return;
  auto& listed = at->second.listed;
  auto why = *answer.failure;
  why.what += consequence;
  listed.failed_reload = why.what;
  why.what = fmt::format("reload of '{}': {}", listed.spec->name, why.what);
  if (work->failed.insert(listed.spec->name).second)
    work->gathered->so_far.failed.push_back({listed.spec->name, std::move(why), answer.last_words});
}

// -- a slot -------------------------------------------------------------------------------------------------------------

void registry_state::start_successor_of(process_id id, const shared_reload& work) {
  const auto at = processes_.find(id);
  if (at == processes_.end()) {
    proceed(work, slot_replaced{id}); // deleted
    return;
  }
  auto& of = at->second;
  auto declared = work->wanted.at(id);
  const bool may_overlap = can_overlap(*of.listed.spec) && can_overlap(*declared.spec)
                           && of.listed.view.status == process_status::online && !of.second;
  if (!may_overlap) {
    restart_instead(id, work);
    return;
  }
  declared.balancer = balancer_for(*declared.spec);
  lifecycle fresh;
  fresh.gen = newest_of(of.state);
  fresh.restarts = of.state.restarts + 1;
  fresh.cause = work->cause;
  fresh.restarts_by = of.state.restarts_by;
  ++fresh.restarts_by.at(static_cast<size_t>(fresh.cause.kind));
  of.second = std::make_unique<second_life>(second_life{.app = {}, .is_successor = true, .state = fresh});
  auto& second = *of.second;
  second.app = spawn_app(of, declared, fresh, false);
  const auto its_generation = generation{static_cast<uint64_t>(fresh.gen) + 1};
  of.state.newest = its_generation;
  self_->send(of.app, slot_standing{its_generation, true});
  const bool must_be_ready = of.state.is_listening || declared.spec->wait_ready;
  self_->request(second.app, caf::infinite, app_request{.verb = app_verb::take_over, .must_be_ready = must_be_ready})
      .then([this, id, work](const app_answer& answer) { on_successor(id, work, answer); },
            [this, id, work](const caf::error& why) {
              on_successor(id, work, app_answer{.view = {}, .failure = error{exit_code::other, caf::to_string(why)}});
            });
}

void registry_state::restart_instead(process_id id, const shared_reload& work) {
  auto& of = processes_.at(id);
  const auto& declared = work->wanted.at(id);
  if (!can_overlap(*declared.spec)) {
    auto note =
        fmt::format("'{}' runs in fork mode without 'listen', so that its reload is a restart", of.listed.spec->name);
    auto& notes = work->gathered->so_far.notes;
    if (std::ranges::find(notes, note) == notes.end())
      notes.push_back(std::move(note));
  }
  if (declared.spec != of.listed.spec || declared.caller != of.listed.caller)
    declare(id, declared.spec, declared.caller);
  of.is_leaving = false;
  self_->request(of.app, caf::infinite, app_request{.verb = app_verb::restart, .cause = work->cause})
      .then(
          [this, id, work](const app_answer& answer) {
            if (answer.failure) {
              fail_reload(id, work, answer, "");
              proceed(work, successor_failed{id});
              return;
            }
            if (const auto at = processes_.find(id); at != processes_.end()) {
              at->second.listed.failed_reload.clear();
              work->gathered->so_far.done.push_back(at->second.listed);
              work->gathered->so_far.done.back().view = answer.view;
            }
            proceed(work, slot_replaced{id});
          },
          [this, id, work](const caf::error&) { proceed(work, successor_failed{id}); });
}

void registry_state::on_successor(process_id id, const shared_reload& work, const app_answer& answer) {
  if (!answer.failure) {
    proceed(work, successor_ready{id});
    return;
  }
  const auto slot = std::ranges::find(work->plan.slots, id, &reload_slot::id);
  if (slot->step == slot_step::starting) // otherwise it was discarded for another reason
    fail_reload(id, work, answer, "; what ran before serves on");
  proceed(work, successor_failed{id});
}

void registry_state::let_successor_take_over(process_id id, const shared_reload& work) {
  const auto at = processes_.find(id);
  if (at == processes_.end() || !at->second.second)
    return; // both are being deleted
  auto& of = at->second;
  const auto& declared = work->wanted.at(id);
  std::swap(of.app, of.second->app);
  std::swap(of.state, of.second->state);
  std::swap(of.listed.view, of.second->view);
  std::swap(of.listed.offers, of.second->offers);
  of.second->is_successor = false;
  of.listed.spec = declared.spec;
  of.listed.caller = declared.caller;
  of.listed.failed_reload.clear();
  book_.declare(record_of(of));
  watch_.declare(id, declared.spec);
  guard_memory(of);
  events_.on_reloaded(of.listed, of.second->state, of.state);
  self_->send(of.app, slot_standing{newest_of(of.second->state), true});
  self_
      ->request(of.second->app, caf::infinite,
                app_request{.verb = app_verb::retire, .with_message = work->manner.with_message})
      .then(
          [this, id, work](const app_answer&) {
            if (const auto now = processes_.find(id); now != processes_.end())
              work->gathered->so_far.done.push_back(now->second.listed);
            proceed(work, slot_replaced{id});
          },
          [this, id, work](const caf::error&) { proceed(work, slot_replaced{id}); });
}

void registry_state::discard_successor_of(process_id id, const shared_reload& work) {
  const auto at = processes_.find(id);
  if (at != processes_.end() && at->second.second && at->second.second->is_successor)
    end_second(at->second, work->gathered);
}

// -- the second actor of a slot -----------------------------------------------------------------------------------------

bool registry_state::is_from_second(const entry& at) const {
  return at.second && is_sender(at.second->app, self_->current_sender());
}

void registry_state::end_second(const entry& of, const shared_gathering& gathered) {
  ++gathered->missing;
  const auto conclude = [gathered] {
    --gathered->missing;
    deliver_if_complete(gathered);
  };
  self_->request(of.second->app, caf::infinite, app_request{app_verb::remove})
      .then([conclude](const app_answer&) { conclude(); }, [conclude](const caf::error&) { conclude(); });
}

void registry_state::on_second_removed(process_id id) {
  auto& of = processes_.at(id);
  if (is_from_second(of))
    of.second.reset();
}

void registry_state::let_leave(entry& of, const held_launch& left) {
  lifecycle state;
  state.phase = life_phase::online;
  state.gen = left.gen;
  state.pid = left.pid;
  state.start_ticks = left.start_ticks;
  state.is_foster = left.is_foster;
  state.started_at = {self_->clock().now(), wall_clock::now()};
  of.second = std::make_unique<second_life>(second_life{.app = {}, .is_successor = false, .state = state});
  auto& second = *of.second;
  second.app = spawn_app(of, {of.listed.spec, of.listed.caller, balancer_for(*of.listed.spec)}, state, false);
  self_->send(of.app, slot_standing{left.gen, true});
  self_->send(second.app, left);
  self_->request(second.app, caf::infinite, app_request{app_verb::retire})
      .then([](const app_answer&) {}, [](const caf::error&) {});
}

/// An actor has ended that looks after no listed process: in order, or by a bug.
void registry_state::on_other_down(const caf::down_msg& down) {
  const auto of = std::ranges::find_if(processes_, [&](const auto& item) {
    return item.second.second && item.second.second->app.address() == down.source;
  });
  if (of != processes_.end()) {
    const auto state = of->second.second->state;
    of->second.second.reset();
    if (state.pid > 0)
      let_leave(of->second, held_launch{.id = of->first,
                                        .gen = state.gen,
                                        .pid = state.pid,
                                        .start_ticks = state.start_ticks,
                                        .is_foster = state.is_foster});
    return;
  }
  const auto is_it = [&](const auto& item) { return item.second.address() == down.source; };
  if (std::ranges::any_of(balancers_, is_it))
    self_->quit(down.reason); // another daemon finds out again who listens where
}

} // namespace procvisor
