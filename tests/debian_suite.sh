# Sourced by scripts that take files from other suites of Debian than the system's own, on any Debian.
#
# apt does the work with an archive list and a package state of its own, which hold those suites alone: the system is not
# touched, and apt checks every signature and sha256. `work` is a folder that is removed at the end.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# open_suites SUITE...: read their package lists; suite_apt_get then runs apt-get on them
open_suites() {
  for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || die "$tool is missing: this works on Debian only"
  done
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' | sed -n 1p)
  [ -n "$mirror" ] || die "apt knows no Debian archive; on Debian, run apt-get update first"
  mkdir -p "$work"/apt/{none,lists,cache}
  local suite kind
  for suite in "$@"; do
    for kind in deb deb-src; do
      echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
    done
  done | sort -u >"$work/apt/sources.list"
  touch "$work/apt/status" # nothing is installed, so every dependency comes along
  suite_apt_get -o APT::Update::Error-Mode=any update || die "cannot read the package lists of $* at $mirror"
}

suite_apt_get() {
  apt-get -qq -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts="$work/apt/none" \
    -o Dir::Etc::preferencesparts="$work/apt/none" -o Dir::State="$work/apt" -o Dir::State::status="$work/apt/status" \
    -o Dir::Cache="$work/apt/cache" -o APT::Architectures="$(dpkg --print-architecture)" -o APT::Sandbox::User="$(id -un)" "$@"
}
