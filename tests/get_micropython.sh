#!/bin/bash
# usage: tests/get_micropython.sh DIR
#
# Makes DIR/micropython: the unix port of MicroPython 1.25 that Debian trixie ships, with the C library it needs, for any
# Debian on amd64 or arm64. apt does the work with an archive list and a package state of its own, which hold trixie alone,
# so the system is not touched and apt checks every signature and sha256.
set -euo pipefail

die() { echo "get_micropython.sh: $*" >&2; exit 1; }

[ $# = 1 ] || die "usage: get_micropython.sh DIR"
mkdir -p "$1"
dir=$(cd "$1" && pwd)
version() { "$dir/micropython" -c 'import sys; print("%d.%d" % sys.implementation.version[:2])' 2>/dev/null; }

[ "$(version)" = 1.25 ] && exit 0
for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || die "$tool is missing: this works on Debian only; elsewhere put a micropython 1.25 on PATH"
done

arch=$(dpkg --print-architecture)
case $arch in
  amd64) loader=usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 ;;
  arm64) loader=usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 ;;
  *) die "no recipe for $arch, only for amd64 and arm64" ;;
esac
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' | sed -n 1p)
[ -n "$mirror" ] || die "apt knows no Debian archive; on Debian, run apt-get update first"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{none,lists,cache,root}
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/sources.list"
touch "$work/status" # nothing is installed, so every dependency comes along

trixie() {
  apt-get -qq \
    -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/none" -o Dir::Etc::preferencesparts="$work/none" \
    -o Dir::State="$work" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
    -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User="$(id -un)" "$@"
}
trixie -o APT::Update::Error-Mode=any update || die "cannot read trixie's package list at $mirror"
trixie install --download-only --yes --no-install-recommends micropython || die "cannot fetch trixie's micropython from $mirror"

for deb in "$work"/cache/archives/*.deb; do
  dpkg-deb -x "$deb" "$work/root"
done
rm -rf "$dir/root"
mv "$work/root" "$dir/root"
cat >"$dir/micropython" <<END
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")/root
loader=\$root/$loader
exec "\$loader" --library-path "\${loader%/*}" "\$root/usr/bin/micropython" "\$@"
END
chmod +x "$dir/micropython"

[ "$(version)" = 1.25 ] || die "$dir/micropython does not run or is not 1.25: $("$dir/micropython" -c 'import sys; print(sys.version)' 2>&1)"
