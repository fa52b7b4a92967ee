#pragma once

#include <cstddef>
#include <functional>

#include "core/app_spec.hpp"
#include "core/result.hpp"
#include "os/unique_fd.hpp"

namespace httplib {
struct Request;
struct Response;
} // namespace httplib

/// What the HTTP servers of this program have in common: the file server, and the web page (src/web).
namespace procvisor::serve {

/// Of this process: how a server is told what it is to do.
environment own_environment();

/// Says on standard error why a server cannot begin or go on. Returns the exit code.
int give_up(const error& reason);

using http_handler = std::function<void(const httplib::Request&, httplib::Response&)>;

/// Lets `answer` answer everything that comes to a listening socket, in so many threads at a time, until a signal ends
/// the process. Returns the exit code where it cannot go on.
int answer_for_ever(os::unique_fd listener, size_t threads, const http_handler& answer);

} // namespace procvisor::serve
