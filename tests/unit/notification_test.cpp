#include <doctest/doctest.h>

#include <string>

#include "core/notification.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

TEST_CASE("notification: the assignments of sd_notify are understood, one a line") {
  CHECK(read_notification("READY=1") == notification{.is_ready = true});
  CHECK(read_notification("READY=1\nSTATUS=serving\n") == notification{.is_ready = true, .status = "serving"});
  CHECK(read_notification("STATUS=a=b") == notification{.status = "a=b"});
  CHECK(read_notification("STATUS=") == notification{.status = ""});
  CHECK(read_notification("STOPPING=1") == notification{.is_stopping = true});
  CHECK(read_notification("WATCHDOG=1") == notification{.is_well = true});
  CHECK(read_notification("WATCHDOG=trigger") == notification{.is_unwell = true});
  CHECK(read_notification("EXTEND_TIMEOUT_USEC=1500001") == notification{.extension = 1501ms});
}

TEST_CASE("notification: what means nothing changes nothing") {
  for (const auto* text : {"", "\n\n", "READY", "READY=0", "READY=1 ", "ready=1", "MAINPID=1", "WATCHDOG=", "=1",
                           "EXTEND_TIMEOUT_USEC=-5", "EXTEND_TIMEOUT_USEC=soon"}) {
    CAPTURE(text);
    CHECK(read_notification(text) == notification{});
  }
  CHECK(read_notification("EXTEND_TIMEOUT_USEC=9223372036854775807").extension == longest_extension);
}

TEST_CASE("notification: a status is short, and cannot steer a terminal") {
  CHECK(read_notification("STATUS=\x1b[2J").status == "\\x1b[2J");
  const auto cut = read_notification("STATUS=" + std::string(most_status_bytes - 1, 'a') + "\u00fc").status;
  CHECK(cut == std::string(most_status_bytes - 1, 'a')); // no half a character
  CHECK(read_notification("STATUS=" + std::string(200, '\x01')).status->size() <= most_status_bytes);
}
