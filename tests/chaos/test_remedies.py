"""Every symptom of remedies.py, brought about at the command line: its sentence, its remedy and the exit code."""

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import serial

from tests.command_line import Done, run_here
from tests.fake_board import FakeBoard, framed
from tests.held_device import held_device
from tests.stopwatch import Stopwatch
from tests.tcp_port import port_that
from tests.uf2_file import block_for_e10, uf2_block, uf2_file, uf2_text
from twinohm.diagnostics import doctor
from twinohm.errors import UsageError
from twinohm.install import bootsel
from twinohm.link import board_client, open_errors, transports
from twinohm.link.board_client import BoardClient
from twinohm.link.repl import PROMPT
from twinohm.link.timeouts import Timeouts
from twinohm.model.chips import RISC_V_FAMILY, RP2040, RP2350
from twinohm.protocol.shared import frames, messages
from twinohm.remedies import Symptom

Talk = Callable[[bytes], bytes]  # what a board answers to what it received
HURRY = Timeouts(resend_s=0.05, tries=2, enter_s=0.15)
pytestmark = pytest.mark.skipif(os.name == "nt", reason="devices, groups and drives of Linux")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_client, "Timeouts", lambda: HURRY)
    monkeypatch.setattr(doctor, "Timeouts", lambda: HURRY)


@contextmanager
def tcp_server(talk: Talk) -> Iterator[str]:
    """Yield the port socket://... of something that answers by `talk`."""

    def serve(client: socket.socket) -> None:
        while data := client.recv(8192):
            client.sendall(talk(data))

    with port_that(serve) as url:
        yield url


def raw_repl(run: Talk) -> Talk:
    """Return a board at MicroPython's raw prompt that answers to code by `run`, and to all else with nothing."""

    def talk(data: bytes) -> bytes:
        if data.endswith(b"\x01"):
            return PROMPT
        return run(data) if data.endswith(b"\x04") else b""

    return talk


def ends_with(error: bytes) -> Talk:
    """Return a board whose MicroPython ends the host's code with a traceback."""
    return raw_repl(
        lambda code: b'OK\x04Traceback (most recent call last):\r\n  File "<stdin>"\r\n' + error + b"\r\n\x04>"
    )


def hello(**fields: object) -> Talk:
    """Return a board that replies to HELLO with `fields` alone."""
    return requests(str(fields).replace("'", '"').encode())


def requests(payload: bytes) -> Talk:
    """Return a board that replies to each request with `payload`."""

    def talk(data: bytes) -> bytes:
        if data.endswith(b"\x01"):
            return PROMPT
        if data.endswith(b"\x04"):
            return b"OK"
        kind, seq, _ = frames.decode(data)
        return bytes(frames.encode(kind | messages.REPLY, seq, payload))

    return talk


def flashable(name: str, machine: str, version: str) -> Talk:
    """Return a board as `flash` sees it, which asks for chip and version; it answers to nothing else."""

    code = bytearray()

    def talk(data: bytes) -> bytes:
        if data.endswith(b"\x01"):  # also where raw-paste is asked for, which this board does not know
            return PROMPT
        code.extend(data)
        if not data.endswith(b"\x04"):
            return b""
        assert b"_machine" in code, f"flash has sent {bytes(code)!r} to a board that it must refuse"
        return b"OK" + f"{name}\r\n{machine}\r\n{version}\r\n".encode() + b"\x04\x04>"

    return talk


def exec_at(where: str, tmp_path: Path) -> Done:
    return run_here("exec", "1", "--port", where, cwd=tmp_path)


