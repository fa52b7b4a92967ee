#include <doctest/doctest.h>

#include <string>

#include "core/ipc_message.hpp"

using namespace procvisor;
using nlohmann::json;

TEST_CASE("ipc message: what Node programs and pmx say is understood") {
  CHECK(std::holds_alternative<ipc::ready>(ipc::read_message(R"("ready")")));
  CHECK(std::holds_alternative<ipc::ready>(ipc::read_message(R"("online")")));
  const auto action = ipc::read_message(R"({"type":"axm:action","data":{"action_name":"hi","arity":0}})");
  REQUIRE(std::holds_alternative<ipc::offered_action>(action));
  CHECK(std::get<ipc::offered_action>(action).name == "hi");
  const auto reply = ipc::read_message(R"({"type":"axm:reply","data":{"return":{"a":1},"action_name":"hi"}})");
  REQUIRE(std::holds_alternative<ipc::action_reply>(reply));
  CHECK(std::get<ipc::action_reply>(reply).value == json{{"a", 1}});
  CHECK(std::holds_alternative<ipc::shown_metrics>(ipc::read_message(R"({"type":"axm:monitor","data":{}})")));
}

TEST_CASE("ipc message: what is for others keeps its type, or is process:msg as a whole") {
  for (const auto* line : {R"("readY")", "1", "null", "[]", R"({"cmd":"hello"})", R"({"type":7,"data":{}})"}) {
    CAPTURE(line);
    const auto message = ipc::read_message(line);
    REQUIRE(std::holds_alternative<ipc::said>(message));
    CHECK(std::get<ipc::said>(message).type == "process:msg");
    CHECK(std::get<ipc::said>(message).is_raw);
    CHECK(std::get<ipc::said>(message).data == json::parse(line));
  }
  const auto typed = ipc::read_message(R"({"type":"job:done","data":[1]})");
  REQUIRE(std::holds_alternative<ipc::said>(typed));
  CHECK(std::get<ipc::said>(typed).type == "job:done");
  CHECK(!std::get<ipc::said>(typed).is_raw);
  CHECK(std::get<ipc::said>(typed).data == json::parse("[1]"));
}

TEST_CASE("ipc message: what means nothing to anybody is passed over, and garbage is known as such") {
  for (const auto* line : {R"({"cmd":"NODE_OTHER"})", R"({"type":"axm:action","data":7})",
                           R"({"type":"axm:action","data":{"action_name":7}})"}) {
    CAPTURE(line);
    CHECK(std::holds_alternative<ipc::unknown>(ipc::read_message(line)));
  }
  for (const auto* line : {"", "ready", "{", "\"\xff\""}) {
    CAPTURE(line);
    CHECK(std::holds_alternative<ipc::garbage>(ipc::read_message(line)));
  }
  CHECK(std::holds_alternative<ipc::garbage>(ipc::read_message(std::string(100, '[') + std::string(100, ']'))));
  CHECK(std::holds_alternative<ipc::said>(ipc::read_message("[\"" + std::string(100, '[') + "\\\"\"]")));
}

TEST_CASE("ipc message: what an app offers is bounded") {
  json actions = json::array();
  CHECK(ipc::keep_action(actions, {"a", {{"action_name", "a"}}}));
  CHECK(ipc::keep_action(actions, {"a", {{"action_name", "a"}, {"arity", 2}}}));
  CHECK(actions == json::parse(R"([{"action_name":"a","arity":2}])"));
  CHECK(!ipc::keep_action(actions, {"b", {{"action_name", "b"}, {"junk", std::string(2000, 'x')}}}));
  for (size_t i = 1; i < ipc::most_offers; ++i)
    CHECK(ipc::keep_action(actions, {std::to_string(i), {{"action_name", std::to_string(i)}}}));
  CHECK(!ipc::keep_action(actions, {"z", {{"action_name", "z"}}}));

  json metrics = json::object();
  CHECK(ipc::keep_metrics(metrics, {{{"Queue", {{"value", 1}}}}}));
  CHECK(ipc::keep_metrics(metrics, {{{"Queue", {{"value", 2}}}, {"Load", 3}}}));
  CHECK(metrics == json::parse(R"({"Queue":{"value":2},"Load":3})"));
  CHECK(!ipc::keep_metrics(metrics, {{{"Big", std::string(2000, 'x')}}}));
  CHECK(metrics.size() == 2);
}

TEST_CASE("ipc message: an action goes as its name, or as an object with its parameters") {
  CHECK(ipc::action_message("hi", {}).dump() == R"("hi")");
  CHECK(ipc::action_message("hi", "a b") == json{{"msg", "hi"}, {"opts", "a b"}});
  CHECK(ipc::shutdown_message().dump() == R"("shutdown")");
}
