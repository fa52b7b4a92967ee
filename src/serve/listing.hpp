#pragma once

#include <string>
#include <vector>

#include "serve/request_path.hpp"

namespace procvisor::serve {

struct listed_file {
  std::string name;
  bool is_folder = false;
};

/// The page that lists a folder: folders first, each kind by name.
std::string listing_page(const request_path& folder, std::vector<listed_file> files);

} // namespace procvisor::serve
