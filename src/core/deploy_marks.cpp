#include "core/deploy_marks.hpp"

#include <algorithm>
#include <utility>

namespace procvisor {

namespace {

/// A line that is longer comes in pieces.
constexpr size_t most_line = 64 * 1024;

} // namespace

std::vector<deploy_event> deploy_marks::take(std::string_view bytes) {
  std::vector<deploy_event> events;
  unread_ += bytes;
  size_t start = 0;
  for (size_t end = 0; (end = unread_.find('\n', start)) != std::string::npos; start = end + 1)
    take_line(std::string_view{unread_}.substr(start, end - start), events);
  unread_.erase(0, start);
  if (unread_.size() > most_line)
    for (auto& event : finish())
      events.push_back(std::move(event));
  if (passes_pieces_ && has_begun_ && !unread_.empty() && unread_.find(start_.front()) == std::string::npos)
    events.push_back({{}, std::exchange(unread_, {}), false});
  return events;
}

std::vector<deploy_event> deploy_marks::finish() {
  std::vector<deploy_event> events;
  if (!unread_.empty())
    take_line(unread_, events);
  unread_.clear();
  return events;
}

void deploy_marks::take_line(std::string_view line, std::vector<deploy_event>& events) {
  if (line.ends_with('\r')) // of a terminal
    line.remove_suffix(1);
  const size_t at = line.find(start_); // behind output that did not end its line
  if (at == std::string_view::npos) {
    add_output(line, events);
    return;
  }
  if (at > 0)
    add_output(line.substr(0, at), events);
  line.remove_prefix(at + start_.size());
  const size_t space = std::min(line.find(' '), line.size());
  deploy_event mark{std::string{line.substr(0, space)}, std::string{line.substr(std::min(space + 1, line.size()))}};
  has_begun_ |= mark.word == "begin";
  events.push_back(std::move(mark));
}

void deploy_marks::add_output(std::string_view text, std::vector<deploy_event>& events) const {
  if (has_begun_)
    events.push_back({{}, std::string{text}});
}

} // namespace procvisor
