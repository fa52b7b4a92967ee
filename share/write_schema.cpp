// Writes the JSON schema of files of apps, to be installed for editors. Run by the build.
#include <iostream>

#include <nlohmann/json.hpp>

#include "core/option_schema.hpp"

int main() {
  std::cout << procvisor::ecosystem_schema().dump(2) << '\n';
  return std::cout.good() ? 0 : 1;
}
