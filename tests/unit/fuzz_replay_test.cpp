#include <doctest/doctest.h>

#include <filesystem>

#include "../fuzz/targets.hpp"
#include "os/text_file.hpp"

using namespace procvisor;

TEST_CASE("fuzz: the corpus keeps the promises of the readers") {
  struct row {
    const char* folder;
    void (*target)(std::string_view);
  };
  const row rows[] = {{"json", fuzz::json},        {"yaml", fuzz::yaml},       {"words", fuzz::words},
                      {"units", fuzz::units},      {"request", fuzz::request}, {"state", fuzz::state},
                      {"pm2_dump", fuzz::pm2_dump}};
  for (const auto& [folder, target] : rows) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(FUZZ_CORPUS) / folder)) {
      const auto bytes = os::read_text_file(entry.path().string(), 1 << 20);
      REQUIRE(bytes);
      target(*bytes);
      ++count;
    }
    CHECK(count > 0);
  }
}
