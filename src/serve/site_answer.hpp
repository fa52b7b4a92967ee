#pragma once

#include "core/static_site.hpp"
#include "serve/site_files.hpp"

namespace httplib {
struct Request;
struct Response;
} // namespace httplib

namespace procvisor::serve {

/// What a site answers. Called by several threads at once, and has no state but the site.
class site_answer {
public:
  explicit site_answer(static_site site);

  void operator()(const httplib::Request& request, httplib::Response& response) const;

private:
  bool is_let_in(const httplib::Request& request) const;
  void answer_path(const request_path& path, const httplib::Request& request, httplib::Response& response) const;
  void answer_folder(const request_path& path, const site_file& folder, const httplib::Request& request,
                     httplib::Response& response) const;
  void send_file(const request_path& path, const site_file& file, const httplib::Request& request,
                 httplib::Response& response) const;
  void say_not_found(const httplib::Request& request, httplib::Response& response) const;

  static_site site_;
  site_files files_;
  request_path homepage_;
  std::string credentials_; ///< what Authorization must be; empty: everybody is let in
};

} // namespace procvisor::serve
