#include "config/js_reader.hpp"

#include <sys/wait.h>

#include <cstring>

#include <fmt/format.h>

#include "config/json_reader.hpp"
#include "config/problems.hpp"
#include "core/words.hpp"
#include "os/find_program.hpp"
#include "os/run_program.hpp"

namespace procvisor::config {

namespace {

/// import() takes all three kinds of file. The result has an fd of its own, because a file may print what it likes;
/// exit() at the end, because it may leave timers and sockets behind.
constexpr std::string_view evaluate = R"js(
import(require('url').pathToFileURL(process.argv[1]).href).then(async (file) => {
  const value = await (file.default ?? file);
  require('fs').writeFileSync({}, JSON.stringify(value) ?? 'null');
  process.exit(0);
}).catch((error) => {
  console.error(error);
  process.exit(1);
});
)js";

constexpr size_t most_output = 16 * 1024 * 1024;

void forget_positions(source_map& where) {
  where.key = {};
  where.value = {};
  for (auto& part : where.parts)
    forget_positions(part);
}

} // namespace

result<document> read_js(const std::string& path, const caller& who) {
  const auto node = os::find_program("node", who.search_path, who.cwd);
  if (!node)
    return fail(problem_at(path, {}, "needs node to be evaluated, and there is none in PATH",
                           "install node, or write the file as JSON or YAML"));
  auto script = std::string(evaluate);
  script.replace(script.find("{}"), 2, fmt::format("{}", os::program_result_fd));
  const auto absolute = path.starts_with('/') ? path : who.cwd + "/" + path;
  const auto ended = os::run_program({*node, "-e", script, "--", absolute}, most_output);
  if (!ended)
    return fail(problem_at(path, {}, fmt::format("cannot run {}: {}", *node, std::strerror(ended.error()))));
  if (!WIFEXITED(ended->wait_status) || WEXITSTATUS(ended->wait_status) != 0)
    return fail(problem_at(path, {}, fmt::format("node could not evaluate it:\n{}", trimmed(ended->talk))));
  auto doc = read_json(ended->result, path);
  if (doc)
    forget_positions(doc->where);
  return doc;
}

} // namespace procvisor::config
