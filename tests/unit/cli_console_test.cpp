#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "cli/console.hpp"
#include "os/unique_fd.hpp"

using namespace procvisor;
using namespace procvisor::cli;

namespace {

/// A terminal of so many columns.
struct terminal {
  os::unique_fd controller{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  os::unique_fd end;

  explicit terminal(unsigned short columns) {
    REQUIRE(controller);
    REQUIRE(::grantpt(controller.get()) == 0);
    REQUIRE(::unlockpt(controller.get()) == 0);
    end.reset(::open(::ptsname(controller.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    winsize size{};
    size.ws_col = columns;
    REQUIRE(::ioctl(end.get(), TIOCSWINSZ, &size) == 0);
  }
};

class variable {
public:
  variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name))
      before_ = before;
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

private:
  const char* name_;
  std::optional<std::string> before_;
};

struct memory_output {
  os::unique_fd fd{::memfd_create("output", MFD_CLOEXEC)};

  output as(bool is_terminal, bool has_colours = false) const { return {fd.get(), is_terminal, has_colours, 80}; }
  std::string text() const {
    std::string content(static_cast<size_t>(::lseek(fd.get(), 0, SEEK_END)), '\0');
    REQUIRE(::pread(fd.get(), content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
    return content;
  }
};

} // namespace

TEST_CASE("console: a terminal has its width, and colours unless NO_COLOR or a dumb TERM says otherwise") {
  terminal screen{97};
  variable columns{"COLUMNS", "50"};
  {
    variable no_color{"NO_COLOR", nullptr};
    variable term{"TERM", "xterm"};
    output found = look_at(screen.end.get());
    CHECK(found.is_terminal);
    CHECK(found.has_colours);
    CHECK(found.columns == 97);
  }
  {
    variable no_color{"NO_COLOR", "1"};
    variable term{"TERM", "xterm"};
    CHECK_FALSE(look_at(screen.end.get()).has_colours);
  }
  {
    variable no_color{"NO_COLOR", nullptr};
    variable term{"TERM", "dumb"};
    CHECK_FALSE(look_at(screen.end.get()).has_colours);
  }
  CHECK(look_at(terminal{0}.end.get()).columns == 50);
}

TEST_CASE("console: a file has no colours, and no limit of width but that of COLUMNS") {
  memory_output file;
  {
    variable columns{"COLUMNS", nullptr};
    output found = look_at(file.fd.get());
    CHECK_FALSE(found.is_terminal);
    CHECK_FALSE(found.has_colours);
    CHECK(found.columns > 1000);
  }
  variable columns{"COLUMNS", "66"};
  CHECK(look_at(file.fd.get()).columns == 66);
  variable nonsense{"COLUMNS", "wide"};
  CHECK(look_at(file.fd.get()).columns > 1000);
}

TEST_CASE("console: talk goes where data goes on a terminal, and to stderr where stdout is read by a program") {
  for (bool is_terminal : {true, false}) {
    memory_output out;
    memory_output err;
    console c{out.as(is_terminal), err.as(true)};
    c.talk("hello");
    c.show("table\n");
    CHECK((is_terminal ? out : err).text() == "[procvisor] hello\ntable\n");
    CHECK((is_terminal ? err : out).text() == "");
  }
}

TEST_CASE("console: -s hides talk and warnings, but neither data nor errors") {
  memory_output out;
  memory_output err;
  console c{out.as(true), err.as(true)};
  c.behave({.silent = true});
  c.talk("hello");
  c.show("table\n");
  c.warn("careful");
  CHECK(c.data("data\n").value() == exit_code::done);
  c.report({exit_code::usage, "no", {}});
  CHECK(out.text() == "data\n");
  CHECK(err.text() == "procvisor: no\n");
}

TEST_CASE("console: --no-color takes the colours away that a terminal would get") {
  memory_output out;
  memory_output err;
  console c{out.as(true, true), err.as(true, true)};
  CHECK(c.data_canvas().coloured);
  c.behave({.no_colour = true});
  CHECK_FALSE(c.data_canvas().coloured);
  c.talk("hello");
  CHECK(out.text() == "[procvisor] hello\n");
}

TEST_CASE("console: an error of several lines is indented, with its hint last") {
  CHECK(error_text({exit_code::usage, "a.json:1:2: one\na.json:3:4: two", "fix it"}, false)
        == "procvisor: a.json:1:2: one\n  a.json:3:4: two\n  hint: fix it\n");
  CHECK(error_text({exit_code::usage, "no", {}}, true) == "\x1b[31mprocvisor:\x1b[0m no\n");
}

TEST_CASE("console: data that cannot be written in full is a failure") {
  os::unique_fd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  REQUIRE(full);
  console c{{full.get(), false, false, 80}, {2, false, false, 80}};
  auto written = c.data("data");
  REQUIRE_FALSE(written);
  CHECK(written.error().code == exit_code::other);
}
