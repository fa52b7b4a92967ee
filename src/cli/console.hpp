#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "cli/render/list_table.hpp"
#include "core/result.hpp"

namespace procvisor::cli {

/// How the user wants to be talked to: the options that every verb has.
struct manners {
  bool silent = false;    ///< -s: no talk; errors and data come all the same
  bool no_colour = false; ///< --no-color
  bool json = false;      ///< --json: data and errors are JSON
};

/// An open descriptor that is written to, and what it is.
struct output {
  int fd = -1;
  bool is_terminal = false;
  bool has_colours = false;                            ///< a terminal, and neither NO_COLOR nor TERM=dumb
  size_t columns = std::numeric_limits<size_t>::max(); ///< the terminal's, else $COLUMNS, else no limit
};

output look_at(int fd);

/// The three kinds of what a command says. *Data* is what was asked for, on standard output. *Talk* is what a person
/// wants to know besides; it goes to standard error where standard output is not a terminal, so that a script that
/// reads the output finds data only. *Errors* go to standard error.
class console {
public:
  console() : console(look_at(1), look_at(2)) {}
  console(output standard_output, output standard_error) : out_(standard_output), err_(standard_error) {}

  void behave(const manners& wanted) { manners_ = wanted; }
  const manners& behaviour() const noexcept { return manners_; }

  /// Written at once and unchanged; with that the command is done. Fails where it could not be written in full.
  result<exit_code> data(std::string_view text) const;

  /// Data that stands on standard error by its nature: what an app wrote to its own (`logs --raw`).
  void pass_on_error(std::string_view text) const;

  /// One line, without its newline: "[procvisor] started web (id 0, pid 123)".
  void talk(std::string_view line) const;

  /// Talk of several lines that speaks for itself, like a table. Ends with a newline.
  void show(std::string_view text) const;

  /// "procvisor: what" and "  hint: ...", or with --json {code, message, hint}.
  void report(const error& e) const;

  /// "procvisor: warning: ..." on standard error; hidden by -s.
  void warn(std::string_view line) const;

  /// The terminal may have another size now.
  void look_again() {
    out_ = look_at(out_.fd);
    err_ = look_at(err_.fd);
  }

  canvas data_canvas() const { return canvas_on(out_); }
  canvas talk_canvas() const { return canvas_on(talk_output()); }
  bool data_is_terminal() const noexcept { return out_.is_terminal; }
  bool talk_is_terminal() const noexcept { return talk_output().is_terminal; }

private:
  const output& talk_output() const noexcept { return out_.is_terminal ? out_ : err_; }
  bool coloured(const output& on) const noexcept { return on.has_colours && !manners_.no_colour; }
  canvas canvas_on(const output& on) const;

  output out_;
  output err_;
  manners manners_;
};

/// Standard error's form of an error: lines behind the first are indented.
std::string error_text(const error& e, bool coloured);

} // namespace procvisor::cli
