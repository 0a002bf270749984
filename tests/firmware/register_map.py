"""A chip's registers under CPython: the firmware's machine code runs as Python, and its pointers end here.

Behind the registers are the part models of the rig, as behind `machine` elsewhere. What the code does with an address
that is not in the map of the chip (chips.py) is an AssertionError.
"""

import sys
import types

import machine

PIN_NS = 200  # as in the stand-in of machine
READ_NS = 100  # of the timer; who writes nothing meanwhile sees it go faster, up to 1024 times
ADC_NS = 2000
READY, START_ONCE = 0x100, 0x004  # of the ADC's CS
TX_ABRT, STOP_DET, STOP = 0x040, 0x200, 0x200  # of the I2C controller
TIMED_OUT = 110  # ETIMEDOUT
RX_EMPTY, TX_FULL = 8, 16  # of the PIO's FSTAT, for state machine 0
RAM = 0x20000000


def install(chip, firmware):
    """Let firmware that is imported from now on find itself on `chip`. firmware: its folder."""
    registers = RegisterMap(chip)
    sys.implementation._machine = chip.MACHINE
    machine.freq = lambda: chip.HZ
    machine.mem32 = registers
    machine.I2C = registers.recorded(machine.I2C)
    machine.SPI = registers.recorded(machine.SPI)
    rp2 = types.ModuleType("rp2")
    rp2.PIO = types.SimpleNamespace(OUT_LOW=0, OUT_HIGH=1, SHIFT_RIGHT=1)
    rp2.asm_pio = lambda **options: lambda program: program
    rp2.StateMachine = registers.state_machine
    sys.modules["rp2"] = rp2
    package = types.ModuleType("twinohm_fw")  # in place of the one whose import makes a board
    package.__path__ = [firmware + "/twinohm_fw"]
    sys.modules["twinohm_fw"] = package
    from twinohm_fw.drivers import platform

    memory = Memory(registers)
    platform.address = memory.address
    platform.ptr8, platform.ptr16, platform.ptr32 = memory.ptr8, memory.ptr16, memory.ptr32
    del sys.modules["twinohm_fw"]


def signed(word):
    """Return a 32-bit word as viper's `int` has it."""
    return (word + (1 << 31)) % (1 << 32) - (1 << 31)


class Memory:
    """Pointers to buffers and registers, by object and by address."""

    def __init__(self, registers):
        self._registers = registers
        self._buffers = []

    def address(self, buffer):
        self._buffers.append(buffer)
        return RAM + len(self._buffers)

    def ptr8(self, where):
        return self._pointer(where, "B")

    def ptr16(self, where):
        return self._pointer(where, "H")

    def ptr32(self, where):
        return self._pointer(where, "i")

    def _pointer(self, where, form):
        if isinstance(where, int):
            index = (where & 0xFFFFFFFF) - RAM - 1
            if not 0 <= index < len(self._buffers):
                assert form == "i", f"registers are read by words, not by {form!r}"
                return RegisterPointer(self._registers, where & 0xFFFFFFFF)
            where = self._buffers[index]
        return BufferPointer(where, form)


