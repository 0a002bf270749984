"""Which MicroPython goes onto a chip: a file or a fetched release, checked before anything is written with it."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from tests.uf2_file import block_for_e10, uf2_block, uf2_file
from twinohm.errors import TwinOhmError, UsageError
from twinohm.firmware import uf2
from twinohm.model.chips import RP2040, RP2350

GOOD = uf2_file(3)
SHA256 = hashlib.sha256(GOOD).hexdigest()


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(uf2, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "good.uf2").write_bytes(GOOD)
    with HTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_the_blocks_of_a_uf2_file_are_addresses_and_data(tmp_path: Path) -> None:
    path = tmp_path / "a.uf2"
    path.write_bytes(uf2_file(2))
    found = uf2.read_uf2(str(path))
    assert (found.path, found.data) == (path, uf2_file(2))
    assert list(found.blocks()) == [(0x10000000, bytes(256)), (0x10000100, b"\1" * 256)]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "0 bytes are not whole"),
        (uf2_file(1)[:-1], "511 bytes are not whole"),
        (uf2_block(0, 2) + bytes(512), "block 1 is no UF2"),
        (uf2_block(family=0xE48BFF5B), "another chip .family 0xe48bff5b"),
        (uf2_block(0, 2) + uf2_block(1, 2, family=0xE48BFF59), "block 1 is for another chip .family 0xe48bff59"),
        (block_for_e10() + uf2_block(0, 2, family=0xE48BFF59), "block 1 is one of 2 blocks, the file has 1"),
        (block_for_e10() * 2, "block 1 is for another chip .family 0xe48bff57"),
        (uf2_block(0, 2) + uf2_block(1, 2, family=0xE48BFF57), "block 1 is for another chip"),
        (uf2_block(flags=0x2001), "block 0 is not for the flash .flags 0x00002001"),
        (GOOD[:1024], "block 0 is one of 3 blocks, the file has 2; it is cut off"),
        (GOOD + GOOD, "block 0 is one of 3 blocks, the file has 6; it is cut off or made of several"),
        (GOOD[:512] + GOOD[1024:] + GOOD[512:1024], "block 1 has number 2; blocks are missing, repeated or not in"),
        (GOOD[:512] * 2 + GOOD[1024:], "block 1 has number 0; blocks are missing, repeated"),
        (uf2_block(size=128), "block 0 has 128 bytes, an RP2040 takes 256"),
        (uf2_block(address=0x20000000), "0x20000000, which is no page of the flash of a Pico or Pico W"),
        (uf2_block(address=0x10200000), "0x10200000, which is no page"),
        (uf2_block(address=0x0FFFFF00), "0x0fffff00, which is no page"),
        (uf2_block(address=0x10000080), "0x10000080, which is no page"),
        (uf2_block(0, 2) + uf2_block(1, 2, address=0x10000000), "block 1 is for 0x10000000, as an earlier one is"),
    ],
)
def test_what_is_no_whole_uf2_is_refused(data: bytes, word: str, tmp_path: Path) -> None:
    (tmp_path / "a.uf2").write_bytes(data)
    with pytest.raises(UsageError, match=word):
        uf2.read_uf2(str(tmp_path / "a.uf2"))


@pytest.mark.parametrize("before", [b"", block_for_e10()], ids=["plain", "E10"])
def test_a_uf2_for_the_rp2350_may_begin_with_a_block_for_its_erratum(before: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.uf2"
    path.write_bytes(before + uf2_file(2, RP2350))
    found = uf2.read_uf2(str(path))
    assert found.chip == RP2350 and found.data == path.read_bytes()
    assert list(found.blocks()) == [(0x10000000, bytes(256)), (0x10000100, b"\1" * 256)]
    path.write_bytes(uf2_block(address=0x103FFF00, family=RP2350.family))  # a Pico 2 has 4 MB
    assert uf2.read_uf2(str(path)).chip == RP2350


def test_without_a_source_the_uf2_of_the_chip_is_taken(cache: Path) -> None:
    for chip, folder in ((RP2040, "pico"), (RP2350, "pico2")):
        with pytest.raises(UsageError, match=f"no MicroPython for the {chip.boards} at .*/{folder}/firmware.uf2"):
            uf2.read_uf2(None, chip)
        (cache / folder).mkdir(parents=True)
        (cache / folder / "firmware.uf2").write_bytes(uf2_file(1, chip))
        assert uf2.read_uf2(None, chip).chip == chip


def test_nothing_there_says_how_to_get_one(cache: Path) -> None:
    with pytest.raises(UsageError, match=r"uf2=FILE.*uf2=URL#sha256=HEX.*get_uf2\.sh"):
        uf2.read_uf2()
    with pytest.raises(UsageError, match=r"none\.uf2.*No such file"):
        uf2.read_uf2("none.uf2")


def test_a_release_is_fetched_once_and_checked(server: str, cache: Path, tmp_path: Path) -> None:
    found = uf2.read_uf2(f"{server}good.uf2#sha256={SHA256}")
    assert found.path.read_bytes() == found.data == GOOD and found.path.is_relative_to(cache)
    (tmp_path / "served" / "good.uf2").unlink()
    assert uf2.read_uf2(f"{server}good.uf2#sha256={SHA256}") == found


def test_a_damaged_file_in_the_cache_is_fetched_anew_or_refused(server: str, cache: Path, tmp_path: Path) -> None:
    path = uf2.read_uf2(f"{server}good.uf2#sha256={SHA256}").path
    damaged = GOOD[:600] + b"!" + GOOD[601:]  # in the payload: all heads are right
    path.write_bytes(damaged)
    assert uf2.read_uf2(f"{server}good.uf2#sha256={SHA256}").data == path.read_bytes() == GOOD
    path.write_bytes(damaged)
    (tmp_path / "served" / "good.uf2").unlink()
    with pytest.raises(TwinOhmError, match=rf"404.*; {path} is damaged: fetch it by hand"):
        uf2.read_uf2(f"{server}good.uf2#sha256={SHA256}")


def test_a_release_without_the_right_hash_is_refused(server: str, cache: Path) -> None:
    for url in ("good.uf2", "good.uf2#sha256=12", "good.uf2#md5=" + 64 * "0"):
        with pytest.raises(UsageError, match="#sha256=HEX, 64 digits"):
            uf2.read_uf2(server + url)
    with pytest.raises(UsageError, match=f"its sha256 is {SHA256}, not 000"):
        uf2.read_uf2(f"{server}good.uf2#sha256={'0' * 64}")
    assert not list(cache.rglob("*"))
    with pytest.raises(TwinOhmError, match="404.*by hand"):
        uf2.read_uf2(f"{server}missing.uf2#sha256={'0' * 64}")
