#pragma once

#include <optional>
#include <string>

#include "cli/screen/log_pane.hpp"
#include "os/log_history.hpp"

namespace procvisor::cli {

/// A page of a log's files that moves, and the search in them.
class log_browser {
public:
  /// The page begins so many lines before the end.
  log_browser(const std::string& path, log_stream stream, size_t lines);

  bool is_empty() const { return files_.end() == 0; }
  bool is_at_start() const noexcept { return top_ == 0; }

  /// Moves the page. False: it would be behind the last line, which is for those to show who follow.
  bool scroll(int lines, int height);
  void to_start() noexcept { top_ = 0; }

  void begin_search(std::string wanted, bool is_older, int height);
  /// Searches on for some milliseconds. nullopt: it is not over yet; else whether something was found.
  std::optional<bool> search_on(int height);
  int searched_percent() const;

  history_page page(int height) const;

private:
  struct search {
    std::string wanted; ///< in small letters, where capitals make no difference
    bool folds = false;
    bool is_older = true;
    off_t begun_at = 0;
    off_t at = 0;
  };

  os::log_history files_;
  std::string path_;
  log_stream stream_;
  off_t top_ = 0;
  std::optional<off_t> match_;
  search search_;
};

} // namespace procvisor::cli
