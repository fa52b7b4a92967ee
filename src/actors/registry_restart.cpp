/// Restarts that nobody has asked for: files have changed, or memory has run over its limit.
#include <algorithm>

#include <fmt/format.h>

#include "actors/recorder_link.hpp"
#include "actors/registry.hpp"

namespace procvisor {

namespace {

constexpr uint64_t mebibyte = uint64_t{1} << 20;

/// "312M"; below ten megabytes more exact.
std::string amount(uint64_t bytes) {
  return bytes < 10 * mebibyte ? fmt::format("{}K", bytes >> 10) : fmt::format("{}M", bytes / mebibyte);
}

/// Rounded up, so that it is more than the limit in words as well.
std::string words_of_excess(const memory_exceeded& said) {
  const uint64_t unit = said.used < 10 * mebibyte ? uint64_t{1} << 10 : mebibyte;
  return fmt::format("memory {} > {}", amount(said.used + unit - 1), amount(said.limit));
}

} // namespace

void registry_state::restart_because(const std::map<process_id, restart_cause>& due) {
  std::map<std::string, declarations> reloadable;
  std::map<std::string, restart_cause> causes;
  for (const auto& [id, cause] : due) {
    const auto at = processes_.find(id);
    if (at == processes_.end() || at->second.is_leaving)
      continue;
    const auto& listed = at->second.listed;
    if (can_overlap(*listed.spec)) {
      reloadable[listed.spec->name].emplace(id, new_declaration{listed.spec, listed.caller});
      causes[listed.spec->name] = cause;
    } else {
      self_->request(at->second.app, caf::infinite, app_request{.verb = app_verb::restart, .cause = cause})
          .then([](const app_answer&) {}, [](const caf::error&) {});
    }
  }
  for (auto& [app, wanted] : reloadable) {
    const auto& cause = causes.at(app);
    if (std::ranges::any_of(reloads_, [&](const auto& work) { return is_reloading(work->plan, app); })) {
      for (const auto& [id, declared] : wanted)
        postponed_[id] = cause; // what is under way may have begun before this
      continue;
    }
    self_->send(recorder_, journal_packet(severity::info, app, 0, "reloading: " + cause.text));
    begin_reload(std::move(wanted), {}, std::make_shared<gathering>(), cause);
  }
}

void registry_state::restart_postponed(const reload& over) {
  std::map<process_id, restart_cause> due;
  for (const auto& slot : over.plan.slots)
    if (const auto one = postponed_.extract(slot.id); !one.empty())
      due.emplace(one.key(), one.mapped());
  if (!due.empty())
    restart_because(due);
}

void registry_state::on_memory_exceeded(const memory_exceeded& said) {
  const auto at = processes_.find(said.id);
  if (at == processes_.end() || at->second.state.gen != said.gen || at->second.guarded.limit != said.limit)
    return; // it has ended, or has another limit
  restart_because({{said.id, {restart_kind::memory, words_of_excess(said)}}});
}

void registry_state::guard_memory(entry& of) {
  const auto& spec = *of.listed.spec;
  const auto& view = of.listed.view;
  const bool runs = view.status == process_status::online || view.status == process_status::launching;
  memory_entry wanted{.id = view.id};
  if (spec.max_memory_restart > 0 && view.pid > 0 && runs)
    wanted = {view.id, view.gen, view.pid, spec.max_memory_restart, spec.worker_interval};
  if (wanted.limit == 0 && of.guarded.limit == 0)
    return;
  if (wanted == of.guarded)
    return;
  of.guarded = wanted;
  self_->send(memory_guard_, wanted);
}

void registry_state::note_command(process_id id, app_verb verb) {
  if (verb == app_verb::reset)
    return;
  postponed_.erase(id);
  watch_.on_command(id, verb == app_verb::start || verb == app_verb::restart);
}

void registry_state::note_watch_trouble(process_id id, outcome& of) const {
  const auto at = processes_.find(id);
  if (at == processes_.end() || at->second.listed.watch_trouble.empty())
    return;
  auto note = fmt::format("watch of '{}': {}", at->second.listed.spec->name, at->second.listed.watch_trouble);
  if (std::ranges::find(of.notes, note) == of.notes.end())
    of.notes.push_back(std::move(note));
}

} // namespace procvisor
