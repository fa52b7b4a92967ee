#include "serve/site_answer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <httplib.h>

#include "serve/http_date.hpp"
#include "serve/listing.hpp"
#include "serve/media_type.hpp"
#include "serve/secret.hpp"

namespace procvisor::serve {

namespace {

using httplib::StatusCode;

constexpr const char* plain_text = "text/plain; charset=utf-8";
constexpr const char* html = "text/html; charset=utf-8";
constexpr size_t block_bytes = 64 * 1024;

const request_path not_found_page{.parts = {"404.html"}};

void say(httplib::Response& response, StatusCode status) {
  response.status = status;
  response.set_content(fmt::format("{} {}\n", static_cast<int>(status), httplib::status_message(status)), plain_text);
}

std::string entity_tag(const site_file& file) {
  return fmt::format("\"{:x}-{:x}-{:x}\"", file.changed.tv_sec, file.changed.tv_nsec, file.size);
}

/// Whether what the client has is this very file.
bool is_unchanged(const httplib::Request& request, const site_file& file) {
  if (request.has_header("If-None-Match")) {
    const std::string tags = request.get_header_value("If-None-Match");
    return tags == "*" || tags.find(entity_tag(file)) != std::string::npos;
  }
  const auto since = parse_http_date(request.get_header_value("If-Modified-Since"));
  return since && file.changed.tv_sec <= *since;
}

/// Whether a part of the file is of use to the client: it has the rest of this very file.
bool wants_range_of(const httplib::Request& request, const site_file& file) {
  if (!request.has_header("If-Range"))
    return true;
  const std::string condition = request.get_header_value("If-Range");
  return condition == entity_tag(file) || parse_http_date(condition) == file.changed.tv_sec;
}

/// One step of sending a file. A file that has become shorter meanwhile ends the connection: its length is said already.
bool send_block(int fd, size_t offset, size_t length, httplib::DataSink& sink) {
  std::array<char, block_bytes> block; // NOLINT: pread fills it
  ssize_t got = 0;
  do
    got = ::pread(fd, block.data(), std::min(length, block.size()), static_cast<off_t>(offset));
  while (got < 0 && errno == EINTR);
  return got > 0 && sink.write(block.data(), static_cast<size_t>(got));
}

} // namespace

site_answer::site_answer(static_site site) : site_(std::move(site)), files_(site_.root) {
  if (site_.only_for)
    credentials_ = httplib::make_basic_authentication_header(site_.only_for->name, site_.only_for->password).second;
  if (auto path = parse_request_path(site_.homepage.starts_with('/') ? site_.homepage : "/" + site_.homepage))
    homepage_ = *std::move(path);
}

void site_answer::operator()(const httplib::Request& request, httplib::Response& response) const {
  response.set_header("Access-Control-Allow-Origin", "*"); // as PM2's server has it
  response.set_header("Date", http_date(::time(nullptr)));
  if (!is_let_in(request)) {
    response.set_header("WWW-Authenticate", R"(Basic realm="procvisor", charset="UTF-8")");
    say(response, StatusCode::Unauthorized_401);
    return;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    response.set_header("Allow", "GET, HEAD");
    say(response, StatusCode::MethodNotAllowed_405);
    return;
  }
  const auto path = parse_request_path(request.path);
  if (path) {
    answer_path(*path, request, response);
    return;
  }
  switch (path.error()) {
    case path_problem::invalid:
      say(response, StatusCode::BadRequest_400);
      return;
    case path_problem::outside:
      say(response, StatusCode::Forbidden_403);
      return;
    case path_problem::hidden:
      say_not_found(request, response);
      return;
  }
}

bool site_answer::is_let_in(const httplib::Request& request) const {
  return credentials_.empty() || is_same_secret(request.get_header_value("Authorization"), credentials_);
}

void site_answer::answer_path(const request_path& path, const httplib::Request& request,
                              httplib::Response& response) const {
  const auto& wanted = path.parts.empty() ? homepage_ : path;
  if (const auto file = files_.find(wanted); file && !file->is_folder && (path.parts.empty() || !path.names_folder))
    send_file(wanted, *file, request, response);
  else if (const auto folder = files_.find(path); folder && folder->is_folder)
    answer_folder(path, *folder, request, response);
  else
    say_not_found(request, response);
}

void site_answer::answer_folder(const request_path& path, const site_file& folder, const httplib::Request& request,
                                httplib::Response& response) const {
  request_path index = path;
  index.parts.emplace_back("index.html");
  const auto page = files_.find(index);
  const bool has_page = page && !page->is_folder;
  if (!has_page && !site_.lists_folders) {
    say_not_found(request, response);
    return;
  }
  if (!path.names_folder && !path.parts.empty()) { // or the links of the page would start in the folder above
    request_path with_slash = path;
    with_slash.names_folder = true;
    response.set_redirect(link_to(with_slash), StatusCode::MovedPermanently_301);
    return;
  }
  if (has_page)
    return send_file(index, *page, request, response);
  auto files = site_files::list(folder);
  if (!files)
    return say(response, StatusCode::Forbidden_403);
  response.status = StatusCode::OK_200;
  response.set_content(listing_page(path, *std::move(files)), html);
}

void site_answer::send_file(const request_path& path, const site_file& file, const httplib::Request& request,
                            httplib::Response& response) const {
  response.set_header("ETag", entity_tag(file));
  response.set_header("Last-Modified", http_date(file.changed.tv_sec));
  response.set_header("Accept-Ranges", "bytes");
  if (is_unchanged(request, file)) {
    response.status = StatusCode::NotModified_304;
    response.set_header("Content-Length", std::to_string(file.size));
    return;
  }
  auto fd = std::make_shared<os::unique_fd>(site_files::open_to_read(file));
  if (!*fd)
    return say(response, StatusCode::Forbidden_403);
  if (!wants_range_of(request, file) || file.size == 0)
    const_cast<httplib::Request&>(request).ranges.clear(); // the library's own object, which it does not keep const
  const std::string type{media_type(path.parts.back())};
  if (file.size == 0)
    return response.set_content("", type);
  response.set_content_provider(file.size, type, [fd](size_t offset, size_t length, httplib::DataSink& sink) {
    return send_block(fd->get(), offset, length, sink);
  });
}

void site_answer::say_not_found(const httplib::Request& request, httplib::Response& response) const {
  if (site_.is_single_page)
    if (const auto page = files_.find(homepage_); page && !page->is_folder)
      return send_file(homepage_, *page, request, response);
  response.status = StatusCode::NotFound_404;
  if (auto page = files_.read_page(not_found_page))
    response.set_content(*std::move(page), html);
  else
    say(response, StatusCode::NotFound_404);
}

} // namespace procvisor::serve
