#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/daemon_view.hpp"
#include "web/site.hpp"
#include "web/streams.hpp"

namespace httplib {
struct Request;
struct Response;
} // namespace httplib

namespace procvisor::web {

/// What the web server answers. Called by several threads at once.
class answer {
public:
  answer(site where, std::string token, os::home place);

  void operator()(const httplib::Request& request, httplib::Response& response);

private:
  bool is_let_in(const httplib::Request& request, httplib::Response& response) const;
  void answer_get(const std::vector<std::string>& path, const httplib::Request& request, httplib::Response& response);
  static void show_page(httplib::Response& response);
  void show_metrics(httplib::Response& response);
  void describe(const std::string& target, httplib::Response& response);
  void act(const std::string& target, const std::string& verb, const httplib::Request& request,
           httplib::Response& response);
  void begin_stream(const std::vector<std::string>& path, const httplib::Request& request, httplib::Response& response);

  site where_;
  std::string token_;
  std::string cookie_;
  bool is_local_;
  daemon_view daemon_;
  stream_places places_;
};

} // namespace procvisor::web
