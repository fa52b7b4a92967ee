#include "serve/listing.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

namespace procvisor::serve {

namespace {

std::string html_text(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default: // a character of no meaning to HTML
        safe += c;
    }
  }
  return safe;
}

} // namespace

std::string listing_page(const request_path& folder, std::vector<listed_file> files) {
  std::sort(files.begin(), files.end(), [](const listed_file& a, const listed_file& b) {
    return std::tuple(!a.is_folder, std::string_view{a.name}) < std::tuple(!b.is_folder, std::string_view{b.name});
  });
  const std::string title = html_text(folder.parts.empty() ? "/" : "/" + relative_path(folder) + "/");
  std::string page = fmt::format("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{0}</title></head>\n"
                                 "<body><h1>{0}</h1>\n<ul>\n",
                                 title);
  if (!folder.parts.empty())
    page += "<li><a href=\"../\">../</a></li>\n";
  for (const auto& file : files) {
    const char* slash = file.is_folder ? "/" : "";
    // The ./ keeps a name with a colon from being a scheme.
    fmt::format_to(std::back_inserter(page), "<li><a href=\"./{0}{1}\">{2}{1}</a></li>\n", percent_encoded(file.name),
                   slash, html_text(file.name));
  }
  page += "</ul></body></html>\n";
  return page;
}

} // namespace procvisor::serve
