"""What a port says of itself before it is opened."""

import os
from pathlib import Path

import pytest

import twinohm  # noqa: F401  # registers sim:// and emu://
from twinohm.errors import BoardBusy, BoardNotFound, UsageError
from twinohm.link.transports import hold_port, open_port, port_at


@pytest.mark.parametrize(
    ("where", "is_device", "virtual", "timeout_factor"),
    [
        ("/dev/ttyACM0", True, False, 1.0),
        ("COM5", True, False, 1.0),
        ("auto", True, False, 1.0),
        ("socket://localhost:1", False, False, 1.0),
        ("sim://lab16?seed=1", False, True, 1.0),
        ("emu://lab16", False, True, 6.0),
    ],
)
def test_a_closed_port_says_what_it_is(where: str, is_device: bool, virtual: bool, timeout_factor: float) -> None:
    port = port_at(where)
    assert (port.name, port.is_device, port.virtual, port.shared) == (where, is_device, virtual, not virtual)
    assert port.timeout_factor == timeout_factor
    assert port.board is port.unique_id is port.side_channel is None


def test_an_open_virtual_port_knows_its_board() -> None:
    port = open_port("sim://divider?seed=1")
    try:
        assert port.board is not None and port.board.name == "divider"
        assert port.unique_id and port.side_channel is not None
    finally:
        port.close()


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(UsageError, match="nosuch://x: .*'nosuch'.*twinohm ports"):
        port_at("nosuch://x")


def test_an_absent_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoardNotFound, match="absent: .*twinohm ports"):
        open_port(str(tmp_path / "absent"))


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_two_names_of_a_device_have_one_lock_and_a_virtual_port_has_none(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "device")
    lock = hold_port(str(tmp_path / "device"))
    assert lock is not None
    with pytest.raises(BoardBusy, match=f"link: held by process {os.getpid()} "):
        hold_port(str(tmp_path / "link"))
    lock.release()
    assert hold_port("sim://lab16") is None
