#include <doctest/doctest.h>

#include <csignal>

#include "core/signal_name.hpp"

using namespace procvisor;

TEST_CASE("signal name: with SIG and without, in any case, and by number") {
  for (const auto* text : {"SIGTERM", "TERM", "term", "sigterm", "15"})
    CHECK(parse_signal(text).value() == SIGTERM);
  CHECK(parse_signal("IOT").value() == SIGABRT);
  CHECK(parse_signal("RTMIN").value() == SIGRTMIN);
  CHECK(parse_signal("SIGRTMIN+3").value() == SIGRTMIN + 3);
  CHECK(parse_signal("RTMAX-1").value() == SIGRTMAX - 1);
  CHECK(signal_name(SIGUSR2) == "SIGUSR2");
  CHECK(signal_name(40) == "signal 40");
}

TEST_CASE("signal name: anything else is a usage error, with the nearest name") {
  for (const auto* text : {"", "0", "-1", "65", "SIG", "RTMIN+99", "RTMIN-1", "RTMAX+1", "RTMIN+", "15x"}) {
    CAPTURE(text);
    REQUIRE(!parse_signal(text));
    CHECK(parse_signal(text).error().code == exit_code::usage);
  }
  CHECK(parse_signal("SIGTREM").error().hint == "did you mean 'SIGTERM'?");
  CHECK(parse_signal("kil").error().hint.find("'KILL'") != std::string::npos);
}
