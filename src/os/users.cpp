#include "os/users.hpp"

#include <grp.h>
#include <pwd.h>

#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "os/run_program.hpp"

namespace procvisor::os {

namespace {

struct file_closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, file_closer>;

/// The first entry of a passwd(5) stream that matches.
template <class Matches>
std::optional<user_entry> find_user_in(std::FILE* stream, Matches matches) {
  while (stream != nullptr) {
    const passwd* entry = ::fgetpwent(stream);
    if (entry == nullptr)
      break;
    if (matches(*entry))
      return user_entry{entry->pw_name, entry->pw_uid, entry->pw_gid, entry->pw_dir};
  }
  return std::nullopt;
}

std::optional<gid_t> find_group_in(std::FILE* stream, const std::string& name) {
  while (stream != nullptr) {
    const group* entry = ::fgetgrent(stream);
    if (entry == nullptr)
      break;
    if (name == entry->gr_name)
      return entry->gr_gid;
  }
  return std::nullopt;
}

/// What `getent <database> <key>` prints, as a stream; empty where there is none. The text has to outlive the stream.
std::string ask_directory(const char* database, const std::string& key) {
  constexpr size_t limit = 64 * 1024;
  for (const char* getent : {"/usr/bin/getent", "/bin/getent"})
    if (auto ended = run_program({getent, database, "--", key}, limit); ended && ended->wait_status == 0)
      return std::move(ended->talk);
  return {};
}

file_handle open_text(std::string& text) {
  return file_handle{text.empty() ? nullptr : ::fmemopen(text.data(), text.size(), "r")};
}

template <class Matches>
std::optional<user_entry> find_user_by(const std::string& key, Matches matches) {
  const file_handle local{std::fopen("/etc/passwd", "re")};
  if (auto entry = find_user_in(local.get(), matches))
    return entry;
  std::string answer = ask_directory("passwd", key);
  return find_user_in(open_text(answer).get(), matches);
}

} // namespace

std::optional<user_entry> find_user(const std::string& name) {
  return find_user_by(name, [&](const passwd& entry) { return name == entry.pw_name; });
}

std::optional<user_entry> find_user(uid_t uid) {
  return find_user_by(fmt::format("{}", uid), [uid](const passwd& entry) { return uid == entry.pw_uid; });
}

std::optional<gid_t> find_group(const std::string& name) {
  const file_handle local{std::fopen("/etc/group", "re")};
  if (auto gid = find_group_in(local.get(), name))
    return gid;
  std::string answer = ask_directory("group", name);
  return find_group_in(open_text(answer).get(), name);
}

} // namespace procvisor::os
