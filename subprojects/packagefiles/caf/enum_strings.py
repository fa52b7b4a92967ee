"""Writes to_string, from_string and from_integer for one enum of a CAF header.

CAF's own build does this with a CMake script; Meson brings python3 along, so this is what a machine without CMake has.
usage: enum_strings.py HEADER INCLUDE_PATH OUTPUT
"""
import re
import sys

header, include, output = sys.argv[1:]
text = re.sub(r"//[^\n]*", "", open(header, encoding="utf-8").read())
namespace = re.search(r"^namespace ([\w:]+) \{", text, re.M).group(1)
found = re.search(r"^enum (class )?(\w+)[^{;]*\{(.*?)\};", text, re.M | re.S)
scoped, name, body = found.groups()
labels = re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", body.strip())
value = (name + "::" if scoped else "") + "{}"

with open(output, "w", encoding="utf-8") as out:
    def put(*lines):
        out.write("\n".join(lines) + "\n")

    put('#include "caf/config.hpp"', '#include "caf/string_view.hpp"', "CAF_PUSH_DEPRECATED_WARNING",
        f'#include "{include}"', "#include <string>", f"namespace {namespace} {{",
        f"std::string to_string({name} x) {{", "  switch (x) {", '    default: return "???";')
    for label in labels:
        put(f"    case {value.format(label)}: return \"{namespace}::{name}::{label}\";")
    put("  }", "}", f"bool from_string(string_view in, {name}& out) {{")
    for label in labels:
        put(f"  if (in == \"{namespace}::{name}::{label}\") {{ out = {value.format(label)}; return true; }}")
    put("  return false;", "}", f"bool from_integer(std::underlying_type_t<{name}> in, {name}& out) {{",
        f"  auto result = static_cast<{name}>(in);", "  switch (result) {", "    default: return false;")
    for label in labels:
        put(f"    case {value.format(label)}:")
    put("      out = result;", "      return true;", "  }", "}", f"}} // namespace {namespace}")
