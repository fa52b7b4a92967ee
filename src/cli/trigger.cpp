#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/outcome.hpp"
#include "cli/pass_on.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// PM2's words, for scripts that look for them.
std::string reply_line(const nlohmann::json& reply) {
  return fmt::format("[{}:{}:{}]={}\n", reply.value("name", ""), reply.value("id", 0), reply.value("namespace", ""),
                     reply.at("reply").dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace

result<exit_code> run::trigger(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  const auto& words = call.targets();
  nlohmann::json params{{"action", words[1]}};
  if (words.size() == 3)
    params["params"] = words[2];
  auto sent = pass_on(rpc::method::trigger, words[0], std::move(params));
  if (!sent)
    return fail(std::move(sent.error()));

  outcome reached;
  reached.add(sent->answer);
  const console& out = call.out();
  for (const error& e : failures_of(reached))
    out.report(e);
  const auto& replies = sent->answer.at("replies");
  std::string text = out.behaviour().json ? replies.dump() + "\n" : "";
  if (!out.behaviour().json)
    for (const nlohmann::json& reply : replies)
      text += reply_line(reply);
  const auto shown = out.data(text);
  return shown ? exit_code_of(reached) : shown;
}

} // namespace procvisor::cli
