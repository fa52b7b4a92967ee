#include "cli/screen/history_desk.hpp"

#include <utility>

#include "core/option_table.hpp"

namespace procvisor::cli {

namespace {

struct log_files {
  std::string out;
  std::string error;
};

/// As `describe` has them.
std::string path_of(const nlohmann::json& details, option_member member) {
  const auto found = details.find(option_of(member).key);
  const auto path = found != details.end() && found->is_string() ? found->get<std::string>() : "";
  return path == "/dev/null" ? "" : path;
}

log_files files_of(const nlohmann::json& details) {
  log_files files{path_of(details, &app_spec::out_file), path_of(details, &app_spec::error_file)};
  const auto both = path_of(details, &app_spec::log_file);
  if (files.out.empty())
    files.out = both;
  if (files.error.empty())
    files.error = both;
  return files;
}

message nothing_older() {
  return {"there are no older lines", false};
}

} // namespace

std::optional<message> history_desk::open(const monitor& state) {
  const auto* one = state.selected_process();
  if (one == nullptr)
    return message{"select one process to read its older lines", true};
  if (one->id == journal_id) {
    browser_.emplace(journal_, log_stream::journal, state.log.count_of(log_stream::journal));
  } else {
    if (!state.details.is_object())
      return message{"where its files are is not known yet", true};
    const auto files = files_of(state.details);
    const bool wants_error = state.log.choice() == stream_choice::err;
    const auto is_written = [](const std::string& path) { return !path.empty() && os::log_history{path}.end() > 0; };
    const bool is_error = wants_error || (state.log.choice() == stream_choice::both && !is_written(files.out));
    const bool is_shared = files.out == files.error; // lines of both streams are in it
    const auto count = is_shared ? state.log.count_of(log_stream::out) + state.log.count_of(log_stream::err)
                                 : state.log.count_of(is_error ? log_stream::err : log_stream::out);
    browser_.emplace(is_error ? files.error : files.out, is_error && !is_shared ? log_stream::err : log_stream::out,
                     count);
  }
  if (!browser_->is_empty())
    return std::nullopt;
  browser_.reset();
  return message{"no file keeps its older lines", true};
}

std::optional<message> history_desk::serve(const history_request& wanted, monitor& state) {
  if (std::holds_alternative<leave_history>(wanted)) {
    close(state);
    return std::nullopt;
  }
  is_searching_ = false;
  state.log.searched.reset();
  const bool was_open = is_open();
  if (!was_open)
    if (auto trouble = open(state))
      return trouble;
  const int height = state.places().log.height;
  if (!was_open && browser_->is_at_start()) {
    browser_.reset();
    return std::holds_alternative<search_history>(wanted) ? message{"not found", true} : nothing_older();
  }
  if (const auto* scroll = std::get_if<scroll_history>(&wanted)) {
    if (!browser_->scroll(scroll->lines, height) && scroll->lines > 0) {
      close(state);
      (void)state.log.to_end();
    }
  } else if (std::holds_alternative<seek_history>(wanted)) {
    browser_->to_start();
  } else if (const auto* search = std::get_if<search_history>(&wanted)) {
    browser_->begin_search(state.log.wanted(), search->is_older, was_open ? height : 0);
    is_searching_ = true;
    return search_on(state);
  }
  return std::nullopt;
}

std::optional<message> history_desk::search_on(monitor& state) {
  const auto found = browser_->search_on(state.places().log.height);
  is_searching_ = !found;
  state.log.searched = found ? std::nullopt : std::optional{browser_->searched_percent()};
  if (found.value_or(true))
    return std::nullopt;
  if (!state.log.history())
    browser_.reset(); // it was opened to search in it
  return message{"not found", true};
}

void history_desk::fill(monitor& state) const {
  // A search that has not found anything yet leaves the pane as it is.
  if (browser_ && (!is_searching_ || state.log.history()))
    state.log.show_history(browser_->page(state.places().log.height));
}

void history_desk::close(monitor& state) {
  browser_.reset();
  is_searching_ = false;
  state.log.searched.reset();
  state.log.show_history(std::nullopt);
}

} // namespace procvisor::cli