class BufferPointer:
    """A viper pointer to a buffer."""

    def __init__(self, buffer, form):
        raw = memoryview(buffer).cast("B")
        width = {"B": 1, "H": 2, "i": 4}[form]
        self._view = raw[: len(raw) // width * width].cast(form)
        self._mask = (1 << 8 * width) - 1
        self._is_word = width == 4

    def __getitem__(self, index):
        return self._view[index]

    def __setitem__(self, index, value):
        self._view[index] = signed(value) if self._is_word else value & self._mask


class RegisterPointer:
    """A viper pointer to registers."""

    def __init__(self, registers, base):
        self._registers = registers
        self._base = base

    def __getitem__(self, index):
        return signed(self._registers[self._base + 4 * index])

    def __setitem__(self, index, value):
        self._registers[self._base + 4 * index] = value & 0xFFFFFFFF


class RegisterMap:
    """The registers of a chip, as machine.mem32."""

    def __init__(self, chip):
        self._chip = chip
        self._where = chip.registers()
        self._instances = {}  # of machine's buses, by class and number
        self._state_machines = {}
        self._adc = self._spins = 0
        self._i2c = {}
        self._spi = {}

    def recorded(self, bus):
        """Return a class of machine whose last instance of each number is remembered; one begins with empty FIFOs."""
        instances, i2c, spi = self._instances, self._i2c, self._spi

        class Recorded(bus):
            def __init__(self, number, *arguments, **named):
                super().__init__(number, *arguments, **named)
                instances[bus.__name__, number] = self
                if bus.__name__ == "I2C":
                    i2c[number] = I2CState()
                else:
                    spi[number] = []

        return Recorded

    def state_machine(self, number, program, **pins):
        """Stand for rp2.StateMachine."""
        self._state_machines[number] = machine_of = StateMachine(self._chip, pins)
        return machine_of

    def _find(self, address):
        assert address in self._where, f"0x{address:08x} is no register of the {self._chip.NAME} for this firmware"
        return self._where[address]

    def __getitem__(self, address):
        block, number, register = self._find(address)
        return getattr(self, "_read_" + block)(number, register, address) & 0xFFFFFFFF

    def __setitem__(self, address, value):
        block, number, register = self._find(address)
        self._spins = 0
        getattr(self, "_write_" + block)(number, register, address, value)

    def _read_memory(self, _number, _register, address):
        return machine.fixture.memory.get(address, 0)

    def _write_memory(self, _number, register, address, value):
        assert register == "SCRATCH", f"the firmware writes {register}"
        machine.fixture.memory[address] = value

    def _read_SIO(self, _number, register, _address):
        assert register == "GPIO_IN"
        machine.fixture.now_ns += PIN_NS
        nets = machine.fixture.nets
        return sum(nets[f"GP{k}"].read() << k for k in range(32) if f"GP{k}" in nets)

    def _write_SIO(self, _number, register, _address, value):
        level = {"GPIO_OUT_SET": 1, "GPIO_OUT_CLR": 0}[register]
        machine.fixture.now_ns += PIN_NS
        for k in range(32):
            if value >> k & 1:
                machine.fixture.net(f"GP{k}").set(level)

    def _read_TIMER(self, _number, _register, _address):
        machine.fixture.now_ns += READ_NS << min(self._spins, 10)
        self._spins += 1
        return machine.fixture.now_ns // 1000

    def _read_ADC(self, _number, register, _address):
        return self._adc if register == "RESULT" else READY

    def _write_ADC(self, _number, register, _address, value):
        assert register == "CS" and value & START_ONCE
        machine.fixture.now_ns += ADC_NS
        self._adc = machine.fixture.adc[f"GP{26 + (value >> 12 & 15)}"].read()

    def _read_I2C(self, number, register, _address):
        state = self._i2c[number]
        if register == "IC_TAR":
            return state.target
        assert register in ("IC_RAW_INTR_STAT", "IC_CLR_TX_ABRT", "IC_CLR_STOP_DET"), register
        flags = state.flags
        if register != "IC_RAW_INTR_STAT":
            state.flags &= ~{"IC_CLR_TX_ABRT": TX_ABRT, "IC_CLR_STOP_DET": STOP_DET}[register]
        return flags

    def _write_I2C(self, number, register, _address, value):
        state = self._i2c[number]
        if register == "IC_ENABLE":
            state.enabled = value
        elif register == "IC_TAR":
            assert not state.enabled, "IC_TAR was written while the controller was enabled"
            state.target = value
        else:
            assert register == "IC_DATA_CMD" and state.enabled
            state.frame.append(value & 255)
            assert len(state.frame) <= 16, "more bytes than the FIFO takes"
            if value & STOP:
                state.flags |= self._transfer(number, state.target, bytes(state.frame))
                state.frame.clear()

    def _transfer(self, number, target, frame):
        try:
            self._instances["I2C", number].writeto(target, frame)
        except OSError as error:
            return 0 if error.args[0] == TIMED_OUT else TX_ABRT | STOP_DET
        return STOP_DET

    def _read_SPI(self, number, register, _address):
        return self._spi[number].pop(0) if register == "SSPDR" else 0

    def _write_SPI(self, number, register, _address, value):
        assert register == "SSPDR"
        answer = bytearray(1)
        self._instances["SPI", number].write_readinto(bytes([value & 255]), answer)
        self._spi[number].append(answer[0])

    def _read_PIO(self, _number, register, _address):
        if register == "FSTAT":
            return sum(1 << RX_EMPTY + n for n in range(4) if not self._received(n))
        return self._received(int(register[-1])).pop(0)

    def _write_PIO(self, _number, register, _address, value):
        self._state_machines[int(register.removeprefix("TXF"))].put(value)

    def _received(self, number):
        found = self._state_machines.get(number)
        return found.received if found else []


class I2CState:
    """A controller as machine.I2C leaves it."""

    def __init__(self):
        self.target, self.enabled, self.flags, self.frame = 0x55, 1, 0, []


class StateMachine:
    """What the two programs of drivers/blocks/pio.py do; at their pace where `freq` is 25 MHz."""

    def __init__(self, chip, pins):
        assert pins["freq"] <= chip.HZ
        self._instruction_ns = 1_000_000_000 // pins["freq"]
        self._pins = {name: pin.net for name, pin in pins.items() if name.endswith("_base")}
        self._bytes = 0  # that are still to come
        self.received = []

    def active(self, _on):
        pass

    def _pass(self, instructions):
        machine.fixture.now_ns += instructions * self._instruction_ns

    def put(self, word):
        """Take a word of the FIFO."""
        if "in_base" in self._pins:
            self._shift_in(word + 1)
        elif not self._bytes:
            self._bytes = word + 1
        else:
            self._shift_out(word)

    def _shift_in(self, bits):
        load, data, clock = (self._pins[name] for name in ("set_base", "in_base", "sideset_base"))
        load.set(0)
        self._pass(2)
        load.set(1)
        self._pass(4)
        byte = 0
        for k in range(bits):
            byte = byte >> 1 | data.read() << 7
            self._pass(1)
            clock.set(1)
            self._pass(2)
            clock.set(0)
            self._pass(2)
            if k % 8 == 7:
                self.received.append(byte << 24)

    def _shift_out(self, byte):
        latch, data, clock = (self._pins[name] for name in ("set_base", "out_base", "sideset_base"))
        for k in range(8):
            data.set(byte >> k & 1)
            self._pass(2)
            clock.set(1)
            self._pass(2)
            clock.set(0)
        self._bytes -= 1
        if not self._bytes:
            latch.set(1)
            self._pass(2)
            latch.set(0)
            self.received.append(0)
