#include "core/path_text.hpp"

#include <filesystem>

namespace procvisor {

namespace {

std::string normalized(std::string path) {
  if (path.find("/.") == std::string::npos && path.find("//") == std::string::npos && !path.ends_with('/'))
    return path;
  auto clean = std::filesystem::path(path).lexically_normal().string();
  if (clean.size() > 1 && clean.ends_with('/'))
    clean.pop_back();
  return clean;
}

} // namespace

std::string absolute_path(std::string_view path, std::string_view base) {
  if (path.starts_with('/'))
    return normalized(std::string(path));
  return normalized(std::string(base).append("/").append(path));
}

std::optional<std::string_view> rest_below(std::string_view path, std::string_view folder) {
  if (folder == "/")
    return path == "/" ? std::string_view{} : path;
  if (!path.starts_with(folder))
    return std::nullopt;
  path.remove_prefix(folder.size());
  if (!path.empty() && path.front() != '/')
    return std::nullopt;
  return path;
}

} // namespace procvisor
