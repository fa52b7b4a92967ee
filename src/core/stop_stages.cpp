#include "core/stop_stages.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "core/signal_name.hpp"
#include "core/units.hpp"
#include "core/words.hpp"

namespace procvisor {

namespace {

std::optional<stop_stage> parse_stage(std::string_view text) {
  text = trimmed(text);
  const size_t name_end = std::min(text.find_first_of(" \t"), text.size());
  const auto signal = parse_signal(text.substr(0, name_end));
  const std::string_view time = trimmed(text.substr(name_end));
  const auto patience = parse_duration(time);
  if (!signal || (!time.empty() && !patience))
    return std::nullopt;
  return stop_stage{*signal, time.empty() ? std::nullopt : patience};
}

} // namespace

std::optional<std::vector<stop_stage>> parse_stop_stages(std::string_view text) {
  std::vector<stop_stage> stages;
  for (bool is_last = false; !is_last;) {
    const size_t end = std::min(text.find(','), text.size());
    is_last = end == text.size();
    const auto stage = parse_stage(text.substr(0, end));
    if (!stage || stages.size() == most_stop_stages)
      return std::nullopt;
    if (stage->signal == SIGKILL && (!is_last || stage->patience))
      return std::nullopt;
    stages.push_back(*stage);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return stages;
}

std::string to_string(const std::vector<stop_stage>& stages) {
  std::string text;
  for (const auto& [signal, patience] : stages) {
    const bool has_name = ::sigabbrev_np(signal) != nullptr;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", has_name ? signal_name(signal) : std::to_string(signal));
    if (patience)
      text += fmt::format(" {}", patience->count());
  }
  return text;
}

} // namespace procvisor
