#include "ssh_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace e2e {

namespace {

namespace fs = std::filesystem;

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

void make_key(const std::string& file) {
  const auto made =
      run({{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file}, {{"PATH", "/usr/bin:/bin"}}, "/", {}});
  REQUIRE_MESSAGE(made.exit_code == 0, made.err);
}

std::string text_of(const std::string& file) {
  std::ifstream stream{file};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

} // namespace

std::string sshd_program() {
  for (const char* path : {"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"})
    if (::access(path, X_OK) == 0 && has_program("ssh") && has_program("ssh-keygen"))
      return path;
  return {};
}

ssh_server::ssh_server(const home_fixture& here) : folder_(here.path("sshd")), port_(free_port()) {
  fs::create_directory(folder_);
  if (is_root())
    fs::create_directories("/run/sshd"); // sshd's own, for privilege separation
  make_key(folder_ + "/host_key");
  make_key(folder_ + "/user_key");
  fs::copy_file(folder_ + "/user_key.pub", folder_ + "/authorized_keys");
  std::ofstream{known_hosts()} << "[127.0.0.1]:" << port_ << " " << text_of(folder_ + "/host_key.pub");
  std::ofstream{folder_ + "/config"} << "Port " << port_ << "\nListenAddress 127.0.0.1\nHostKey " << folder_
                                     << "/host_key\nAuthorizedKeysFile " << folder_
                                     << "/authorized_keys\nPidFile none\nStrictModes no\nUsePAM no\n"
                                        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                                        "PermitRootLogin prohibit-password\nPrintMotd no\nMaxStartups 100\n";
  const std::string log = folder_ + ".log"; // in the folder whose changes a test waits for
  server_ = std::make_unique<background_command>(
      command{{sshd_program(), "-D", "-E", log, "-f", folder_ + "/config"}, {{"PATH", "/usr/bin:/bin"}}, "/", {}});
  REQUIRE(here.eventually([&] { return text_of(log).find("Server listening on 127.0.0.1") != std::string::npos; }));
}

ssh_server::~ssh_server() {
  cut();
}

std::string ssh_server::keys() const {
  return "\"host\": \"127.0.0.1\", \"port\": " + std::to_string(port_) + ", \"key\": \"" + folder_
         + "/user_key\", \"ssh_options\": [\"UserKnownHostsFile=" + known_hosts()
         + "\", \"GlobalKnownHostsFile=/dev/null\", \"IdentitiesOnly=yes\", \"IdentityAgent=none\"]";
}

size_t ssh_server::connections() const {
  size_t count = 0;
  for (const auto& line : lines_of(text_of(folder_ + ".log")))
    count += contains(line, "Accepted publickey");
  return count;
}

void ssh_server::cut() const {
  for (const pid_t child : children_of(server_->pid()))
    ::kill(child, SIGKILL);
}

} // namespace e2e
