#include "web/page.hpp"

namespace procvisor::web {

namespace {

/// page.html as the build has put it in.
constexpr std::string_view page =
#include "page.inc"
    ;

constexpr std::string_view nonce_mark = "@NONCE@";

} // namespace

std::string page_with(std::string_view nonce) {
  std::string text;
  text.reserve(page.size() + 2 * nonce.size());
  for (auto rest = page;;) {
    const auto mark = rest.find(nonce_mark);
    text += rest.substr(0, mark);
    if (mark == std::string_view::npos)
      return text;
    text += nonce;
    rest.remove_prefix(mark + nonce_mark.size());
  }
}

std::string_view login_page() {
  return R"(<!doctype html><html lang="en"><meta charset="utf-8"><title>procvisor</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}
input,button{font:inherit;padding:.4rem;width:100%;box-sizing:border-box;margin-top:.5rem}</style>
<h1>procvisor</h1><p>This page needs the token. <code>procvisor web</code> prints an address that has it, and where it is kept.</p>
<form action="/ui"><label>Token <input name="token" type="password" autocomplete="off" autofocus></label>
<button>Open</button></form></html>
)";
}

} // namespace procvisor::web
