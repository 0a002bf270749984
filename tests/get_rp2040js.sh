#!/bin/bash
# usage: tests/get_rp2040js.sh DIR
#
# Makes DIR/node_modules/rp2040js: the second emulator of the tests, from npm. tests/rp2040js/package-lock.json names the
# release and its sha512, which npm checks. Needs Node 18 or newer and npm (Debian: nodejs, npm).
set -euo pipefail

die() { echo "get_rp2040js.sh: $*" >&2; exit 1; }

[ $# = 1 ] || die "usage: get_rp2040js.sh DIR"
here=$(cd "$(dirname "$0")" && pwd)/rp2040js
for tool in node npm; do
  command -v $tool >/dev/null || die "$tool is missing; on Debian: apt-get install --no-install-recommends nodejs npm"
done
mkdir -p "$1"
cd "$1"
cmp -s "$here/package-lock.json" package-lock.json && [ -d node_modules/rp2040js ] && exit 0

cp "$here/package.json" "$here/package-lock.json" .
npm ci --ignore-scripts --no-audit --no-fund --silent || { rm -f package-lock.json; die "npm cannot install rp2040js"; }
