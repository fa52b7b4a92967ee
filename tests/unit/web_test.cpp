#include <doctest/doctest.h>

#include "web/access.hpp"
#include "web/open_metrics.hpp"
#include "web/page.hpp"
#include "web/site.hpp"

using namespace procvisor;
using namespace procvisor::web;

namespace {

constexpr std::string_view token = "0123456789abcdef0123456789abcdef";

verdict asks(const credentials& who) {
  return judge(who, token, true);
}

} // namespace

TEST_CASE("web access: without the token only what tells no secret is to be seen") {
  for (const auto* path : {"/", "/healthz", "/readyz", "/metrics"}) {
    CAPTURE(path);
    CHECK(asks({.method = "GET", .path = path, .host = "localhost:9615"}) == verdict::let_in);
    CHECK(asks({.method = "POST", .path = path, .host = "localhost:9615"}) == verdict::no_token);
  }
  for (const auto* path :
       {"/ui", "/api/processes", "/api/logs/web", "/api/events", "/metrics/", "//", "/ui/../metrics"}) {
    CAPTURE(path);
    CHECK(asks({.method = "GET", .path = path, .host = "localhost"}) == verdict::no_token);
  }
}

TEST_CASE("web access: the token is a header for programs and a cookie for the page, which alone changes nothing") {
  const auto with = [](std::string_view method, std::string_view authorization, std::string_view cookie,
                       std::string_view own_header = {}) {
    return asks({.method = method,
                 .path = "/api/processes/web/stop",
                 .host = "[::1]:9615",
                 .authorization = authorization,
                 .cookie = cookie,
                 .own_header = own_header});
  };
  CHECK(with("POST", "Bearer 0123456789abcdef0123456789abcdef", "") == verdict::let_in);
  CHECK(with("POST", "Bearer 0123456789abcdef0123456789abcdee", "") == verdict::no_token);
  CHECK(with("POST", "bearer 0123456789abcdef0123456789abcdef", "") == verdict::no_token);
  CHECK(with("POST", "Bearer ", token) == verdict::no_token);
  CHECK(with("GET", "", token) == verdict::let_in);
  CHECK(with("POST", "", token) == verdict::forged);
  CHECK(with("POST", "", token, "1") == verdict::let_in);
  CHECK(with("POST", "", "", "1") == verdict::no_token);
  CHECK(judge({.method = "GET", .path = "/ui", .host = "localhost"}, "", true) == verdict::no_token);
}

TEST_CASE("web access: a loopback server is asked for by a name of the loopback alone") {
  for (const auto* host : {"localhost", "localhost:1", "127.0.0.1:9615", "127.1.2.3", "[::1]", "[::1]:80"})
    CHECK(asks({.method = "GET", .path = "/", .host = host}) == verdict::let_in);
  for (const auto* host : {"", "evil.example", "localhost.evil.example", "[::2]", "[", "10.0.0.1:9615"}) {
    CAPTURE(host);
    CHECK(asks({.method = "GET", .path = "/", .host = host}) == verdict::wrong_host);
    CHECK(judge({.method = "GET", .path = "/", .host = host}, token, false) == verdict::let_in);
  }
}

TEST_CASE("web access: the cookie is found among others") {
  CHECK(cookie_value("a=1; procvisor_9615=abc; b=2", cookie_name(9615)) == "abc");
  CHECK(cookie_value("procvisor_96155=x;procvisor_9615=y", cookie_name(9615)) == "y");
  CHECK(cookie_value("xprocvisor_9615=x", cookie_name(9615)) == "");
  CHECK(cookie_value(";;=;procvisor_9615", cookie_name(9615)) == "");
}

TEST_CASE("web site: an address and a port, as the environment of its process has them") {
  CHECK(site_from({})->port == 9615);
  CHECK(site_from({})->host == "127.0.0.1");
  const auto read = site_from(to_variables({"::1", 80}));
  REQUIRE(read);
  CHECK(origin_of(*read) == "http://[::1]:80");
  for (const auto& wrong : {site{"localhost", 80}, site{"", 80}, site{"1.2.3", 80}, site{"::1", 0}, site{"::1", 65536}})
    CHECK(check(wrong).error().code == exit_code::usage);
  CHECK(is_loopback("127.0.0.5"));
  CHECK(!is_loopback("0.0.0.0"));
}

TEST_CASE("open metrics: one family after the other, labels escaped, with its end") {
  rpc::process_row row;
  row.id = 3;
  row.name = "we\"b\\\n<b>";
  row.name_space = "default";
  row.status = process_status::online;
  row.mode = "fork";
  row.pid = 7;
  row.restarts = 2;
  row.started_at = 1000;
  row.cpu = 12.5;
  row.memory = 1048576;
  os::host_figures host;
  host.memory_total = 10;
  host.load[0] = 0.5;
  const auto text = open_metrics({row}, host, std::chrono::milliseconds{2500});
  const std::string labels = R"({id="3",name="we\"b\\\n<b>",namespace="default",instance="0"})";
  CHECK(text.find("# TYPE procvisor_process_up gauge\n# HELP procvisor_process_up 1 while it is online.\n"
                  "procvisor_process_up"
                  + labels + " 1\n")
        != std::string::npos);
  CHECK(text.find("procvisor_process_restarts_total" + labels + " 2\n") != std::string::npos);
  CHECK(text.find("procvisor_process_uptime_seconds" + labels + " 1.5\n") != std::string::npos);
  CHECK(text.find("procvisor_process_cpu_ratio" + labels + " 0.125\n") != std::string::npos);
  CHECK(text.find("procvisor_host_load1 0.5\n") != std::string::npos);
  CHECK(text.ends_with("# EOF\n"));
  CHECK(open_metrics({}, host, {}).ends_with("# EOF\n"));
}

TEST_CASE("web page: its script and its style have the nonce, nothing is loaded from elsewhere, and it is small") {
  const auto page = page_with("abc123");
  CHECK(page.find("<script nonce=\"abc123\">") != std::string::npos);
  CHECK(page.find("<style nonce=\"abc123\">") != std::string::npos);
  CHECK(page.find("@NONCE@") == std::string::npos);
  for (const auto* foreign : {"http://", "https://", "src=", "href=", "innerHTML", "@import", "url("})
    CHECK_MESSAGE(page.find(foreign) == std::string::npos, foreign);
  CHECK(page.size() < 60'000);
}
