#pragma once

#include <map>
#include <string>
#include <vector>

namespace e2e {

struct http_response {
  int status = 0;                             ///< 0: there was no answer
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;

  std::string header(const std::string& name) const;
};

/// A port of 127.0.0.1 that nobody listens on.
int free_port();

/// A socket that listens there until it is closed.
int listen_on_any_port(int& port);

/// Sends a request line and headers as they are, without any tidying up, and reads to the end of the connection.
http_response http(int port, const std::string& request_line, const std::vector<std::string>& headers = {});

inline http_response http_get(int port, const std::string& path, const std::vector<std::string>& headers = {}) {
  return http(port, "GET " + path + " HTTP/1.1", headers);
}

} // namespace e2e