WRITTEN = {
    " ": (Symptom.EMPTY, "port ' ': the port has no name; name a device, a URL or auto"),
    "a\x1bb": (Symptom.UNPRINTABLE, "port 'a\\x1bb': the port's name has a character that cannot be printed"),
    "sim://[::1": (Symptom.MALFORMED, "sim://[::1: this is no URL (Invalid IPv6 URL); write it as in sim://lab16"),
    "nosuch://x": (Symptom.UNKNOWN_SCHEME, "nosuch://x: invalid URL, protocol 'nosuch' not known; `twinohm ports`"),
    "sim:lab16": (Symptom.MISSPELT, "sim:lab16: there is no such device; did you mean sim://lab16? `twinohm ports`"),
    "lab16": (Symptom.MISSPELT, "did you mean sim://lab16? "),
    "AUTO": (Symptom.MISSPELT, "did you mean auto? "),
    "socket://lab:7?foo=1": (Symptom.NO_OPTION, "a port socket:// has no option 'foo'; it has logging; leave"),
    "socket://": (Symptom.NO_HOST, "socket://: the URL names no computer; write socket://HOST:PORT"),
    "rfc2217://:5": (Symptom.NO_HOST, "rfc2217://:5: the URL names no computer; write rfc2217://HOST:PORT"),
    "socket://lab": (Symptom.NO_TCP_PORT, "socket://lab: the URL names no TCP port; write socket://HOST:PORT"),
    "socket://lab:99999": (Symptom.BAD_TCP_PORT, "socket://lab:99999: the TCP port is no number of 1 to 65535"),
    "rfc2217://lab:x": (Symptom.BAD_TCP_PORT, "rfc2217://lab:x: the TCP port is no number of 1 to 65535"),
    "hwgrep://nosuch": (Symptom.LACKS, "hwgrep://nosuch: this kind of port cannot be used (no ports found"),
    "/dev/nosuch": (Symptom.ABSENT, "/dev/nosuch: there is no such device; plug the board in"),
    "/dev/null": (Symptom.NOT_SERIAL, "/dev/null: this is no serial port; name another one; `twinohm ports`"),
    "/": (Symptom.NOT_SERIAL, "/: this is no serial port; name another one"),
    "socket://localhost:1": (Symptom.REFUSED, "socket://localhost:1: nothing there accepts a connection (Connection"),
    "rfc2217://localhost:1": (
        Symptom.REFUSED,
        "start the server of the port (`twinohm sim BOARD --tcp PORT`, ser2net)",
    ),
    f"socket://{'a' * 70}:5": (Symptom.UNKNOWN_HOST, "no computer has this name"),
}
BOARDS = {
    "silent": (
        lambda data: b"",
        Symptom.SILENT,
        "no MicroPython prompt within 0.15 s, it sent nothing; is",
    ),
    "foreign": (
        lambda data: b"temp=23.5\r\n",
        Symptom.FOREIGN_TEXT,
        "it sent b'temp=23.5\\r\\n",
    ),
    "stopped": (
        raw_repl(lambda code: b"OK"),
        Symptom.STOPPED,
        "accepted the firmware's start (OK), then it stopped: no reply to HELLO in 0.15 s, sent 2 times; reset",
    ),
    "foreign reply": (
        raw_repl(lambda code: b"OK" + b"temp=23.5\r\n" * 9),
        Symptom.FOREIGN_REPLY,
        "no reply to HELLO in 0.15 s, but it sent b'temp=23.5'; what prints on this line is not the firmware: stop it",
    ),
    "no firmware": (
        ends_with(b"ImportError: no module named 'twinohm_fw'"),
        Symptom.NO_FIRMWARE,
        "MicroPython runs there without the firmware of TwinOhm (ImportError: no module named 'twinohm_fw'); `twinohm "
        "flash` installs it",
    ),
    "wrong .mpy": (
        ends_with(b"ValueError: incompatible .mpy file"),
        Symptom.WRONG_MPY,
        "its firmware is compiled for another MicroPython (ValueError: incompatible .mpy file); the host's: `twinohm",
    ),
    "other chip": (
        ends_with(b"NotImplementedError: chip Generic board with SAMD51"),
        Symptom.OTHER_CHIP,
        "the board has a chip on which the firmware would write wrong registers (Generic board with SAMD51); use a",
    ),
    "RISC-V": (
        ends_with(b"NotImplementedError: chip Raspberry Pi Pico2 with RP2350-RISCV"),
        Symptom.RISC_V,
        "MicroPython uses the RISC-V cores there (Raspberry Pi Pico2 with RP2350-RISCV), for which the firmware has no",
    ),
    "CircuitPython's banner": (
        lambda data: b"Adafruit CircuitPython 9.2.7 on 2025-04-01; Raspberry Pi Pico with rp2040\r\n",
        Symptom.OTHER_PYTHON,
        "CircuitPython runs there, the firmware needs MicroPython; nothing was written; a virtual board needs no",
    ),
    "CircuitPython": (
        ends_with(b"NotImplementedError: Python circuitpython"),
        Symptom.OTHER_PYTHON,
        "circuitpython runs there, the firmware needs MicroPython; nothing was written; a virtual board needs no",
    ),
    "protocol": (
        hello(protocol=1),
        Symptom.OTHER_PROTOCOL,
        f"the board has protocol 1, this host has {messages.PROTOCOL}; the host's: `twinohm flash` installs it",
    ),
    "no HELLO": (
        requests(b"hello"),
        Symptom.BAD_REPLY,
        "the reply to HELLO is not one that this host knows; put",
    ),
    "deep HELLO": (
        requests(b'{"protocol":' + b"[" * 1200),
        Symptom.BAD_REPLY,
        "the reply to HELLO is not one that this host knows",
    ),
}


