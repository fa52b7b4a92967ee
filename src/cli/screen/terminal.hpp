#pragma once

#include <termios.h>

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::cli {

struct terminal_size {
  int columns = 80;
  int lines = 24;

  bool operator==(const terminal_size&) const = default;
};

/// The terminal of standard input and output, taken for a full screen: raw, the alternate screen, no cursor, mouse
/// reports. Given back as it was at the end of its life, and by a signal that ends the program at once (an exception
/// that nobody catches is SIGABRT). One at a time.
class terminal {
public:
  /// Fails with usage where standard input or output is no terminal that can do that.
  static result<terminal> take();

  terminal(terminal&&) noexcept = default;
  terminal& operator=(terminal&&) = delete;
  ~terminal();

  terminal_size size() const;
  int input() const noexcept;
  int output() const noexcept { return out_.get(); }

  /// Written as far as the terminal takes it; the rest is for flush(). A slow one never blocks this process.
  void write(std::string_view text);
  void flush();
  bool has_unwritten() const noexcept { return !unwritten_.empty(); }

  void leave();     ///< as it was
  void take_over(); ///< again, after leave()

private:
  explicit terminal(os::unique_fd out, const termios& before) : out_(std::move(out)), before_(before) {}

  void write_patiently(std::string_view text);

  os::unique_fd out_; ///< an open file of our own: O_NONBLOCK is nobody else's
  termios before_;
  bool is_taken_ = false;
  std::string unwritten_;
};

} // namespace procvisor::cli
