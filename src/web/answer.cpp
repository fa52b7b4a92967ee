#include "web/answer.hpp"

#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "core/units.hpp"
#include "os/random.hpp"
#include "rpc/wire.hpp"
#include "serve/secret.hpp"
#include "web/access.hpp"
#include "web/open_metrics.hpp"
#include "web/page.hpp"

namespace procvisor::web {

namespace {

using httplib::StatusCode;
using nlohmann::json;

constexpr const char* json_type = "application/json";
constexpr const char* html_type = "text/html; charset=utf-8";
constexpr const char* text_type = "text/plain; charset=utf-8";
constexpr int64_t most_log_lines = 1000;

/// Starts and stops take as long as the apps take.
constexpr rpc::patience as_long_as_it_takes = rpc::unlimited;

struct web_verb {
  std::string_view name;
  const char* method; ///< of the wire
};
constexpr std::array verbs = std::to_array<web_verb>({
    {"start", rpc::method::start_existing},
    {"stop", rpc::method::stop},
    {"restart", rpc::method::restart},
    {"reload", rpc::method::reload},
    {"reset", rpc::method::reset},
    {"delete", rpc::method::remove},
    {"scale", rpc::method::scale},
});

void say(httplib::Response& response, StatusCode status, std::string_view message, std::string_view hint = {}) {
  response.status = status;
  response.set_content(json{{"message", message}, {"hint", hint}}.dump(-1, ' ', false, json::error_handler_t::replace)
                           + "\n",
                       json_type);
}

StatusCode status_for(exit_code code) {
  switch (code) {
    case exit_code::done:
      return StatusCode::OK_200;
    case exit_code::usage:
      return StatusCode::BadRequest_400;
    case exit_code::not_found:
      return StatusCode::NotFound_404;
    case exit_code::unreachable:
      return StatusCode::ServiceUnavailable_503;
    case exit_code::start_failed:
    case exit_code::not_ready:
    case exit_code::partly:
    case exit_code::other:
      return StatusCode::InternalServerError_500;
  }
  return StatusCode::InternalServerError_500;
}

void say(httplib::Response& response, const error& why) {
  say(response, status_for(why.code), why.what, why.hint);
}

void send_json(httplib::Response& response, const json& value) {
  response.set_content(value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n", json_type);
}

/// "/api/processes/web" is api, processes, web; empty parts are left out.
std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    if (end > at)
      parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

/// Set anew: browsers follow all policies that there are.
void set_policy(httplib::Response& response, const std::string& policy) {
  response.headers.erase("Content-Security-Policy");
  response.set_header("Content-Security-Policy", policy);
}

void set_headers(httplib::Response& response) {
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_header("Cache-Control", "no-store");
  response.set_header("X-Frame-Options", "DENY");
  set_policy(response, "default-src 'none'; frame-ancestors 'none'");
}

/// The failures of an outcome, or none.
std::optional<error> failure_of(const json& outcome) {
  const auto failed = outcome.find("failed");
  if (failed == outcome.end() || failed->empty())
    return std::nullopt;
  const auto& first = failed->front();
  return error{rpc::code_from_wire(first.value("code", json{})), first.value("message", ""), first.value("hint", "")};
}

} // namespace

answer::answer(site where, std::string token, os::home place)
  : where_(std::move(where)), token_(std::move(token)), cookie_(cookie_name(where_.port)),
    is_local_(is_loopback(where_.host)), daemon_(std::move(place)) {
}

void answer::operator()(const httplib::Request& request, httplib::Response& response) {
  set_headers(response);
  const auto path = parts_of(request.path);
  const bool only_looks = request.method == "GET" || request.method == "HEAD";
  if (only_looks && path == std::vector<std::string>{"ui"} && request.has_param("token")) {
    // The address that `procvisor web` prints: the token goes into a cookie, and out of the address.
    response.set_header("Set-Cookie",
                        fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/", cookie_,
                                    serve::is_same_secret(request.get_param_value("token"), token_) ? token_ : ""));
    response.set_redirect("/ui", StatusCode::SeeOther_303);
    return;
  }
  if (!is_let_in(request, response))
    return;
  if (only_looks)
    answer_get(path, request, response);
  else if (request.method == "POST" && path.size() == 4 && path[0] == "api" && path[1] == "processes")
    act(path[2], path[3], request, response);
  else if (request.method == "DELETE" && path.size() == 3 && path[0] == "api" && path[1] == "processes")
    act(path[2], "delete", request, response);
  else
    say(response, StatusCode::MethodNotAllowed_405, "there is nothing of that kind here", "procvisor(1), web");
}

bool answer::is_let_in(const httplib::Request& request, httplib::Response& response) const {
  const auto host = request.get_header_value("Host");
  const auto authorization = request.get_header_value("Authorization");
  const auto cookies = request.get_header_value("Cookie");
  const auto own_header = request.get_header_value("X-Procvisor");
  switch (judge({.method = request.method,
                 .path = request.path,
                 .host = host,
                 .authorization = authorization,
                 .cookie = cookie_value(cookies, cookie_),
                 .own_header = own_header},
                token_, is_local_)) {
    case verdict::let_in:
      return true;
    case verdict::wrong_host:
      say(response, StatusCode::MisdirectedRequest_421, "this host is asked for by the name localhost alone");
      return false;
    case verdict::forged:
      say(response, StatusCode::Forbidden_403, "a request that changes something needs the header X-Procvisor");
      return false;
    case verdict::no_token:
      response.set_header("WWW-Authenticate", "Bearer");
      if (request.path == "/ui") {
        response.status = StatusCode::Unauthorized_401;
        response.set_content(std::string{login_page()}, html_type);
        set_policy(response,
                   "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'");
      } else {
        say(response, StatusCode::Unauthorized_401, "the token is missing or wrong", "procvisor web shows where it is");
      }
      return false;
  }
  return false;
}

void answer::answer_get(const std::vector<std::string>& path, const httplib::Request& request,
                        httplib::Response& response) {
  const auto is = [&](std::initializer_list<const char*> wanted) {
    return std::equal(path.begin(), path.end(), wanted.begin(), wanted.end());
  };
  if (path.empty() || is({"api", "processes"})) {
    auto seen = daemon_.look();
    if (!seen)
      say(response, seen.error());
    else
      response.set_content((path.empty() ? pm2_json(**seen) : page_json(**seen)) + "\n", json_type);
  } else if (is({"healthz"})) {
    response.set_content("ok\n", text_type);
  } else if (is({"readyz"})) {
    if (auto seen = daemon_.look(); seen)
      response.set_content("ok\n", text_type);
    else
      say(response, StatusCode::ServiceUnavailable_503, seen.error().what);
  } else if (is({"metrics"})) {
    show_metrics(response);
  } else if (is({"ui"})) {
    show_page(response);
  } else if (path.size() == 3 && path[0] == "api" && path[1] == "processes") {
    describe(path[2], response);
  } else if (is({"api", "events"}) || (path.size() == 3 && path[0] == "api" && path[1] == "logs")) {
    begin_stream(path, request, response);
  } else {
    say(response, StatusCode::NotFound_404, "there is nothing of that name here", "procvisor(1), web");
  }
}

void answer::show_page(httplib::Response& response) {
  const auto nonce = os::random_text();
  set_policy(response, fmt::format("default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; connect-src "
                                   "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                                   nonce));
  response.set_content(page_with(nonce), html_type);
}

void answer::show_metrics(httplib::Response& response) {
  auto seen = daemon_.look();
  if (!seen)
    say(response, seen.error());
  else
    response.set_content(open_metrics((*seen)->list.processes, (*seen)->host, (*seen)->taken_at), open_metrics_type);
}

void answer::describe(const std::string& target, httplib::Response& response) {
  auto told = daemon_.connect().and_then([&](rpc::client daemon) {
    return daemon.call(rpc::method::describe, {{"target", target}}, rpc::prompt);
  });
  if (!told)
    say(response, told.error());
  else
    send_json(response, *told);
}

void answer::act(const std::string& target, const std::string& verb, const httplib::Request& request,
                 httplib::Response& response) {
  const auto* const found = std::ranges::find(verbs, verb, &web_verb::name);
  if (found == verbs.end()) {
    say(response, StatusCode::NotFound_404, fmt::format("there is no verb '{}'", verb));
    return;
  }
  json params{{"targets", {target}}};
  if (found->name == "scale") {
    const auto to = parse_integer(request.get_param_value("to"));
    if (!to) {
      say(response, StatusCode::BadRequest_400, "scale needs a number: ?to=4");
      return;
    }
    params = {{"target", target}, {"to", *to}};
  }
  auto told = daemon_.connect().and_then(
      [&](rpc::client daemon) { return daemon.call(found->method, params, as_long_as_it_takes); });
  if (!told) {
    say(response, told.error());
    return;
  }
  if (const auto failed = failure_of(*told))
    response.status = status_for(failed->code);
  send_json(response, *told);
}

void answer::begin_stream(const std::vector<std::string>& path, const httplib::Request& request,
                          httplib::Response& response) {
  auto place = places_.take();
  if (place == nullptr) {
    say(response, StatusCode::ServiceUnavailable_503, "as many streams are open as may", "close some pages");
    return;
  }
  if (path[1] == "events") {
    stream_status(response, daemon_, std::move(place));
    return;
  }
  const auto lines = parse_integer(request.get_param_value("lines")).value_or(100);
  stream_logs(response, daemon_, path[2], std::clamp<int64_t>(lines, 0, most_log_lines), std::move(place));
}

} // namespace procvisor::web
