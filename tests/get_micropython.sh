#!/bin/bash
# usage: tests/get_micropython.sh DIR [SUITE]
#
# Makes DIR/micropython: the unix port of MicroPython of a suite of Debian, with the C library it needs, for any Debian on
# amd64 or arm64. SUITE: trixie, which has MicroPython 1.25, if none is given; testing has the newest.
set -euo pipefail

die() { echo "get_micropython.sh: $*" >&2; exit 1; }

[ $# = 1 ] || [ $# = 2 ] || die "usage: get_micropython.sh DIR [SUITE]"
suite=${2:-trixie}
mkdir -p "$1"
dir=$(cd "$1" && pwd)

[ "$(cat "$dir/suite" 2>/dev/null)" = "$suite" ] && "$dir/micropython" -c '' && exit 0
. "$(dirname "$0")/debian_suite.sh"
open_suites "$suite"

case $(dpkg --print-architecture) in
  amd64) loader=usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 ;;
  arm64) loader=usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 ;;
  *) die "no recipe for $(dpkg --print-architecture), only for amd64 and arm64" ;;
esac
suite_apt_get install --download-only --yes --no-install-recommends micropython || die "cannot fetch the micropython of $suite"
mkdir "$work/root"
for deb in "$work"/apt/cache/archives/*.deb; do
  dpkg-deb -x "$deb" "$work/root"
done
rm -rf "$dir/root" "$dir/suite"
mv "$work/root" "$dir/root"
cat >"$dir/micropython" <<SCRIPT
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")/root
loader=\$root/$loader
exec "\$loader" --library-path "\${loader%/*}" "\$root/usr/bin/micropython" "\$@"
SCRIPT
chmod +x "$dir/micropython"
"$dir/micropython" -c '' || die "$dir/micropython does not run"
echo "$suite" >"$dir/suite"
