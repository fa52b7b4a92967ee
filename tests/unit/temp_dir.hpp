#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

/// A folder of a test's own (0700), removed with all that is in it.
class temp_dir {
public:
  temp_dir() {
    if (::mkdtemp(path_.data()) == nullptr)
      std::abort();
  }
  ~temp_dir() {
    std::error_code ignored; // a test may have taken its rights away
    std::filesystem::remove_all(path_, ignored);
  }
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;

  const std::string& path() const { return path_; }

private:
  std::string path_ = (std::filesystem::temp_directory_path() / "procvisor-test-XXXXXX").string();
};