@pytest.mark.parametrize("where", WRITTEN)
def test_what_is_wrong_with_a_port_that_cannot_be_opened(where: str, tmp_path: Path) -> None:
    symptom, words = WRITTEN[where]
    done = exec_at(where, tmp_path)
    assert words in done.stderr and done.stderr.count("\n") == 1
    assert done.returncode == symptom.kind.exit_code == (2 if issubclass(symptom.kind, UsageError) else 1)


@pytest.mark.parametrize("name", BOARDS)
def test_what_is_wrong_with_a_board(name: str, tmp_path: Path) -> None:
    talk, symptom, words = BOARDS[name]
    with tcp_server(talk) as where:
        done = exec_at(where, tmp_path)
    assert words in done.stderr and done.stderr.startswith(f"twinohm: {where}: ") and done.stderr.count("\n") == 1
    assert done.returncode == symptom.kind.exit_code == 1


def test_a_server_that_closes_at_once_may_want_a_token(tmp_path: Path) -> None:
    with socket.create_server(("localhost", 0)) as server:
        threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()
        done = exec_at(f"socket://localhost:{server.getsockname()[1]}", tmp_path)
    assert "the port closed the connection at once (" in done.stderr and "its token: copy the whole" in done.stderr
    assert done.returncode == Symptom.CLOSED_AT_ONCE.kind.exit_code == 1


def test_a_port_that_a_file_names_must_be_of_a_plain_scheme() -> None:
    with pytest.raises(Symptom.NOT_FROM_FILES.kind, match="a file names this port, and a port spy:// is never"):
        transports.check_recorded_port("spy://x")


def test_a_board_that_stops_after_hello_is_named(tmp_path: Path) -> None:
    board = FakeBoard(lambda kind, seq, reply: framed(kind, seq, reply) if kind == messages.HELLO else b"")
    with tcp_server(board.receive) as where:
        done = run_here("calibrate", "--port", where, cwd=tmp_path)
    assert f"{where}: no reply to CORRECT in 0.15 s, sent 2 times; is the board plugged in" in done.stderr
    assert done.returncode == Symptom.NO_REPLY.kind.exit_code == 1


