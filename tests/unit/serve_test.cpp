#include <doctest/doctest.h>

#include "core/static_site.hpp"
#include "serve/http_date.hpp"
#include "serve/listing.hpp"
#include "serve/media_type.hpp"
#include "serve/request_path.hpp"

using namespace procvisor;
using namespace procvisor::serve;

TEST_CASE("request path: dots and slashes are resolved, and never above the root") {
  struct row {
    std::string_view path;
    std::string_view relative;
    bool names_folder;
    std::string_view link;
  };
  const row rows[] = {
      {"/", ".", true, "/"},
      {"/a", "a", false, "/a"},
      {"/a/", "a", true, "/a/"},
      {"//a///b", "a/b", false, "/a/b"},
      {"/a/./b/..", "a", true, "/a/"},
      {"/a/../b c", "b c", false, "/b%20c"},
      {"/..a/b..", "", false, ""},
      {"/a..b/c:d?e#f", "a..b/c:d?e#f", false, "/a..b/c%3Ad%3Fe%23f"},
      {"/.well-known/x", ".well-known/x", false, "/.well-known/x"},
  };
  for (const auto& [path, relative, names_folder, link] : rows) {
    CAPTURE(path);
    const auto found = parse_request_path(path);
    REQUIRE(found.has_value() == !relative.empty());
    if (!found)
      continue;
    CHECK(relative_path(*found) == relative);
    CHECK(found->names_folder == names_folder);
    CHECK(link_to(*found) == link);
  }
  CHECK(parse_request_path("/..").error() == path_problem::outside);
  CHECK(parse_request_path("/a/../../b").error() == path_problem::outside);
  CHECK(parse_request_path("/.env").error() == path_problem::hidden);
  CHECK(parse_request_path("/a/.git/config").error() == path_problem::hidden);
  CHECK(parse_request_path("").error() == path_problem::invalid);
  CHECK(parse_request_path("a").error() == path_problem::invalid);
  CHECK(parse_request_path(std::string_view{"/a\0b", 4}).error() == path_problem::invalid);
}

TEST_CASE("media type: by the extension in any case, otherwise plain text") {
  CHECK(media_type("index.html") == "text/html; charset=utf-8");
  CHECK(media_type("PHOTO.JPG") == "image/jpeg");
  CHECK(media_type("app.min.js") == "text/javascript; charset=utf-8");
  CHECK(media_type("LICENSE") == "text/plain; charset=utf-8");
  CHECK(media_type("x.unknown") == "text/plain; charset=utf-8");
}

TEST_CASE("HTTP dates are written and read in the form of RFC 9110") {
  CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  CHECK_FALSE(parse_http_date("yesterday"));
  CHECK_FALSE(parse_http_date(""));
}

TEST_CASE("listing: folders first, names as text and as links") {
  const auto page = listing_page(*parse_request_path("/a<b/"), {{"z.txt", false}, {"<i>", true}, {"a:b", false}});
  CHECK(page.find("<title>/a&lt;b/</title>") != std::string::npos);
  CHECK(page.find("<a href=\"../\">") != std::string::npos);
  const auto folder = page.find("<a href=\"./%3Ci%3E/\">&lt;i&gt;/</a>");
  const auto first = page.find("<a href=\"./a%3Ab\">a:b</a>");
  const auto last = page.find("z.txt");
  CHECK(folder < first);
  CHECK(first < last);
  CHECK(last != std::string::npos);
}

TEST_CASE("static site: settings come from PM2_SERVE_* and say what is wrong with them") {
  const auto site = static_site_from({{"PM2_SERVE_PORT", "81"},
                                      {"PM2_SERVE_PATH", "/srv"},
                                      {"PM2_SERVE_HOST", "::1"},
                                      {"PM2_SERVE_SPA", "true"},
                                      {"PM2_SERVE_FTP", "0"},
                                      {"PM2_SERVE_BASIC_AUTH", "true"},
                                      {"PM2_SERVE_BASIC_AUTH_USERNAME", "u"},
                                      {"PM2_SERVE_BASIC_AUTH_PASSWORD", "p:q"}});
  REQUIRE(site);
  CHECK(site->port == 81);
  CHECK(site->root == "/srv");
  CHECK(site->host == "::1");
  CHECK(site->is_single_page);
  CHECK_FALSE(site->lists_folders);
  CHECK(site->only_for->password == "p:q");
  const auto plain = static_site_from({});
  REQUIRE(plain);
  CHECK(plain->port == 8080);
  CHECK_FALSE(plain->only_for);

  const auto problem = [](const environment& variables) { return static_site_from(variables).error().what; };
  CHECK(problem({{"PM2_SERVE_PORT", "65536"}}) == "PM2_SERVE_PORT must be a port from 1 to 65535, not '65536'");
  CHECK(problem({{"PM2_SERVE_SPA", "yes"}}) == "PM2_SERVE_SPA must be true or false, not 'yes'");
  CHECK(problem({{"PM2_SERVE_HOST", "localhost"}}) == "PM2_SERVE_HOST must be an IP address, not 'localhost'");
  CHECK(problem({{"PM2_SERVE_BASIC_AUTH_PASSWORD", "geheim"}}).find("geheim") == std::string::npos);
  CHECK(problem({{"PM2_SERVE_BASIC_AUTH", "true"}}).find("belong together") != std::string::npos);
}
