# shellcheck shell=bash
# What tools/quickstart and tools/test share: from a fresh Debian 12 to a build. Sourced, with the top folder of the
# checkout as working directory. Each step says what it does in one line and does nothing where it is done.

# shellcheck disable=SC2034 # used by the scripts that source this file
build_packages=(g++ meson ninja-build pkg-config patch libyaml-cpp-dev nlohmann-json3-dev doctest-dev libcli11-dev
                libfmt-dev libre2-dev libexpected-dev)

say() { printf '==> %s\n' "$*"; }

give_up() { # WHAT [HINT]
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  [ -z "${2:-}" ] || printf '  hint: %s\n' "$2" >&2
  exit 1
}

# Runs apt-get as root, by sudo where we are not root.
apt_get_as_root() {
  local command=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@") log
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || give_up "packages are missing and neither root nor sudo is here" "apt-get $*"
    command=(sudo "${command[@]}")
  fi
  log=$(mktemp)
  if ! "${command[@]}" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    give_up "apt-get $1 failed"
  fi
  rm -f "$log"
}

install_packages() { # PACKAGE...: those that are missing
  local package missing=()
  command -v apt-get >/dev/null ||
    give_up "this sets up Debian 12 and its kin; there is no apt-get here" "install the like of: $*"
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  apt_get_as_root update
  apt_get_as_root install --no-install-recommends "${missing[@]}"
}

# Packages that are only wanted where no program of that name is found: a Node of the user's own is used as it is.
package_unless_found() { # PROGRAM PACKAGE
  command -v "$1" >/dev/null || printf '%s\n' "$2"
}

build_folder=build
build_options=() # of meson setup

build() { # [NINJA TARGET...]; everything where none is named
  tools/fetch-subprojects
  if [ ! -f "$build_folder/build.ninja" ]; then
    say "configuring $build_folder/ (${build_options[*]:-release, static})"
    meson setup "$build_folder" --wrap-mode=nodownload "${build_options[@]}" >build.log 2>&1 ||
      { cat build.log >&2; give_up "meson setup failed"; }
    rm -f build.log
  fi
  say "building (the first time takes some minutes)"
  if [ -t 1 ]; then ninja -C "$build_folder" "$@"; else ninja -C "$build_folder" --quiet "$@"; fi ||
    give_up "the build failed"
}
