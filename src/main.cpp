#include <fcntl.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "actors/recorder/recorder.hpp"
#include "actors/root.hpp"
#include "cli/cli.hpp"
#include "core/launch_recipe.hpp"
#include "core/static_site.hpp"
#include "keeper/keeper.hpp"
#include "keeper/wire.hpp"
#include "os/cgroup.hpp"
#include "os/home.hpp"
#include "serve/site_server.hpp"
#include "web/server.hpp"
#include "web/site.hpp"

using namespace procvisor;

namespace {

/// The processes behind the client are started by a client (the keeper) and by a keeper (the others), which hand them a
/// channel; a person who types one of these names gets the client's "unknown verb".
bool is_started_by_us(int argc) {
  return argc == 2 && ::fcntl(keeper::keeper_fd, F_GETFD) >= 0;
}

/// The file server and the web page are apps like any other: the daemon starts them, with an app's marker in their
/// environment.
bool is_app_of_ours(int argc, char** argv, std::string_view wanted) {
  return argc == 2 && argv[1] == wanted && std::getenv(marker_variable) != nullptr;
}

int run_client_or_app(int argc, char** argv) {
  if (is_app_of_ours(argc, argv, serve_role))
    return serve::run_site_server();
  if (is_app_of_ours(argc, argv, web::role))
    return web::run_server();
  return cli::run_client(argc, argv);
}

} // namespace

int main(int argc, char** argv) {
  const std::string_view role = is_started_by_us(argc) ? argv[1] : "";
  if (role != "keeper" && role != "daemon" && role != "recorder" && role != "takes-over")
    return run_client_or_app(argc, argv);
  ::prctl(PR_SET_NAME, "procvisor"); // executed as /proc/self/exe, it would be "exe" in ps and top
  if (role == "takes-over")
    return keeper::run_check();
  const auto home = os::find_home();
  if (!home) {
    std::fprintf(stderr, "procvisor: %s\n", home.error().what.c_str());
    return static_cast<int>(home.error().code);
  }
  if (role == "keeper") {
    os::leave_launch_cgroup(); // a command that an app runs does not make the keeper a process of that app's
    return keeper::run_keeper(*home);
  }
  if (role == "daemon")
    return run_daemon(home->path, keeper::keeper_fd);
  return recorder::run_recorder(keeper::keeper_fd);
}
