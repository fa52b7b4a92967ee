#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "web/daemon_view.hpp"

namespace httplib {
struct Response;
} // namespace httplib

namespace procvisor::web {

/// How many streams may be open at one time: each holds a thread.
class stream_places {
public:
  static constexpr int most = 64;

  class place {
  public:
    explicit place(stream_places& of) : of_(of) {}
    ~place() { of_.taken_.fetch_sub(1); }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

  private:
    stream_places& of_;
  };

  /// Null: all are taken.
  std::shared_ptr<place> take();

private:
  std::atomic<int> taken_{0};
};

/// Server-Sent Events (WHATWG HTML, 9.2): `list` each second, and `event` and `message` as they happen. Ends with the
/// daemon; a browser comes again by itself.
void stream_status(httplib::Response& response, daemon_view& daemon, std::shared_ptr<stream_places::place> place);

/// `log`: the last lines of a target, and what is written from then on. `stream`: out, err or both.
void stream_logs(httplib::Response& response, daemon_view& daemon, const std::string& target, int64_t lines,
                 std::shared_ptr<stream_places::place> place);

} // namespace procvisor::web
