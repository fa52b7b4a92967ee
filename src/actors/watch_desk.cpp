#include "actors/watch_desk.hpp"

#include <algorithm>
#include <utility>

#include <caf/typed_event_based_actor.hpp>
#include <fmt/format.h>

#include "actors/recorder_link.hpp"
#include "core/journal_line.hpp"
#include "core/log_paths.hpp"

namespace procvisor {

namespace {

std::vector<std::string> log_files(const app_spec& spec, process_id id, const std::string& home) {
  const auto files = resolve_log_paths(spec, id, home);
  std::vector<std::string> all;
  for (const auto& file : {files.out, files.error, files.log, files.pid_file})
    if (!file.empty())
      all.push_back(file);
  return all;
}

} // namespace

watch_desk::watch_desk(registry_actor::pointer self, setup with) : self_(self), with_(std::move(with)) {
}

void watch_desk::declare(process_id id, const shared_spec& spec) {
  if (!spec->watch.wanted) {
    forget(id);
    return;
  }
  const auto [at, is_new] = watching_.try_emplace(id);
  auto& of = at->second;
  auto own_files = log_files(*spec, id, with_.home);
  const bool is_alike = !is_new && watch_alike(*of.spec, *spec);
  const bool has_same_files = of.own_files == own_files;
  of.own_files = std::move(own_files);
  of.spec = spec;
  if (is_alike && has_same_files)
    return;
  if (!is_alike)
    of.rules = rules_for(*spec);
  of.pace.drop();
  enter(id, of);
}

void watch_desk::forget(process_id id) {
  const auto gone = watching_.extract(id);
  if (gone.empty())
    return;
  self_->send(with_.watcher, watch_entry{id, nullptr});
  with_.on_trouble(id, "");
  set_timer();
}

void watch_desk::enter(process_id id, const watching& of) {
  self_->send(with_.watcher, watch_entry{id, of.rules, of.own_files});
}

/// Those of another process that watches the same, if there is one.
shared_watch_rules watch_desk::rules_for(const app_spec& spec) const {
  for (const auto& [id, one] : watching_)
    if (one.rules && watch_alike(*one.spec, spec))
      return one.rules;
  return std::make_shared<const watch_rules>(spec, with_.home);
}

void watch_desk::take(const files_changed& changed) {
  const auto now = self_->clock().now();
  for (const auto id : changed.ids) {
    const auto at = watching_.find(id);
    const auto* const life = with_.look(id);
    if (at == watching_.end() || life == nullptr)
      continue;
    auto& of = at->second;
    watch_pace::circumstances when{
        .now = now, .delay = of.spec->watch_delay, .is_stopping = life->phase == life_phase::stopping};
    if (life->gen != generation{0})
      when.launched_at = life->started_at.steady;
    when.ended_at = of.ended_at;
    of.pace.note(changed.changes, when);
  }
  set_timer();
}

void watch_desk::take(const watch_trouble& trouble) {
  bool is_said = false; // once for all processes of an app
  for (const auto id : trouble.ids) {
    const auto at = watching_.find(id);
    if (at == watching_.end() || at->second.trouble == trouble.text)
      continue;
    at->second.trouble = trouble.text;
    say(id, at->second);
    if (!std::exchange(is_said, true))
      self_->send(with_.recorder,
                  journal_packet(trouble.text.empty() ? severity::info : severity::warning, at->second.spec->name, 0,
                                 trouble.text.empty() ? "watch: as it should be" : "watch: " + trouble.text));
  }
}

void watch_desk::on_command(process_id id, bool is_start) {
  const auto at = watching_.find(id);
  if (at == watching_.end())
    return;
  auto& of = at->second;
  of.pace.drop();
  if (is_start) {
    of.pace.resume();
    of.ended_at.reset();
    of.pause.clear();
    say(id, of);
    if (!of.trouble.empty())
      enter(id, of); // it may work by now
  }
  set_timer();
}

void watch_desk::on_down(process_id id) {
  if (const auto at = watching_.find(id); at != watching_.end())
    at->second.ended_at = self_->clock().now();
}

void watch_desk::say(process_id id, const watching& of) {
  with_.on_trouble(id, of.pause.empty() ? of.trouble : of.pause);
}

void watch_desk::set_timer() {
  timer_.dispose();
  std::optional<steady_time> first;
  for (const auto& [id, of] : watching_)
    if (const auto due = of.pace.due(); due && (!first || *due < *first))
      first = due;
  if (!first)
    return;
  const auto now = self_->clock().now();
  if (*first <= now)
    on_timer();
  else
    timer_ = self_->run_delayed(*first - now, [this] { on_timer(); });
}

void watch_desk::on_timer() {
  const auto now = self_->clock().now();
  std::map<process_id, restart_cause> due;
  for (auto& [id, of] : watching_) {
    if (!of.pace.due() || *of.pace.due() > now)
      continue;
    auto [is_restart, text] = of.pace.take(now);
    of.ended_at.reset();
    if (is_restart) {
      due.emplace(id, restart_cause{restart_kind::watch, std::move(text)});
      continue;
    }
    of.pause = "paused: " + text;
    say(id, of);
    self_->send(with_.recorder,
                journal_packet(severity::warning, of.spec->name, 0,
                               fmt::format("watch {}. Name them in ignore_watch, and procvisor restart {}", of.pause,
                                           of.spec->name)));
  }
  if (!due.empty())
    with_.restart(due);
  set_timer();
}

} // namespace procvisor
