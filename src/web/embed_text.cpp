// Makes a C++ string literal of a text file. Run by the build: embed_text FILE >LITERAL
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  std::ifstream file{argv[1], std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  constexpr size_t piece = 8000; // compilers need not take longer literals; neighbours become one
  for (size_t at = 0; at < text.size(); at += piece)
    std::cout << "R\"~~(" << text.substr(at, piece) << ")~~\"\n";
  return file ? 0 : 1;
}
