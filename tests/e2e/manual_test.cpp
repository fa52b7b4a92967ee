// The manual says what the program does: a verb, option or method that is new has to be in it.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "help_text.hpp"
#include "manual_path.hpp" // by the build: MANUAL

namespace e2e {

namespace {

using names = std::set<std::string>;

std::string page(const std::string& name) {
  std::ifstream file{MANUAL "/" + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

names all_matches(const std::string& text, const char* pattern) {
  const std::regex form{pattern};
  names found;
  for (std::sregex_iterator at{text.begin(), text.end(), form}; at != std::sregex_iterator{}; ++at)
    found.insert((*at)[1]);
  return found;
}

/// The names behind each macro of the lines that begin items: ".It Cm list , ls".
names items_of(const std::string& text, const std::string& macro) {
  names found;
  for (const auto& line : lines_of(text)) {
    if (!line.starts_with(".It "))
      continue;
    const auto at = line.find(macro + " ");
    if (at == std::string::npos)
      continue;
    const auto words = all_matches(line.substr(at + macro.size()), "([A-Za-z_]+)");
    found.insert(words.begin(), words.end());
  }
  return found;
}

/// The long spellings of one option: "  -n,--name TEXT   name of the app" has --name. None: the line begins no option.
std::vector<std::string> spellings_in(const std::string& line) {
  std::vector<std::string> found;
  const auto start = line.find_first_not_of(' ');
  if (start == std::string::npos || line[start] != '-')
    return found;
  const auto end = std::min(line.find(' ', start), line.size());
  for (const auto& name : all_matches("," + line.substr(start, end - start), ",--([a-z0-9-]+)(?![a-z0-9_-])"))
    found.push_back(name);
  return found;
}

/// Whether the manual has an option under one of its names, or under that which negates it.
bool has_option(const std::string& manual, const std::vector<std::string>& spellings) {
  return std::any_of(spellings.begin(), spellings.end(), [&](const std::string& name) {
    return std::regex_search(manual, std::regex{" -(no-)?" + name + "(?![a-z0-9-])"});
  });
}

/// Asks the daemon once, in its own protocol.
nlohmann::json ask(const home_fixture& place, const std::string& request) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = place.home() + "/procvisor.sock";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const timeval limit{std::chrono::seconds{patience}.count(), 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const std::string line = request + "\n";
  REQUIRE(::send(fd, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size()));
  std::string answer;
  std::array<char, 65536> block;
  while (answer.find('\n') == std::string::npos) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    REQUIRE(got > 0);
    answer.append(block.data(), static_cast<size_t>(got));
  }
  ::close(fd);
  return nlohmann::json::parse(answer);
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "procvisor(1) has every verb with its aliases, and every option of each") {
  const std::string manual = page("procvisor.1");
  const names described = items_of(manual, "Cm");

  for (const auto& [verb, aliases] : listed_verbs(*this)) {
    words all{aliases};
    all.push_back(verb);
    for (const auto& name : all)
      CHECK_MESSAGE(described.contains(name), "add to man/procvisor.1, section VERBS: .It Cm ", name);
    for (const auto& option_line : lines_of(done({verb, "--help"}).out))
      if (const auto spellings = spellings_in(option_line); !spellings.empty())
        CHECK_MESSAGE(has_option(manual, spellings), "add to man/procvisor.1, section OPTIONS: .It Fl -",
                      spellings.front(), " (an option of ", verb, ")");
  }
}

TEST_CASE_FIXTURE(home_fixture, "procvisor-rpc(7) has the methods that the daemon knows, and its example is true") {
  done({"ping"});
  const std::string manual = page("procvisor-rpc.7");
  const names methods = items_of(manual.substr(manual.find(".Ss What each method does")), "Ic");

  REQUIRE(methods.contains("ping"));
  for (const auto& method : methods) {
    if (method == "kill")
      continue;
    const auto answer = ask(*this, R"({"jsonrpc":"2.0","id":"a","method":")" + method
                                       + R"(","params":{"follow":false,"targets":["nobody"],"target":"nobody"}})");
    CHECK(answer.at("id") == "a");
    CHECK(answer.at("protocol") == 1);
    if (answer.contains("error"))
      CHECK_MESSAGE(!contains(answer.at("error").at("message").get<std::string>(), "knows no method"), method,
                    " is in man/procvisor-rpc.7, and the daemon does not know it");
  }
  const auto pong = ask(*this, R"({"jsonrpc":"2.0","id":1,"method":"ping"})").at("result");
  CHECK(pong.at("keeper") == keeper_pid());
  const auto refused = ask(*this, R"({"jsonrpc":"2.0","id":2,"method":"stop","params":{"targets":["web"]}})");
  CHECK(refused.at("result").at("failed").at(0).at("code") == 3);
  CHECK(refused.at("result").at("failed").at(0).at("target") == "web");
  CHECK(ask(*this, R"({"jsonrpc":"2.0","id":3,"method":"none"})").at("error").at("code") == 2);
  CHECK(ask(*this, "nonsense").at("error").at("code") == 2);
}

} // namespace e2e
