"""Corrections of rp2040py 0.3.6; each docstring says what is wrong there. Known and not corrected:

- machine.UART() never returns, and neither does a thread on core 1: both wait for hardware that is not there.
- `machine.freq()` changes nothing: a cycle is 8 ns. Flash is read without wait states and written in no time.
- SoftI2C, which MicroPython also takes for I2C.scan() and empty writes, finds nobody: parts are joined to controllers.
- While the processor sleeps, a state machine's edges within one sleep fall on one moment.
"""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from rp2040py.usb.cdc import USBCDC

KNOWN = "0.3.6"
PACKET_US = 53  # 64 bytes on a full-speed bus, at most 19 such packets a frame (USB 2.0, 5.8.4)
FRAME_NS = 1_000_000
PACKET = 64
DEV_SOF = 1 << 17  # RP2040 datasheet 4.1.4, INTR
SOF_RD = 0x48
TX_EMPTY = 1 << 4  # 4.3.17, IC_RAW_INTR_STAT
FS_SPKLEN = 0xA0  # 4.3.17
GPIO_IN = 0x04  # 2.3.1.7
RESETS_RESET = 0x00  # 2.14.3
RESET_I2C0, RESET_I2C1 = 1 << 3, 1 << 4
HAD_RUN = 1 << 16  # 2.10.7


def check_version() -> None:
    """Raise RuntimeError for another release, whose errors are not known."""
    if version("rp2040py") != KNOWN:
        raise RuntimeError(f"rp2040py {version('rp2040py')} is installed, the emulated board knows {KNOWN} alone")


class HostSide:
    """The host's end of the chip's USB.

    While there is nothing to send, rp2040py completes the transfer that the chip has prepared with an empty packet each
    10 us: the firmware never sleeps, and its time is 2.5 times too long. A real host says nothing then. Frames (SOF) it
    never starts, and MicroPython holds its output back until 16 of them have passed after a connection.
    """

    def __init__(self, cdc: USBCDC, mcu: Any) -> None:
        self._cdc, self._usb, self._clock = cdc, mcu.usb_ctrl, mcu.clock
        self._unsent = bytearray()
        self._room: int | None = None  # of the transfer that the chip has prepared
        self._usb.write_delay_microseconds = PACKET_US
        self._read_others, self._usb.on_endpoint_read = self._usb.on_endpoint_read, self._endpoint_read
        self._reset_others, self._usb.on_reset = self._usb.on_reset, self._reset
        self._read_register, self._usb.read_uint32 = self._usb.read_uint32, self._read
        self._frame_alarm = self._clock.create_alarm(self._frame)
        self._frame_alarm.schedule(FRAME_NS)

    def send(self, data: bytes) -> None:
        """Send bytes to the chip as soon as it takes them."""
        self._unsent += data
        self._send_packet()

    def _send_packet(self) -> None:
        if self._room is not None and self._unsent:
            packet = bytes(self._unsent[: min(self._room, PACKET)])
            del self._unsent[: len(packet)]
            self._room = None
            self._usb.endpoint_read_done(self._cdc._out_endpoint, packet, PACKET_US)

    def _endpoint_read(self, endpoint: int, size: int) -> None:
        if endpoint == 0 or endpoint != self._cdc._out_endpoint:
            self._read_others(endpoint, size)
        else:
            self._room = size
            self._send_packet()

    def _frame(self) -> None:
        self._frame_alarm.schedule(FRAME_NS)
        usb = self._usb
        usb._sof_frame_number = usb._sof_frame_number + 1 & 0x7FF
        if usb._int_enable & DEV_SOF:
            usb._int_raw |= DEV_SOF
            usb.check_interrupts()

    def _read(self, offset: int) -> int:
        if offset == SOF_RD:
            self._usb._int_raw &= ~DEV_SOF
            self._usb.check_interrupts()
        return int(self._read_register(offset))

    def _reset(self) -> None:
        self._room = None
        self._unsent.clear()
        self._reset_others()


