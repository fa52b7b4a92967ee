#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <caf/disposable.hpp>

#include "actors/protocol.hpp"

namespace procvisor {

/// Writes down all processes (core/state), so that whoever comes after this daemon goes on from there: change by change
/// in a file in memory that the keeper holds, which a `kill -9` leaves as it was at that instruction; and soon after, by
/// the recorder, in state.json, for the case that the keeper dies too. A part of the registry, whose actor it uses.
class state_book {
public:
  struct setup {
    std::string path; ///< state.json
    std::string boot_id;
    launcher_actor launcher; ///< takes the file to the keeper
    recorder_link_actor recorder;
    std::function<saved_state()> whole; ///< all that there is to write
  };
  state_book(registry_actor::pointer self, setup with);

  /// What there is from now on, changes that are told from now on included: whole() has them already then.
  void write_anew();

  void declare(const process_record& record);
  void change(process_id id, const lifecycle& state);
  void remove(process_id id, generation gen);

  /// The list is about to be emptied by `kill`: the file stays as it is now, for `resurrect`.
  void close();

  /// What the user ought to know, one line each.
  std::vector<std::string> notes() const;

private:
  using clock = std::chrono::steady_clock;

  void append(std::string_view text, size_t lines);
  void save_soon(clock::duration pause);
  void save();

  registry_actor::pointer self_;
  setup with_;
  shared_fd file_; ///< null: memory was short
  size_t size_ = 0;
  size_t lines_ = 0;
  size_t rewrite_at_ = 0; ///< size at which what has been overtaken is worth leaving out
  environment_numbers numbers_;

  bool is_closed_ = false;
  bool save_is_due_ = false;                      ///< a timer runs
  std::optional<clock::time_point> saving_since_; ///< the recorder has not answered yet
  bool has_changed_ = false;                      ///< since then
  std::string failed_;                            ///< the newest save
};

} // namespace procvisor
