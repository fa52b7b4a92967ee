// Says when schedules are due, for croner.mjs: a line `<seconds since the epoch> <schedule>` in, a line with the next
// three times in UTC out, or `error`.
#include <iostream>
#include <string>

#include "core/cron.hpp"

using namespace procvisor;

int main() {
  const time_zone utc = [](sys_second) { return zone_period{}; };
  for (std::string line; std::getline(std::cin, line);) {
    const auto space = line.find(' ');
    const auto schedule = parse_cron(std::string_view{line}.substr(space + 1));
    auto after = std::optional{sys_second{std::chrono::seconds{std::stoll(line.substr(0, space))}}};
    std::string times = schedule ? "" : "error";
    for (int i = 0; schedule && i < 3 && (after = next_due(*schedule, *after, utc)); ++i)
      times += std::to_string(after->time_since_epoch().count()) + ' ';
    std::cout << times << '\n';
  }
}