def delay_tx_empty(i2c: Any) -> None:
    """Set TX_EMPTY when a byte has left the wire, not when it left the FIFO, and also after a byte without acknowledge.

    Without it the SDK waits for its time-out and raises ETIMEDOUT instead of EIO.
    """
    abort, set_interrupts, complete_write = i2c._abort, i2c._set_interrupts, i2c.complete_write

    def aborted(reason: int) -> None:
        abort(reason)
        set_interrupts(TX_EMPTY)

    def masked(mask: int) -> None:
        mask = mask & ~TX_EMPTY if i2c._busy else mask
        if mask:
            set_interrupts(mask)

    def written(ack: bool) -> None:
        complete_write(ack)
        if i2c._tx_fifo.item_count <= i2c.tx_threshold and (not i2c._busy or i2c._state.name == "STOP"):
            set_interrupts(TX_EMPTY)

    i2c._abort, i2c._set_interrupts, i2c.complete_write = aborted, masked, written


def accept_odd_spike_length(i2c: Any) -> None:
    """Accept an odd FS_SPKLEN: rp2040py looks for the controller's enable bit in the value itself."""
    write = i2c.write_uint32

    def write_uint32(offset: int, value: int) -> None:
        write(offset, value)
        if offset == FS_SPKLEN and value:
            i2c._spikelen = value

    i2c.write_uint32 = write_uint32


def reset_blocks(mcu: Any, callbacks: dict[int, Callable[[], None]]) -> None:
    """Call a callback when the bit of its block is set in RESETS: rp2040py keeps the bit and resets nothing."""
    resets = mcu.resets
    write = resets.write_uint32

    def write_uint32(offset: int, value: int) -> None:
        before = resets.read_uint32(RESETS_RESET)
        write(offset, value)
        if offset == RESETS_RESET:
            for bit, callback in callbacks.items():
                if value & ~before & bit:
                    callback()

    resets.write_uint32 = write_uint32


def reset_by_run(mcu: Any) -> None:
    """Reset the chip as pin RUN does: rp2040py clears the watchdog and notes HAD_RUN in a class not used here."""
    mcu.enter_reset()
    mcu.watchdog.reset()
    mcu.vreg_and_chip_reset.record_reset_cause(HAD_RUN)
    mcu.leave_reset()


def correct_pin_reads(mcu: Any, before: Callable[[], None]) -> None:
    """Make a driven pin read its own level in GPIO_IN, where rp2040py reads 0. `before` is called before every read."""
    sio = mcu.sio
    read = sio.read_uint32

    def read_uint32(offset: int) -> Any:
        if offset != GPIO_IN:
            return read(offset)
        before()
        driven = sio.gpio_output_enable
        return mcu.gpio_values & ~driven | sio.gpio_value & driven

    sio.read_uint32 = read_uint32


def call_on_reset(mcu: Any, callback: Callable[[], None]) -> None:
    """Call `callback` after each reset: all pins float then, which rp2040py reports to no listener."""
    others = mcu.usb_ctrl.on_reset

    def reset() -> None:
        others()
        callback()

    mcu.usb_ctrl.on_reset = reset


def call_on_flash_change(mcu: Any, changed: Callable[[int, int], None]) -> None:
    """Call `changed` with (address, number of bytes) after each erasure and each page that is written to the flash."""
    sizes = {0x02: 256, 0x20: 4096, 0xD8: 65536}  # page program, sector erase, block erase
    ssi = mcu.ssi
    apply = ssi._apply_command

    def applied() -> None:
        command = bytes(ssi._tx_buffer[:4])
        apply()
        if len(command) == 4 and command[0] in sizes:
            size = sizes[command[0]]
            changed(int.from_bytes(command[1:], "big") & ~(size - 1), size)

    ssi._apply_command = applied
