// `serve`, `script: serve` and `static`: files by HTTP, and nothing but the files.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "home_fixture.hpp"
#include "http_client.hpp"

namespace e2e {

namespace {

/// A home with a site that is served on a port of its own.
struct site_fixture : home_fixture {
  int port = free_port();
  std::string app = "static-page-server-" + std::to_string(port);

  site_fixture() {
    write("site/index.html", "<h1>home</h1>\n");
    write("site/style.css", "body {}\n");
    write("site/numbers", "0123456789");
    write("site/empty.txt", "");
    write("site/docs/index.html", "docs\n");
    write("site/files/b.txt", "b\n");
    write("site/files/a <&> \"b\".txt", "a\n");
    write("site/files/sub/c.txt", "c\n");
    write("site/.env", "SECRET=1\n");
    write("site/.git/config", "hidden\n");
    write("site/files/.hidden", "hidden\n");
    write("site/.well-known/security.txt", "Contact: here\n");
    write("secret.txt", "outside\n");
    write("site2/secret.txt", "outside\n");
  }

  /// Waits until an app says that it serves.
  void await(const std::string& name) const {
    REQUIRE(eventually([&] { return contains(read("home/logs/" + name + "-out.log"), "serving"); }));
  }

  void serve(words options) const {
    words arguments{"serve", "site", std::to_string(port)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    done(arguments);
    await(app);
  }

  http_response get(const std::string& path, const std::vector<std::string>& headers = {}) const {
    return http_get(port, path, headers);
  }
};

} // namespace

TEST_CASE_FIXTURE(site_fixture, "serve: an app of its own serves the files of a folder") {
  const auto started = done({"serve", "site", std::to_string(port)});
  await(app);

  CHECK(contains(started.err, "serving " + path("site") + " on 0.0.0.0 port " + std::to_string(port)));
  CHECK(status_of(app) == "online");
  const auto home_page = get("/");
  CHECK(home_page.status == 200);
  CHECK(home_page.body == "<h1>home</h1>\n");
  CHECK(home_page.header("content-type") == "text/html; charset=utf-8");
  CHECK(home_page.header("access-control-allow-origin") == "*");
  CHECK_FALSE(home_page.header("date").empty());
  CHECK(get("/style.css").header("content-type") == "text/css; charset=utf-8");
  CHECK(get("/style.css?v=2").body == "body {}\n");
  CHECK(get("/numbers").header("content-type") == "text/plain; charset=utf-8");
  CHECK(get("/docs/").body == "docs\n");
  CHECK(get("/docs").status == 301);
  CHECK(get("/docs").header("location") == "/docs/");
  CHECK(get("//docs").header("location") == "/docs/"); // and not a host called docs
  CHECK(get("/empty.txt").status == 200);
  CHECK(get("/empty.txt", {"Range: bytes=0-1"}).status == 200);
  CHECK(get("/files/").status == 404); // no index.html, and no --ftp
  CHECK(get("/none").status == 404);
  CHECK(get("/numbers/").status == 404);

  write("site/404.html", "<p>not here</p>");
  const auto missing = get("/none");
  CHECK(missing.status == 404);
  CHECK(missing.body == "<p>not here</p>");
  CHECK(missing.header("content-type") == "text/html; charset=utf-8");
}

TEST_CASE_FIXTURE(site_fixture, "serve: parts of a file, and nothing of a file that the client has already") {
  serve({});

  const auto part = get("/numbers", {"Range: bytes=2-4"});
  CHECK(part.status == 206);
  CHECK(part.body == "234");
  CHECK(part.header("content-range") == "bytes 2-4/10");
  CHECK(get("/numbers", {"Range: bytes=-3"}).body == "789");
  CHECK(get("/numbers", {"Range: bytes=10-"}).status == 416);
  CHECK(contains(get("/numbers", {"Range: bytes=0-1,5-6"}).header("content-type"), "multipart/byteranges"));
  const auto head = http(port, "HEAD /numbers HTTP/1.1");
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == "10");
  CHECK(head.body.empty());

  const auto whole = get("/numbers");
  const std::string tag = whole.header("etag");
  REQUIRE_FALSE(tag.empty());
  CHECK(get("/numbers", {"If-None-Match: " + tag}).status == 304);
  CHECK(get("/numbers", {"If-None-Match: \"other\""}).status == 200);
  CHECK(get("/numbers", {"If-Modified-Since: " + whole.header("last-modified")}).status == 304);
  CHECK(get("/numbers", {"Range: bytes=2-4", "If-Range: " + tag}).body == "234");
  const auto changed = get("/numbers", {"Range: bytes=2-4", "If-Range: \"other\""});
  CHECK(changed.status == 200);
  CHECK(changed.body == "0123456789");

