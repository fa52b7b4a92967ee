#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "cli/caller.hpp"
#include "cli/invocation.hpp"
#include "core/sample_files.hpp"
#include "core/text.hpp"
#include "os/text_file.hpp"

namespace procvisor::cli {

namespace {

constexpr mode_t usual_mode = 0644;

/// In the working directory.
result<exit_code> write_sample(const console& out, const sample_file& sample, bool is_forced) {
  const auto who = find_caller();
  if (!who)
    return fail(error{who.error()});
  const std::string path = fmt::format("{}/{}", who->cwd, sample.name);
  const int failed =
      is_forced ? os::replace_text_file(path, sample.text, usual_mode) : os::create_text_file(path, sample.text);
  if (failed == EEXIST)
    return fail(exit_code::usage, fmt::format("{} is there already", in_quotes(sample.name)), "--force overwrites it");
  if (failed != 0)
    return fail(exit_code::other, fmt::format("writing {} failed: {}", in_quotes(path), std::strerror(failed)));
  out.talk(fmt::format("wrote {}; edit it, then: procvisor start {}", path, sample.name));
  return exit_code::done;
}

constexpr const char* force_option = "-f,--force";
constexpr const char* force_help = "overwrite the file that is there";

} // namespace

result<exit_code> run::ecosystem(invocation& call) {
  bool is_forced = false;
  call.flag(force_option, is_forced, force_help);
  if (auto ended = call.parse())
    return *ended;
  return write_sample(call.out(), sample_of(sample_format::json, false), is_forced);
}

result<exit_code> run::init(invocation& call) {
  bool is_forced = false;
  bool as_yaml = false;
  bool as_js = false;
  call.flag(force_option, is_forced, force_help);
  call.flag("--yaml", as_yaml, "write ecosystem.yaml");
  call.flag("--js", as_js, "write ecosystem.config.js (this is so without an option); --json: ecosystem.json");
  if (auto ended = call.parse())
    return *ended;
  const bool as_json = call.out().behaviour().json;
  if (static_cast<int>(as_yaml) + static_cast<int>(as_js) + static_cast<int>(as_json) > 1)
    return fail(exit_code::usage, "--yaml, --json and --js are three formats", "choose one of them");
  if (!call.targets().empty() && call.targets().front() != "simple")
    return fail(exit_code::usage, fmt::format("there is no sample {}", in_quotes(call.targets().front())),
                "procvisor init, or procvisor init simple");
  const auto format = as_json ? sample_format::json : as_yaml ? sample_format::yaml : sample_format::js;
  return write_sample(call.out(), sample_of(format, !call.targets().empty()), is_forced);
}

} // namespace procvisor::cli
