#include <doctest/doctest.h>

#include <csignal>
#include <initializer_list>
#include <optional>
#include <vector>

#include "core/stop_stages.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

TEST_CASE("stop_stages: signals by name or number, each with the time until the next") {
  struct row {
    const char* text;
    std::optional<std::vector<stop_stage>> stages;
  };
  using list = std::vector<stop_stage>;
  for (const auto& [text, stages] : std::initializer_list<row>{
           {"SIGTERM", list{{SIGTERM}}},
           {"term", list{{SIGTERM}}},
           {"sigusr2", list{{SIGUSR2}}},
           {"15", list{{SIGTERM}}},
           {"SIGINT 10s, SIGTERM 20s", list{{SIGINT, 10s}, {SIGTERM, 20s}}},
           {" INT   500 ,TERM", list{{SIGINT, 500ms}, {SIGTERM}}},
           {"SIGINT 1m,SIGKILL", list{{SIGINT, 1min}, {SIGKILL}}},
           {"40 1h", list{{40, 1h}}},
           {"", {}},
           {",", {}},
           {"SIGTERM,", {}},
           {"SIG", {}},
           {"SIGNONE", {}},
           {"0", {}},
           {"-15", {}},
           {"65", {}},
           {"SIGTERM soon", {}},
           {"SIGTERM 10 s", {}},
           {"SIGKILL 10s", {}},
           {"SIGKILL, SIGTERM", {}},
           {"1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", {}},
       }) {
    CAPTURE(text);
    CHECK(parse_stop_stages(text) == stages);
    if (stages)
      CHECK(parse_stop_stages(to_string(*stages)) == stages);
  }
}

TEST_CASE("stop_stages: a stop is written as it is read") {
  CHECK(to_string({{SIGINT, 10s}, {SIGTERM}, {40}}) == "SIGINT 10000, SIGTERM, 40");
}
