#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cli/render/inspect.hpp"

using procvisor::cli::inspected;

namespace {

struct row {
  const char* json;
  const char* text;
};

// What `util.inspect(value, { depth: null })` of Node 20 says of each; the keys are sorted, as our JSON is.
constexpr row rows[] = {
    {R"x(null)x", R"x(null)x"},
    {R"x(true)x", R"x(true)x"},
    {R"x(7)x", R"x(7)x"},
    {R"x(-2.5)x", R"x(-2.5)x"},
    {R"x("plain")x", R"x('plain')x"},
    {R"x("it's")x", R"x("it's")x"},
    {R"x("say \"hi\", it's")x", R"x(`say "hi", it's`)x"},
    {R"x([])x", R"x([])x"},
    {R"x({})x", R"x({})x"},
    {R"x([1,2,3])x", R"x([ 1, 2, 3 ])x"},
    {R"x(["--harmony","a b"])x", R"x([ '--harmony', 'a b' ])x"},
    {R"x({"2nd":2,"pm_id":0,"status":"online","with space":1})x",
     R"x({ '2nd': 2, pm_id: 0, status: 'online', 'with space': 1 })x"},
    {R"x({"a":{"b":{"c":{"d":1}}}})x",
     R"x({
  a: { b: { c: { d: 1 } } }
})x"},
    {R"x({"a":{"b":{"c":{}}}})x", R"x({ a: { b: { c: {} } } })x"},
    {R"x({"action_name":"km:heapdump","action_type":"internal","arity":2,"description":"a longer text"})x",
     R"x({
  action_name: 'km:heapdump',
  action_type: 'internal',
  arity: 2,
  description: 'a longer text'
})x"},
    {R"x({"env":{"HOME":"/root","LANG":"C","PATH":"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},"name":"web"})x",
     R"x({
  env: {
    HOME: '/root',
    LANG: 'C',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  },
  name: 'web'
})x"},
    {R"x([1,2,3,4,5,6,7,8,9,10,100,1000])x",
     R"x([
    1,    2, 3, 4,  5,
    6,    7, 8, 9, 10,
  100, 1000
])x"},
    {R"x(["a","bb","ccc","dddd","eeeee","f","g"])x", R"x([ 'a', 'bb', 'ccc', 'dddd', 'eeeee', 'f', 'g' ])x"},
    {R"x("tab\t and \u001b[2J and \\ and  and ünï 😀")x", R"x('tab\t and \x1B[2J and \\ and \x85 and ünï 😀')x"},
    {R"x({"text":"a first line that is quite long, longer than what is left of it\nand a second one"})x",
     R"x({
  text: 'a first line that is quite long, longer than what is left of it\n' +
    'and a second one'
})x"},
    {R"x([{"monit":{"cpu":0,"memory":0},"name":"web","pid":12,"pm2_env":{"args":["-p","80"],"watch":false},"pm_id":0}])x",
     R"x([
  {
    monit: { cpu: 0, memory: 0 },
    name: 'web',
    pid: 12,
    pm2_env: { args: [ '-p', '80' ], watch: false },
    pm_id: 0
  }
])x"},
};

} // namespace

TEST_CASE("inspect: a value is laid out as by Node's util.inspect") {
  for (const auto& [json, text] : rows) {
    CAPTURE(json);
    CHECK(inspected(nlohmann::json::parse(json)) == text);
  }
}
