#!/bin/bash
# usage: tests/get_uf2.sh DIR [SUITE]
#
# Makes DIR/firmware.uf2: MicroPython for the Pico (board RPI_PICO) from the sources of a suite of Debian; on any Debian.
# SUITE: trixie, which has MicroPython 1.25, if none is given; testing has the newest. The cross compiler is the system's
# own, installed by apt where it is missing and we are root. Left out, since the archive has no sources for them: ssl,
# cryptolib, hashlib.sha1 (mbedtls), network, bluetooth, and the frozen drivers of micropython-lib.
set -euo pipefail

die() { echo "get_uf2.sh: $*" >&2; exit 1; }

[ $# = 1 ] || [ $# = 2 ] || die "usage: get_uf2.sh DIR [SUITE]"
suite=${2:-trixie}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
recipe="$suite $(cat "$0" "$here/debian_suite.sh" | sha256sum)"
[ -s "$dir/firmware.uf2" ] && [ "$(cat "$dir/firmware.recipe" 2>/dev/null)" = "$recipe" ] && exit 0

need=()
for package in gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib cmake make gcc g++ python3 xz-utils; do
  dpkg-query -W -f '${Status}' $package 2>/dev/null | grep -q 'ok installed' || need+=($package)
done
if [ ${#need[@]} != 0 ]; then
  [ "$(id -u)" = 0 ] || die "as root: apt-get install --no-install-recommends ${need[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  apt-get -qq install --yes --no-install-recommends "${need[@]}" >/dev/null || die "cannot install ${need[*]}"
fi
. "$here/debian_suite.sh"
open_suites trixie "$suite"

cd "$work"
# MicroPython 1.25 and 1.26 are for pico-sdk 2.1.1, which trixie has; 1.26 does not compile with 2.2.0.
suite_apt_get source --download-only --tar-only "micropython/$suite" pico-sdk/trixie || die "cannot fetch the sources"
suite_apt_get download tinyusb-source/trixie || die "cannot fetch tinyusb-source"
for archive in *.orig.tar.*; do
  tar xf "$archive"
done
dpkg-deb -x tinyusb-source_*.deb tinyusb
top=$(echo "$work"/micropython-*/)
top=${top%/}
rmdir "$top/lib/pico-sdk" "$top/lib/tinyusb"
mv pico-sdk-*/ "$top/lib/pico-sdk"
mv tinyusb/usr/src/tinyusb "$top/lib/tinyusb"
touch "$top/lib/micropython-lib/README.md" # only looked for
cat >manifest.py <<'END'
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
END

port=$top/ports/rp2
sed -i -e 's/^set(MICROPY_SSL_MBEDTLS ON)/set(MICROPY_SSL_MBEDTLS OFF)/' \
  -e '/^target_link_libraries(${MICROPY_TARGET} micropy_lib_mbedtls)/d' -e '/^ *mbedtls\/mbedtls_port.c$/d' "$port/CMakeLists.txt"
for option in MICROPY_SSL_MBEDTLS MICROPY_PY_SSL MICROPY_PY_CRYPTOLIB MICROPY_PY_HASHLIB_SHA1; do
  sed -i -E "s/^#define $option .*/#define $option (0)/" "$port/mpconfigport.h"
done

export MICROPY_GIT_TAG=v${top##*-} MICROPY_GIT_HASH=debian SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(stat -c %Y "$top/README.md") # of the release
quietly() { "$@" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; die "$1 failed"; }; }
quietly make -C "$top/mpy-cross" -j"$(nproc)"
# picotool, which is not in the archive, would only make the UF2; MicroPython's own tool does.
quietly cmake -S "$port" -B build -DCMAKE_BUILD_TYPE=MinSizeRel -DPICO_BUILD_DOCS=0 -DPICO_NO_PICOTOOL=1 \
  -DMICROPY_BOARD=RPI_PICO -DMICROPY_BOARD_DIR="$port/boards/RPI_PICO" -DMICROPY_FROZEN_MANIFEST="$work/manifest.py"
quietly make -C build -j"$(nproc)"
quietly python3 "$top/tools/uf2conv.py" -f 0xe48bff56 -b 0x10000000 -c -o firmware.uf2 build/firmware.bin
mv firmware.uf2 "$dir/firmware.uf2"
echo "$recipe" >"$dir/firmware.recipe"