@pytest.mark.parametrize("answers", [1, 1000])
def test_a_board_that_says_of_all_ticks_that_they_came_damaged_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: int
) -> None:
    """With the time-outs of a user, 31 s for each request: what is bounded is the number of its repeats."""
    monkeypatch.setattr(board_client, "Timeouts", Timeouts)
    resend = bytes(frames.encode(messages.RESEND, 0, b""))

    def distort(kind: int, seq: int, reply: bytes) -> bytes:
        trained.append(kind)
        return resend * answers if kind == messages.TRAIN else framed(kind, seq, reply)

    trained: list[int] = []
    board = FakeBoard(distort)
    with tcp_server(board.receive) as where:
        watch = Stopwatch()
        done = run_here("run", "allostery", "--ticks", "200", "--reconnect", "3", "--port", where, cwd=tmp_path)
    assert f"{where}: it says of each TRAIN that it came damaged, sent 21 times; use another cable" in done.stderr
    assert done.returncode == Symptom.DAMAGED.kind.exit_code == 1
    assert watch.free_s() < 40 and trained.count(messages.TRAIN) < 500


def test_a_request_that_came_damaged_20_times_is_still_answered() -> None:
    """Also if its reply comes after a flood."""
    left = [20]

    def distort(kind: int, seq: int, reply: bytes) -> bytes:
        if kind != messages.MEASURE:
            return framed(kind, seq, reply)
        left[0] -= 1
        return resend if left[0] >= 0 else resend * 1000 + framed(kind, seq, reply)

    resend = bytes(frames.encode(messages.RESEND, 0, b""))
    with tcp_server(FakeBoard(distort).receive) as where, BoardClient(where, timeouts=Timeouts()) as client:
        free_V, _ = client.measure()
    assert len(free_V) == 9 and left == [-1]


REFUSED = {
    Symptom.OTHER_PYTHON: (
        "circuitpython",
        "Raspberry Pi Pico with rp2040",
        "9 2",
        "circuitpython runs there, the firmware needs MicroPython; nothing was",
    ),
    Symptom.OTHER_CHIP: (
        "micropython",
        "Generic board with SAMD51",
        "1 25",
        "write wrong registers (Generic board with SAMD51); use a Raspberry Pi Pico,",
    ),
    Symptom.RISC_V: (
        "micropython",
        "Raspberry Pi Pico2 with RP2350-RISCV",
        "1 25",
        "MicroPython's RPI_PICO2 for the Arm cores",
    ),
    Symptom.OLD_MICROPYTHON: (
        "micropython",
        "Raspberry Pi Pico with RP2040",
        "1 22",
        "it runs MicroPython 1.22, the firmware needs",
    ),
}


@pytest.mark.parametrize("symptom", REFUSED)
def test_flash_refuses_a_board_before_it_writes(symptom: Symptom, tmp_path: Path) -> None:
    *board, words = REFUSED[symptom]
    with tcp_server(flashable(*board)) as where:
        done = run_here("flash", "--port", where, cwd=tmp_path)
    assert words in done.stderr and "nothing was written" in done.stderr and done.returncode == 1


@pytest.mark.parametrize("command", ["exec 1", "run divider", "flash", "repl"])
def test_every_command_says_why_a_port_cannot_be_opened(command: str, tmp_path: Path) -> None:
    done = run_here(*command.split(), "--port", "/dev/nosuch", cwd=tmp_path)
    assert "/dev/nosuch: there is no such device; plug the board in" in done.stderr and done.returncode == 1


# -- permission, and programs that have the port ---------------------------------------------------------------------


REFUSES = """def refuses(path, *arguments, **more):
    if str(path) == device:
        raise OSError(number, strerror(number), device)
    return opens(path, *arguments, **more)
"""


def deny(monkeypatch: pytest.MonkeyPatch, device: Path, number: int) -> None:
    """Let the system refuse to open a device: the error is of module os, not of these tests."""
    module = {"__name__": "os", "device": str(device), "number": number, "strerror": os.strerror, "opens": os.open}
    exec(REFUSES, module)
    monkeypatch.setattr(os, "open", module["refuses"])


