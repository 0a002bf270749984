"""Which MicroPython goes onto a chip: a file or a fetched release, checked before anything is written with it."""

import hashlib
import struct
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from twinohm.errors import TwinOhmError, UsageError
from twinohm.firmware import uf2

FIRST, SECOND, END = uf2.MAGIC


def block(address: int = 0x10000000, data: bytes = b"code", family: int = uf2.RP2040_FAMILY) -> bytes:
    head = struct.pack("<8I", FIRST, SECOND, uf2.HAS_FAMILY, address, len(data), 0, 1, family)
    return head + data.ljust(476, b"\0") + struct.pack("<I", END)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(uf2, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "good.uf2").write_bytes(block())
    with HTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_the_blocks_of_a_uf2_file_are_addresses_and_data(tmp_path: Path) -> None:
    path = tmp_path / "a.uf2"
    path.write_bytes(block() + block(0x10000100, b"more"))
    assert uf2.find_uf2(str(path)) == path
    assert list(uf2.uf2_blocks(path)) == [(0x10000000, b"code"), (0x10000100, b"more")]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "0 bytes are not whole"),
        (block()[:-1], "511 bytes are not whole"),
        (block() + bytes(512), "block 1 is no UF2"),
        (block(family=0xE48BFF59), "another chip .family 0xe48bff59"),
    ],
)
def test_what_is_no_uf2_for_the_rp2040_is_refused(data: bytes, word: str, tmp_path: Path) -> None:
    (tmp_path / "a.uf2").write_bytes(data)
    with pytest.raises(UsageError, match=word):
        uf2.find_uf2(str(tmp_path / "a.uf2"))


def test_nothing_there_says_how_to_get_one(cache: Path) -> None:
    with pytest.raises(UsageError, match=r"--uf2 FILE.*URL#sha256=HEX.*get_uf2\.sh"):
        uf2.find_uf2()
    with pytest.raises(UsageError, match=r"none\.uf2.*No such file"):
        uf2.find_uf2("none.uf2")


def test_a_release_is_fetched_once_and_checked(server: str, cache: Path, tmp_path: Path) -> None:
    good = hashlib.sha256(block()).hexdigest()
    path = uf2.find_uf2(f"{server}good.uf2#sha256={good}")
    assert path.read_bytes() == block() and path.is_relative_to(cache)
    (tmp_path / "served" / "good.uf2").unlink()
    assert uf2.find_uf2(f"{server}good.uf2#sha256={good}") == path


def test_a_release_without_the_right_hash_is_refused(server: str, cache: Path) -> None:
    for url in ("good.uf2", "good.uf2#sha256=12", "good.uf2#md5=" + 64 * "0"):
        with pytest.raises(UsageError, match="#sha256=HEX, 64 digits"):
            uf2.find_uf2(server + url)
    with pytest.raises(UsageError, match=f"its sha256 is {hashlib.sha256(block()).hexdigest()}, not 000"):
        uf2.find_uf2(f"{server}good.uf2#sha256={'0' * 64}")
    assert not list(cache.rglob("*"))
    with pytest.raises(TwinOhmError, match="404.*by hand"):
        uf2.find_uf2(f"{server}missing.uf2#sha256={'0' * 64}")
