#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace procvisor {

/// A folder of its own for one test case, gone with it.
class temp_folder {
public:
  temp_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "procvisor-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;
  ~temp_folder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  /// Gives the file's path.
  std::string write(std::string_view name, std::string_view text, mode_t mode = 0644) const {
    const auto file = *this / name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }

private:
  std::string path_;
};

} // namespace procvisor