  const std::string large(3'000'000, 'x');
  write("site/large", large);
  CHECK(get("/large").body == large);
}

TEST_CASE_FIXTURE(site_fixture, "serve: no way leads out of the folder, nor to a file with a dot in front") {
  std::filesystem::create_symlink(path("secret.txt"), path("site/out"));
  std::filesystem::create_symlink("../site2", path("site/out-folder"));
  std::filesystem::create_symlink("numbers", path("site/in"));
  std::filesystem::create_symlink(path("site/docs"), path("site/in-folder"));
  REQUIRE(::mkfifo(path("site/pipe").c_str(), 0600) == 0);
  serve({"--ftp"});

  CHECK(get("/../secret.txt").status == 403);
  CHECK(get("/docs/../../secret.txt").status == 403);
  CHECK(get("/%2e%2e/secret.txt").status == 403);
  CHECK(get("/..%2fsecret.txt").status == 403);
  CHECK(get("/docs/../numbers").body == "0123456789");
  CHECK(get("/out").status == 404);
  CHECK(get("/out-folder/secret.txt").status == 404);
  CHECK(get("/out-folder/").status == 404);
  CHECK(get("/in").body == "0123456789");
  CHECK(get("/in-folder/").body == "docs\n");
  CHECK(get("/pipe").status == 404);
  CHECK(get("/numbers%00.html").status == 400);
  CHECK(get("/.env").status == 404);
  CHECK(get("/.git/config").status == 404);
  CHECK(get("/files/.hidden").status == 404);
  CHECK(get("/.well-known/security.txt").status == 200);
  CHECK(get("/" + std::string(7000, 'a')).status == 404);
  CHECK(get("/" + std::string(9000, 'a')).status == 414);
  CHECK(http(port, "GET secret.txt HTTP/1.1").status == 400);
  CHECK(http(port, "POST / HTTP/1.1", {"Content-Length: 0"}).status == 405);
  CHECK(http(port, "nonsense").status == 400);
}

TEST_CASE_FIXTURE(site_fixture, "serve --spa answers with the homepage, --ftp with a list of the files") {
  serve({"--spa", "--homepage", "/docs/index.html"});
  const auto page = get("/some/view");
  CHECK(page.status == 200);
  CHECK(page.body == "docs\n");
  CHECK(get("/").body == "docs\n");
  CHECK(get("/numbers").body == "0123456789");

  port = free_port();
  app = "files";
  serve({"--ftp", "--name", "files"});
  const auto list = get("/files/");
  CHECK(list.status == 200);
  CHECK(list.header("content-type") == "text/html; charset=utf-8");
  CHECK(contains(list.body, "<a href=\"./a%20%3C%26%3E%20%22b%22.txt\">a &lt;&amp;&gt; &quot;b&quot;.txt</a>"));
  CHECK(list.body.find("sub/") < list.body.find("b.txt"));
  CHECK_FALSE(contains(list.body, "hidden"));
  CHECK(get("/files").header("location") == "/files/");
  CHECK(get("/").body == "<h1>home</h1>\n");
}

TEST_CASE_FIXTURE(site_fixture, "serve: a password keeps others out, and is shown nowhere") {
  env["PM2_SERVE_BASIC_AUTH_PASSWORD"] = "open sesame";
  serve({"--basic-auth-username", "ali"});

  const auto refused = get("/");
  CHECK(refused.status == 401);
  CHECK(contains(refused.header("www-authenticate"), "Basic realm="));
  CHECK_FALSE(contains(refused.body, "home"));
  CHECK(get("/", {"Authorization: Basic YWxpOm9wZW4gc2VzYW1l"}).body == "<h1>home</h1>\n"); // ali:open sesame
  CHECK(get("/", {"Authorization: Basic YWxpOm9wZW4gc2VzYW1m"}).status == 401);
  CHECK(http(port, "POST / HTTP/1.1").status == 401);

  std::ifstream file{"/proc/" + std::to_string(pid_of(app)) + "/cmdline"};
  const std::string command_line{std::istreambuf_iterator<char>{file}, {}};
  CHECK(contains(command_line, "serve-files"));
  CHECK_FALSE(contains(command_line, "sesame"));
  CHECK_FALSE(contains(done({"list"}).out, "sesame"));
  CHECK_FALSE(contains(done({"describe", app}).out, "sesame"));
  CHECK_FALSE(contains(read("home/procvisor.log"), "sesame"));

  env.erase("PM2_SERVE_BASIC_AUTH_PASSWORD");
  port = free_port();
  app = "typed";
  serve({"--name", "typed", "--basic-auth-username", "ali", "--basic-auth-password", "open sesame"});
  CHECK(get("/").status == 401);
  CHECK(get("/", {"Authorization: Basic YWxpOm9wZW4gc2VzYW1l"}).body == "<h1>home</h1>\n");
}

TEST_CASE_FIXTURE(site_fixture, "a file may name the server as a script, and sites under 'static'") {
  const int other = free_port();
  write("ecosystem.json", R"({
    apps: [{name: 'web', script: 'serve', env: {PM2_SERVE_PATH: 'site', PM2_SERVE_PORT: )"
                              + std::to_string(port) + R"(, PM2_SERVE_SPA: 'true', PM2_SERVE_HOST: '127.0.0.1'}}],
    static: [{path: './site', port: )"
                              + std::to_string(other) + R"(, namespace: 'sites', ftp: true,
              basic_auth: {username: 'ali', password: 'sesame'}, monitor: true}]
  })");
  const std::string second = "static-page-server-" + std::to_string(other);

  const auto started = done({"start", "ecosystem.json"});
  await("web");
  await(second);

  CHECK(contains(started.err, "without effect here: monitor"));
  CHECK(get("/view").body == "<h1>home</h1>\n");
  CHECK(http_get(other, "/files/").status == 401);
  CHECK(http_get(other, "/files/", {"Authorization: Basic YWxpOnNlc2FtZQ=="}).status == 200);
  CHECK(process(second).at("pm2_env").at("namespace") == "sites");
  done({"delete", "ecosystem.json"});
  CHECK(processes().empty());
}

TEST_CASE_FIXTURE(site_fixture, "a static site in a file is checked like an app, with the place of each mistake") {
  write("site.json", "{static: [{\n"
                     " port: 0,\n"
                     " spa: 'maybe',\n"
                     " host: 'localhost',\n"
                     " fpt: true,\n"
                     " script: 'x',\n"
                     " basic_auth: {username: 'a:b', pass: 'x'}\n"
                     "}]}\n");
  write("gone.json", "{static: [{path: 'gone'}]}");
  write("half.json", "{static: {basic_auth: {username: 'a'}}}");
  write("args.json", "{apps: [{script: 'serve', args: '-s'}]}");

  const auto refused = run({"start", "site.json"});
  CHECK(refused.exit_code == 2);
  for (const char* problem :
       {"site.json:2:8: 'port' must be a port from 1 to 65535, not '0'", "site.json:3:7: 'spa' must be true or false",
        "site.json:4:8: 'host' must be an IP address",
        "site.json:5:2: unknown key 'fpt' of a static site: did you mean", "site.json:6:2: unknown key 'script'",
        "site.json:7:25: 'username' must be a name without ':'", "site.json:7:32: unknown key 'pass'"})
    CHECK_MESSAGE(contains(refused.err, problem), problem, "\n", refused.err);
  CHECK(contains(run({"start", "gone.json"}).err, "there is no folder '" + path("gone") + "' to serve"));
  CHECK(contains(run({"start", "half.json"}).err, "'basic_auth' must have username and password"));
  CHECK(contains(run({"start", "args.json"}).err, "'args' has no meaning for the script 'serve'"));
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(site_fixture, "serve: a wrong port, folder or login is a usage error, and starts nothing") {
  const auto check = [&](const words& arguments, const std::string& message) {
    const auto refused = run(arguments);
    CHECK_MESSAGE(refused.exit_code == 2, message, "\n", refused.err);
    CHECK_MESSAGE(contains(refused.err, message), refused.err);
    CHECK(refused.out.empty());
  };
  check({"serve", "site", "0"}, "the port must be a port from 1 to 65535, not '0'");
  check({"serve", "site", "99999"}, "the port must be a port from 1 to 65535, not '99999'");
  check({"serve", "site", "--port", "http"}, "the port must be a port from 1 to 65535, not 'http'");
  check({"serve", "site", "8080", "--port", "8081"}, "two ports were given");
  check({"serve", "nowhere"}, "there is no folder '" + path("nowhere") + "' to serve");
  check({"serve", "secret.txt"}, "there is no folder '" + path("secret.txt") + "' to serve");
  check({"serve", "site", "8080", "more"}, "'more' is too many");
  check({"serve", "site", "--host", "example.org"}, "--host must be an IP address");
  check({"serve", "site", "--basic-auth-username", "a"}, "belong together");
  check({"serve", "site", "--interpreter", "node"}, "--exec-interpreter has no meaning for the script 'serve'");
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(site_fixture, "serve: a port that is taken is said, with exit code 4") {
  const int listener = listen_on_any_port(port);
  const auto refused = run({"serve", "site", std::to_string(port), "--host", "127.0.0.1"});
  ::close(listener);

  CHECK(refused.exit_code == 4);
  CHECK(contains(refused.err, "cannot listen on 127.0.0.1 port " + std::to_string(port) + ": Address already in use"));
  CHECK(living().empty());

  app = "static-page-server-" + std::to_string(port);
  serve({});
  const auto again = run({"serve", "site", std::to_string(port)});
  CHECK(again.exit_code != 0);
  CHECK(contains(again.err, app));
  CHECK(processes().size() == 1);
}

TEST_CASE_FIXTURE(site_fixture, "serve: the program is kept by the name it was called by, which outlives an upgrade") {
  std::filesystem::create_directory(path("bin"));
  std::filesystem::create_symlink(PROCVISOR_PROGRAM, path("bin/procvisor"));
  const auto started = e2e::run({{path("bin/procvisor"), "serve", "site", std::to_string(port)}, env, folder(), {}});
  REQUIRE(started.exit_code == 0);
  await(app);

  CHECK(process(app).at("pm2_env").at("pm_exec_path") == path("bin/procvisor"));
}

} // namespace e2e