@pytest.mark.parametrize(
    ("mode", "group", "symptom", "words"),
    [
        (0o660, ["me"], Symptom.OLD_LOGIN, "your user came into group dialout after you had logged in; log out and in"),
        (0o660, [], Symptom.NOT_IN_GROUP, "only group dialout may open it; `sudo usermod -aG dialout $USER`, then log"),
        (
            0o600,
            [],
            Symptom.NO_RULE,
            'may open it; write the line SUBSYSTEM=="tty", ATTRS{idVendor}=="2e8a", GROUP=',
        ),
    ],
)
def test_permission_denied_names_the_group_or_the_rule(
    mode: int, group: list[str], symptom: Symptom, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "ttyACM0"
    device.touch()
    device.chmod(mode)
    deny(monkeypatch, device, errno.EACCES)
    monkeypatch.setattr("grp.getgrgid", lambda number: SimpleNamespace(gr_name="dialout", gr_mem=group))
    monkeypatch.setattr(open_errors.getpass, "getuser", lambda: "me")
    done = exec_at(str(device), tmp_path)
    assert f"{device}: permission denied, " in done.stderr and words in done.stderr
    assert done.returncode == symptom.kind.exit_code == 1


def test_a_port_that_another_program_holds_names_it(tmp_path: Path) -> None:
    """Another program opens the device and locks it, as mpremote and terminal programs do."""
    with held_device(lock=True) as (device, other):
        done = exec_at(device, tmp_path)
    assert f"{device}: held by python" in done.stderr and f"(process {other}); end it, or wait" in done.stderr
    assert done.returncode == Symptom.HELD.kind.exit_code == 1


def test_a_port_is_opened_exclusively() -> None:
    ours, theirs = os.openpty()
    port = transports.open_port(os.ttyname(theirs))
    try:
        with pytest.raises(serial.SerialException, match="exclusively lock"):
            serial.Serial(os.ttyname(theirs), exclusive=True)
    finally:
        port.close()
        os.close(ours)
        os.close(theirs)


# -- RFC 2217 --------------------------------------------------------------------------------------------------------


@contextmanager
def rfc2217_server(behind: str) -> Iterator[str]:
    """Yield the port rfc2217://... of a server in front of the virtual board `behind`."""
    from serial.rfc2217 import PortManager

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client = server.accept()[0]
            port = transports.open_port(behind)
            manager = PortManager(_Settings(), SimpleNamespace(write=client.sendall))
            ended = False

            def to_client() -> None:
                while not ended:
                    if data := port.read(max(1, port.in_waiting)):
                        with suppress(OSError):
                            client.sendall(b"".join(manager.escape(data)))

            reader = Thread(target=to_client)
            reader.start()
            with client:
                while data := client.recv(4096):
                    port.write(b"".join(manager.filter(data)))
            ended = True
            reader.join()
            port.close()

        thread = Thread(target=serve)
        thread.start()
        yield f"rfc2217://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


class _Settings(SimpleNamespace):
    """A serial port's settings, which a virtual board does not have."""

    def __getattr__(self, name: str) -> Any:
        return {"baudrate": 115200, "bytesize": 8, "parity": "N", "stopbits": 1}.get(name, False)

    def reset_input_buffer(self) -> None:
        pass

    reset_output_buffer = reset_input_buffer


def test_a_board_behind_an_rfc2217_server_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_client, "Timeouts", Timeouts)
    with rfc2217_server("sim://divider") as where:
        done = run_here("exec", "print(learner.taps)", "--port", where, cwd=tmp_path)
    assert done.stdout == "[64, 64]\n" and not done.stderr and done.returncode == 0


def test_a_server_of_something_else_is_no_rfc2217(tmp_path: Path) -> None:
    with tcp_server(lambda data: b"") as where:
        done = exec_at(where.replace("socket", "rfc2217") + "?timeout=0.1", tmp_path)
    assert "does not speak RFC 2217; use socket://HOST:PORT" in done.stderr
    assert done.returncode == Symptom.NO_RFC2217.kind.exit_code == 1


# -- drives ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the place of the only drive. There are no serial ports."""
    monkeypatch.setattr(transports, "serial_ports", list)
    monkeypatch.setattr(bootsel, "serial_ports", list)
    monkeypatch.setattr(bootsel, "LABELS", tmp_path / "by-label")
    monkeypatch.setattr(bootsel, "USB", tmp_path / "usb")
    monkeypatch.setattr("psutil.disk_partitions", lambda: [SimpleNamespace(mountpoint=str(tmp_path / "drive"))])
    return tmp_path / "drive"


