#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace procvisor {

/// A piece of what a deploy script prints: a line of the programs that it runs, or one of its own marks. A mark is a line
/// of the character RS (0x1e), the script's secret, a word and the rest:
///
///     begin                    the host is reached
///     stage fetch              what is being done now
///     note ...                 something to know
///     failed 3                 the stage has failed, with this exit code
///     error no-ref v1.0        why it goes no further (deploy_outcome.hpp knows them)
///     done COMMIT [BEFORE]     all is done
struct deploy_event {
  std::string word; ///< of a mark; empty: a line of output
  std::string text;
  bool ends_line = true; ///< false: output that goes on

  bool operator==(const deploy_event&) const = default;
};

/// Splits a stream into events. What comes before `begin` is of nobody who was asked (a login script), and is dropped.
class deploy_marks {
public:
  /// `passes_pieces`: output is wanted before its line has ended, for a question at a terminal.
  explicit deploy_marks(std::string_view mark, bool passes_pieces = false)
    : start_("\x1e" + std::string{mark} + " "), passes_pieces_(passes_pieces) {}

  std::vector<deploy_event> take(std::string_view bytes);

  /// What stands behind the last line, at the end of the stream.
  std::vector<deploy_event> finish();

private:
  void take_line(std::string_view line, std::vector<deploy_event>& events);
  void add_output(std::string_view text, std::vector<deploy_event>& events) const;

  std::string start_;
  bool passes_pieces_;
  std::string unread_;
  bool has_begun_ = false;
};

} // namespace procvisor
