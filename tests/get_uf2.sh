#!/bin/bash
# usage: tests/get_uf2.sh DIR
#
# Makes DIR/firmware.uf2: MicroPython 1.25 for the Pico (board RPI_PICO) from sources in Debian trixie's archive, each checked
# against the sha256 below; on any Debian. The cross compiler is the system's own, installed by apt where it is missing and
# we are root. Left out, since the archive has no sources for them: ssl, cryptolib, hashlib.sha1 (mbedtls), network,
# bluetooth, and the frozen drivers of micropython-lib.
set -euo pipefail

die() { echo "get_uf2.sh: $*" >&2; exit 1; }

[ $# = 1 ] || die "usage: get_uf2.sh DIR"
mkdir -p "$1"
dir=$(cd "$1" && pwd)
recipe=$(sha256sum <"$0")
[ -s "$dir/firmware.uf2" ] && [ "$(cat "$dir/firmware.recipe" 2>/dev/null)" = "$recipe" ] && exit 0

helper=/usr/lib/apt/apt-helper
[ -x $helper ] || die "apt is missing: this works on Debian only; elsewhere give twinohm a UF2 with --uf2"
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
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' | sed -n 1p)
[ -n "$mirror" ] || die "apt knows no Debian archive; run apt-get update first"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch() { $helper -o APT::Sandbox::User="$(id -un)" download-file "${mirror%/}/pool/main/$1" "$work/${1##*/}" "SHA256:$2" >/dev/null || die "cannot fetch $1"; }
fetch m/micropython/micropython_1.25.0+ds.orig.tar.xz 7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea
fetch p/pico-sdk/pico-sdk_2.1.1.orig.tar.gz 179c5531e75ac7f82d0679e70b6e8881f871738dc0ef17baf3b4ff4679291c41
fetch t/tinyusb/tinyusb-source_0.18.0+dfsg-1_all.deb 01ce2c645df68f14a8a7dcfc8fb355713152543757955820479a87949a61154e

cd "$work"
tar xf micropython_*.tar.xz
tar xf pico-sdk_*.tar.gz
dpkg-deb -x tinyusb-source_*.deb tinyusb
top=$work/micropython-1.25.0
rmdir "$top/lib/pico-sdk" "$top/lib/tinyusb"
mv pico-sdk-2.1.1 "$top/lib/pico-sdk"
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

export MICROPY_GIT_TAG=v1.25.0 MICROPY_GIT_HASH=debian SOURCE_DATE_EPOCH=1744675200 # of the release
quietly() { "$@" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; die "$1 failed"; }; }
quietly make -C "$top/mpy-cross" -j"$(nproc)"
# picotool, which is not in the archive, would only make the UF2; MicroPython's own tool does.
quietly cmake -S "$port" -B build -DCMAKE_BUILD_TYPE=MinSizeRel -DPICO_BUILD_DOCS=0 -DPICO_NO_PICOTOOL=1 \
  -DMICROPY_BOARD=RPI_PICO -DMICROPY_BOARD_DIR="$port/boards/RPI_PICO" -DMICROPY_FROZEN_MANIFEST="$work/manifest.py"
quietly make -C build -j"$(nproc)"
quietly python3 "$top/tools/uf2conv.py" -f 0xe48bff56 -b 0x10000000 -c -o firmware.uf2 build/firmware.bin
mv firmware.uf2 "$dir/firmware.uf2"
echo "$recipe" >"$dir/firmware.recipe"