UF2_FILES = {
    "an RP2040's": (
        uf2_file(3, RP2040),
        Symptom.UF2_OF_OTHER_CHIP,
        "it is for an RP2040, the Pico at {drive} has an RP2350; name MicroPython's RPI_PICO2 with --uf2",
    ),
    "RISC-V": (
        block_for_e10() + uf2_block(family=RISC_V_FAMILY),
        Symptom.UF2_OF_RISC_V,
        "it is for the RISC-V cores of an RP2350, for which the firmware has no machine code; name MicroPython's",
    ),
    "CircuitPython": (
        uf2_text(b"x" * 250 + b"Adafruit CircuitPython 9.2.7 on 2025-04-01; Raspberry Pi Pico 2 with rp2350a", RP2350),
        Symptom.UF2_OF_CIRCUITPYTHON,
        "it is CircuitPython, the firmware needs MicroPython; name MicroPython's RPI_PICO2 with --uf2",
    ),
}


@pytest.mark.parametrize("case", UF2_FILES)
def test_a_uf2_that_does_not_fit_reaches_no_pico_2(case: str, drive: Path) -> None:
    data, symptom, words = UF2_FILES[case]
    drive.mkdir()
    (drive / bootsel.INFO).write_text("UF2 Bootloader v1.0\nModel: Raspberry Pi RP2350\nBoard-ID: RP2350\n")
    (drive.parent / "given.uf2").write_bytes(data)
    done = run_here("flash", "--drive", "drive", "--uf2", "given.uf2", cwd=drive.parent)
    assert "given.uf2: " + words.format(drive="drive") in done.stderr
    assert done.returncode == symptom.kind.exit_code == 2
    assert [path.name for path in drive.iterdir()] == [bootsel.INFO]


@pytest.mark.parametrize(
    ("label", "symptom", "words"),
    [
        (
            "RPI-RP2",
            Symptom.NOT_MOUNTED,
            "a Pico is in BOOTSEL, but its drive is not mounted; open it in the file manager or with `udisksctl",
        ),
        (
            "RP2350",
            Symptom.NOT_MOUNTED,
            "by-label/RP2350: a Pico is in BOOTSEL, but its drive is not mounted; open it",
        ),
        (
            None,
            Symptom.NO_PICO,
            "no Pico, neither with MicroPython nor in BOOTSEL; plug it in, or hold",
        ),
    ],
)
def test_a_drive_that_is_not_mounted_is_named(label: str | None, symptom: Symptom, words: str, drive: Path) -> None:
    if label:
        bootsel.LABELS.mkdir()
        (bootsel.LABELS / label).touch()
    done = run_here("flash", cwd=drive.parent)
    assert words in done.stderr and done.returncode == symptom.kind.exit_code == 1


TESTED_ELSEWHERE = {
    Symptom.HELD_HERE,  # tests/chaos/test_interrupted_calls.py, tests/unit/test_transports.py
    Symptom.PRINTS,  # tests/chaos/test_endless_ports.py
    Symptom.GONE,  # tests/chaos/test_interrupted_calls.py
    Symptom.NO_DRIVE,  # tests/sim/test_flash.py
    Symptom.OTHER_BOARD,  # tests/chaos/test_other_board.py
    Symptom.UNREACHABLE,  # needs another computer
    Symptom.CANNOT_OPEN,  # what no other symptom is
}


def test_every_symptom_is_brought_about_by_a_test() -> None:
    folder = Path(__file__).parent
    files = ("test_remedies.py", "test_foreign_folders.py", "test_doctor.py", "test_other_board.py")
    here = "".join((folder / name).read_text() for name in files)
    missing = {symptom for symptom in Symptom if f"Symptom.{symptom.name}" not in here}
    assert not missing and len({(symptom.seen, symptom.remedy) for symptom in Symptom}) == len(Symptom)
