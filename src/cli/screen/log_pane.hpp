#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/render/log_line.hpp"
#include "cli/screen/input.hpp"

namespace procvisor::cli {

struct pane_line {
  int64_t id = 0;
  log_stream stream = log_stream::out;
  std::string text = {};   ///< plain_text()
  std::string label = {};  ///< of the process, where lines of several are shown
  bool is_heading = false; ///< a line of ours, about those below
};

enum class stream_choice : uint8_t { both, out, err };

/// Lines of files, as far as they fill a page.
struct history_page {
  std::vector<std::string> lines = {}; ///< plain_text()
  log_stream stream = log_stream::out;
  std::string path = {};
  int percent = 0; ///< of the file and those that were put aside before it, above the page's end
  bool is_start = false;
  std::optional<size_t> match = {};
  std::string note = {}; ///< what is left out
};

/// What a pane wants of the files.
struct scroll_history {
  int lines = 0; ///< down; up below zero. Where the pane does not show files yet: from its first line on
};
struct seek_history {}; ///< to the oldest line
struct search_history {
  bool is_older = true;
};
struct leave_history {}; ///< and whatever is going on there
using history_request = std::variant<scroll_history, seek_history, search_history, leave_history>;

/// The log of what is selected: the newest lines as they come, and older ones, which are read from the files. The pane
/// follows while its last line is the newest one.
class log_pane {
public:
  static constexpr size_t most_lines = 5000;
  static constexpr size_t most_bytes = 4U << 20U;

  /// Empties it for another process.
  void clear();

  void add(pane_line line);

  /// The lines to show in a page of so many, oldest first.
  std::vector<const pane_line*> page(int height) const;

  /// By what is on the keyboard in a pane of this height; nullopt: nothing is wanted of the files.
  std::optional<history_request> scroll(int lines, int height);
  std::optional<history_request> to_start(int height);
  std::optional<history_request> to_end();
  std::optional<history_request> search(bool is_older, int height);
  std::optional<history_request> choose(stream_choice wanted);
  void pause() noexcept { is_paused_ = true; }
  void shift(int columns) noexcept { column_ = column_ + columns < 0 ? 0 : column_ + columns; }

  bool follows() const noexcept { return back_ == 0 && !is_paused_ && !history_; }
  bool is_paused() const noexcept { return is_paused_; }
  stream_choice choice() const noexcept { return choice_; }
  size_t column() const noexcept { return static_cast<size_t>(column_); }
  bool has_match(const pane_line& line) const noexcept { return match_ && &line == line_at(*match_); }

  /// What is searched for, and stands out; empty: nothing.
  const std::string& wanted() const noexcept { return wanted_; }
  void look_for(std::string text);

  std::string trouble;         ///< why there is nothing to see; empty: there may be
  std::optional<int> searched; ///< percent of the files, while they are searched

  const std::optional<history_page>& history() const noexcept { return history_; }
  void show_history(std::optional<history_page> page) { history_ = std::move(page); }

  /// How many lines are there of a stream, for the place where the files go on with what is older.
  size_t count_of(log_stream stream) const;
  bool is_empty() const noexcept { return lines_.empty(); }

private:
  bool is_shown(const pane_line& line) const noexcept;
  int shown_count() const;
  const pane_line* line_at(uint64_t number) const noexcept;

  std::deque<pane_line> lines_;
  uint64_t dropped_ = 0; ///< lines before the first; with them each line has a number
  size_t bytes_ = 0;
  stream_choice choice_ = stream_choice::both;
  int back_ = 0; ///< shown lines below the page
  int column_ = 0;
  bool is_paused_ = false;
  std::string wanted_;
  std::optional<uint64_t> match_; ///< number of a line
  std::optional<history_page> history_;
};

std::string_view to_string(stream_choice choice);

} // namespace procvisor::cli
