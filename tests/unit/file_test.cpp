#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

#include "os/file_append.hpp"
#include "os/file_tail.hpp"
#include "temp_dir.hpp"

using namespace procvisor;

namespace {

std::vector<std::string> tail_of(const std::string& content, size_t lines, off_t begin = 0) {
  const temp_dir folder;
  const auto path = folder.path() + "/log";
  std::ofstream{path, std::ios::binary} << content;
  os::file_tail file{path, begin, static_cast<off_t>(content.size()), lines};
  std::vector<std::string> all;
  while (!file.done()) {
    for (const auto line : file.next_lines())
      all.emplace_back(line);
  }
  return all;
}

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("file_tail: the last lines, an unfinished one counts") {
  CHECK(tail_of("", 3) == lines{});
  CHECK(tail_of("a\n", 3) == lines{"a"});
  CHECK(tail_of("a\nb\nc\n", 2) == lines{"b", "c"});
  CHECK(tail_of("a\nb\nc", 2) == lines{"b", "c"});
  CHECK(tail_of("a\n\n\n", 2) == lines{"", ""});
  CHECK(tail_of("a\nb\n", 0) == lines{});
  CHECK(tail_of("a\nb\nc\n", 5, 2) == lines{"b", "c"});
}

TEST_CASE("file_tail: lines across blocks are whole, longer ones come in pieces") {
  std::string content;
  lines expected;
  for (int i = 0; i < 40000; ++i) {
    expected.push_back("line number " + std::to_string(i));
    content += expected.back() + '\n';
  }

  CHECK(tail_of(content, 40000) == expected);
  CHECK(tail_of(content, 39999).front() == "line number 1");
  const std::string longest(os::max_line_bytes, 'x');
  CHECK(tail_of(longest + "\nz\n", 2) == lines{longest, "z"});
  CHECK(tail_of(longest + longest + "y\nz\n", 2) == lines{longest, longest, "y", "z"});
}

TEST_CASE("file_tail: what is no regular file is not read") {
  const temp_dir folder;
  const auto path = folder.path() + "/fifo";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const os::unique_fd both{open(path.c_str(), O_RDWR | O_NONBLOCK)};
  REQUIRE(write(both.get(), "x\n", 2) == 2);

  CHECK(os::file_tail{path, 0, 100, 5}.done());
  CHECK(os::file_tail{folder.path() + "/none", 0, 100, 5}.done());
}

TEST_CASE("unfinished_line: what stands after the last newline") {
  const temp_dir folder;
  const auto path = folder.path() + "/log";
  std::ofstream{path} << "one\ntwo";

  CHECK(os::unfinished_line(path, 7) == "two");
  CHECK(os::unfinished_line(path, 4) == "");
  CHECK(os::unfinished_line(path, 2) == "on");
  CHECK(os::unfinished_line("", 0) == "");
}

TEST_CASE("open_append: says why a path cannot be a file") {
  const temp_dir folder;
  std::ofstream{folder.path() + "/file"} << "x";

  CHECK(!os::open_append(folder.path() + "/file/below/it"));
  CHECK(errno == ENOTDIR);
  CHECK(!os::open_append(folder.path()));
  CHECK(errno == EISDIR);
}

TEST_CASE("write_file: replaces what was longer") {
  const temp_dir folder;
  const auto path = folder.path() + "/pids/x.pid";

  CHECK(os::write_file(path, "12345\n") == 0);
  CHECK(os::write_file(path, "7\n") == 0);

  std::string text;
  std::getline(std::ifstream{path}, text);
  CHECK(text == "7");
  CHECK(std::filesystem::file_size(path) == 2);
  CHECK(os::write_file("/dev/full", "7\n") == ENOSPC);
}
