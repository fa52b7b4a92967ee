// Random commands and kills, with a real daemon: what tests/actors/lifecycle_model_test.cpp does with thousands of steps
// on a clock of its own.
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <random>

#include "home_fixture.hpp"

namespace e2e {

TEST_CASE_FIXTURE(home_fixture, "random commands and kills end in what was asked for last, with nobody there twice") {
  const char* given = std::getenv("PROCVISOR_TEST_SEED");
  const unsigned seed =
      given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  CAPTURE(seed); // PROCVISOR_TEST_SEED repeats it
  std::mt19937 random{seed};
  const auto below = [&](size_t limit) { return std::uniform_int_distribution<size_t>{0, limit - 1}(random); };
  program("idle");
  for (const std::string name : {"a", "b", "c"})
    write(name + ".json", R"([{"name": ")" + name + R"(", "script": "./idle", "instances": 2, "kill_timeout": 500,
                              "max_restarts": 1000000}])");
  enum class wish { gone, up, down };
  std::map<std::string, wish> wishes{{"a", wish::gone}, {"b", wish::gone}, {"c", wish::gone}};
  std::map<std::string, size_t> counts;

  for (int step = 0; step < 60; ++step) {
    auto at = wishes.begin();
    std::advance(at, below(wishes.size()));
    auto& [name, wished] = *at;
    const auto living = living_of_apps();
    CHECK(living.size() <= 4 * wishes.size());
    switch (below(8)) {
      case 0:
      case 1:
        done({"start", name + ".json", "--no-wait"});
        counts[name] = wished == wish::gone ? 2 : std::max<size_t>(counts[name], 2); // as many as the file says
        wished = wish::up;
        break;
      case 2:
        if (wished != wish::gone)
          done({"restart", name, "--no-wait"}), wished = wish::up;
        break;
      case 3:
        if (wished != wish::gone)
          done({"stop", name}), wished = wish::down;
        break;
      case 4:
        if (wished != wish::gone)
          done({"delete", name}), wished = wish::gone;
        break;
      case 5:
        if (wished == wish::up) {
          counts[name] = 1 + below(4);
          run({"scale", name, std::to_string(counts[name])});
        }
        break;
      case 6:
        if (!living.empty())
          ::kill(living[below(living.size())], SIGKILL);
        break;
      case 7:
        if (below(4) == 0 && in_role("daemon").size() == 1) // there is none before the first start
          kill_role("daemon");
        break;
    }
  }

  const auto is_as_wished = [&] {
    size_t running = 0;
    std::map<std::string, size_t> listed;
    for (const auto& row : processes()) {
      const auto name = row["name"].get<std::string>();
      ++listed[name];
      const bool is_up = row["pm2_env"]["status"] == "online";
      running += is_up ? 1 : 0;
      if (is_up != (wishes[name] == wish::up) || (!is_up && row["pm2_env"]["status"] != "stopped"))
        return false;
    }
    for (const auto& [name, wished] : wishes)
      if (listed[name] != (wished == wish::gone ? 0 : counts[name]))
        return false;
    return living_of_apps().size() == running;
  };
  CHECK(eventually(is_as_wished));
}

} // namespace e2e
