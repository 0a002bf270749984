"""Digital lines: what each pin of the Pico is for, pulls, I2C, the chains of shift registers, and the pots' clock."""

from collections.abc import Mapping

from hardware.netcheck import pinouts
from hardware.netcheck.claims import Claims
from hardware.netcheck.supplies import rail_of
from hardware.netcheck.values import (
    BIAS,
    BIAS_FILTER,
    BUS_PULL,
    CLOCK_SERIES,
    COMPARATOR_PULL,
    DAMPING,
    PULL,
    SELECT_DELAY,
    STRONG_PULL,
)
from twinohm.model.board import Board
from twinohm.model.board_tables import Line, ShiftIn, ShiftOut
from twinohm.model.pins import Pin

CLOCK, RESET, LDAC_SET = "CLK at the Pico", "/RESET of the switches at the Pico", "LDAC at the Pico"
POTS_A_LINE = 8  # of CLK: 8 pots of 10 pF and 240 mm of copper behind 220 ohm


def flip_flop_line(key: str) -> str:
    """Return the function of the Pico's line "latch", "preset" or "clear"; behind its resistor it is "latch" itself."""
    return f"{key} at the Pico"


def _lines_of_edges(board: Board) -> dict[Line, str]:
    """Return the function of every pin "GPn" and bit that concerns one edge: set ones, then those read."""
    lines: dict[Line, str] = {}
    for i, edge in enumerate(board.edges):
        if board.pots.cs:
            lines[board.pots.cs[i]] = f"/CS of edge {edge}"
        if board.pots.updown:
            lines[board.pots.updown[i]] = f"U/D of edge {edge}"
    return lines


def _lines_read(board: Board) -> dict[Line, str]:
    lines: dict[Line, str] = {}
    for i, edge in enumerate(board.edges):
        if board.comparators:
            lines[board.comparators.cmp[i]] = f"CMP of edge {edge}"
            lines[board.comparators.sgn[i]] = f"SGN of edge {edge}"
        elif board.flip_flops and board.flip_flops.readback:
            lines[board.flip_flops.readback[i]] = f"U/D of edge {edge}"
    return lines


def pico_lines(board: Board) -> dict[Pin, str]:
    """Return the function of every pin "GPn" of the Pico that boards.toml uses."""
    lines: dict[Pin, str] = {board.pots.clk: CLOCK, board.i2c.sda: "SDA", board.i2c.scl: "SCL"}
    both = [*_lines_of_edges(board).items(), *_lines_read(board).items()]
    lines |= {line: function for line, function in both if isinstance(line, Pin)}
    for table, keys in (
        (board.shift_in, ("load", "clock", "data")),
        (board.shift_out, ("clock", "data", "latch", "enable")),
    ):
        lines |= {getattr(table, key): _register_line(table, key) for key in keys if table}
    if board.flip_flops:
        lines |= {getattr(board.flip_flops, key): flip_flop_line(key) for key in ("latch", "preset", "clear")}
    if board.switches:
        lines[board.switches.reset] = RESET
    if board.dac.ldac:
        lines[board.dac.ldac] = LDAC_SET
    for adc in board.adc:
        if hasattr(adc, "pins"):
            lines |= {pin: f"ADC {channel}" for pin, channel in zip(adc.pins, adc.channels, strict=True)}
        else:
            lines |= {getattr(adc, key): f"ADC {key}" for key in ("sck", "mosi", "miso", "cs")}
    return lines


def _register_line(table: ShiftIn | ShiftOut | None, key: str) -> str:
    return f"{key} of the {'inputs' if isinstance(table, ShiftIn) else 'outputs'}"


def check_lines(claims: Claims, board: Board) -> None:
    """Claim the Pico's pins and the resistors that keep the board safe while they, and the 74HC595s, float."""
    lines = pico_lines(board)
    for pico in claims.parts("Pico"):
        for pin, function in lines.items():
            claims.put(pico.ref, pinouts.PICO[pin], function)
    for pin, level in board.pulls.items():
        what = f"{pin} must idle {level}"
        use = STRONG_PULL if pin == board.pots.clk and board.pots.chip.stores else PULL
        claims.part(use, lines.get(pin, pin), "3.3 V" if level == "up" else "ground", what)
    for pin, safe in safe_levels(board).items():
        if board.pulls.get(pin) != safe:
            claims.findings.append(
                f"boards.toml: pulls has no {pin} = {safe!r}, though {lines[pin]} is safe there only"
            )


def safe_levels(board: Board) -> dict[Pin, str]:
    """Return the level that each of the Pico's lines needs so that a board without a program does nothing."""
    levels: dict[Pin, str] = {board.pots.clk: "down"}
    levels |= {line: "up" for line in board.pots.cs if isinstance(line, Pin)}
    if board.shift_out:
        levels[board.shift_out.enable] = "up"
    if board.switches:
        levels[board.switches.reset] = "down"
    if board.dac.ldac:
        levels[board.dac.ldac] = "down"
    if board.flip_flops:
        levels |= {board.flip_flops.latch: "down", board.flip_flops.preset: "up", board.flip_flops.clear: "up"}
    for adc in board.adc:
        if not hasattr(adc, "pins"):
            levels[adc.cs] = "up"
    return levels


def check_edge_pulls(claims: Claims, board: Board) -> None:
    """Claim the resistors at /CS, U/D, CMP and SGN of every edge."""
    for i, edge in enumerate(board.edges):
        if board.pots.cs and isinstance(board.pots.cs[i], int):
            claims.part(PULL, f"/CS of edge {edge}", "3.3 V", f"/CS of edge {edge} must idle up")
        if board.pots.chip.stores:
            claims.part(SELECT_DELAY, f"/CS of edge {edge}", "ground", f"/CS of edge {edge} must rise after CLK fell")
        if board.pots.updown:
            claims.part(PULL, f"U/D of edge {edge}", "ground", f"U/D of edge {edge} must not float")
        for line in ("CMP", "SGN"):
            claims.part(COMPARATOR_PULL, f"{line} of edge {edge}", "3.3 V", f"edge {edge} {line}")


def bus(board: Board, wire: str) -> str:
    """Return the function of SDA or SCL at the chips: behind the level shifter, or at 3.3 V where there is none."""
    return wire if board.through_hole else f"{wire} at 5 V"


def check_bus(claims: Claims, board: Board) -> None:
    """I2C: both sides pulled up, the level shifter turned the right way and biased."""
    for wire in ("SDA", "SCL"):
        claims.part(BUS_PULL, wire, "3.3 V", f"I2C {wire}")
    if board.through_hole:
        return
    shifters = claims.parts("PCA9306")
    if len(shifters) != 1:
        claims.findings.append(f"the netlist has {len(shifters)} level shifters PCA9306, not 1")
        claims.complete = False
    for shifter in shifters:
        for (low, high), wire in zip(pinouts.SHIFTER, ("SCL", "SDA"), strict=True):
            claims.put(shifter.ref, low, wire)
            claims.put(shifter.ref, high, f"{wire} at 5 V")
        for pin in pinouts.SHIFTER_BIAS:
            claims.put(shifter.ref, pin, "VREF2 of the level shifter")
    claims.part(BIAS, "VREF2 of the level shifter", "5 V", "bias of VREF2 and EN of the level shifter")
    claims.part(BIAS_FILTER, "VREF2 of the level shifter", "ground", "filter of VREF2 and EN of the level shifter")
    for wire in ("SDA", "SCL"):
        claims.part(BUS_PULL, f"{wire} at 5 V", "5 V", f"I2C {wire} at 5 V")


def check_chains(claims: Claims, board: Board) -> None:
    """Claim both chains of shift registers: every chip of them, bit by bit."""
    if board.shift_out:
        _trace_outputs(claims, board.shift_out, _lines_of_edges(board))
    if board.shift_in:
        _trace_inputs(claims, board.shift_in, _lines_read(board))


def _trace_outputs(claims: Claims, chain: ShiftOut, lines: Mapping[Line, str]) -> None:
    """Bit 0 is sent first and ends in the last of the 74HC595s."""
    data = _register_line(chain, "data")
    for place in range(chain.chips):
        ref = _next_in_chain(claims, "74HC595", pinouts.SHIFT_OUT["serial"], data, place)
        if ref is None:
            return
        claims.put(ref, pinouts.SHIFT_OUT["serial"], data)
        for key in ("clock", "latch", "enable"):
            claims.put(ref, pinouts.SHIFT_OUT[key], _register_line(chain, key))
        for i, pin in enumerate(pinouts.SHIFT_OUT_OUTPUTS):
            bit = 8 * chain.chips - 1 - (8 * place + i)
            if bit in lines:
                claims.put(ref, pin, lines[bit])
        if place < chain.chips - 1:
            data = f"output {place} to {place + 1} of the 74HC595s"
            claims.put(ref, pinouts.SHIFT_OUT["out"], data)


def _trace_inputs(claims: Claims, chain: ShiftIn, lines: Mapping[Line, str]) -> None:
    """Bit 0 arrives first: it is input H of the 74HC165 at the Pico. Unused inputs are on ground."""
    data = _register_line(chain, "data")
    for place in range(chain.chips):
        ref = _next_in_chain(claims, "74HC165", pinouts.SHIFT_IN["out"], data, place)
        if ref is None:
            return
        claims.put(ref, pinouts.SHIFT_IN["out"], data)
        for key in ("clock", "load"):
            claims.put(ref, pinouts.SHIFT_IN[key], _register_line(chain, key))
        for i, pin in enumerate(reversed(pinouts.SHIFT_IN_INPUTS)):
            claims.put(ref, pin, lines.get(8 * place + i, "ground"))
        last = place == chain.chips - 1
        data = "ground" if last else f"output {place + 1} to {place} of the 74HC165s"
        claims.put(ref, pinouts.SHIFT_IN["serial"], data)


def _next_in_chain(claims: Claims, part: str, pin: str, function: str, place: int) -> str | None:
    """Return the reference of the one chip whose data pin is on the net of a function."""
    here = [ref for ref, _ in claims.on(function, part, [pin])]
    if len(here) == 1:
        return here[0]
    where = f"{claims.net(function)} (chip {place} of their chain){claims.shown(function)}"
    claims.findings.append(f"{len(here)} chips {part}, not 1, have pin {pin} on {where}")
    claims.complete = False
    return None


def check_clock(claims: Claims, board: Board) -> list[str]:
    """Claim the way of CLK to the pots, and the buffer of /RESET. Return the functions of the lines at the pots."""
    if board.shift_out is None:
        claims.through(CLOCK_SERIES, CLOCK, "CLK of the pots", "series resistor of CLK")
        return ["CLK of the pots"]
    lines = []
    for ref, output in _gates(claims, CLOCK):
        line = f"CLK of the pots behind {claims.name(ref, output)}"
        claims.put(ref, output, f"output of {claims.name(ref, output)}", CLOCK)
        claims.through(CLOCK_SERIES, f"output of {claims.name(ref, output)}", line, f"series resistor of {line}")
        lines.append(line)
    if board.switches:
        _one_gate(claims, RESET, "/RESET of the switches at 5 V")
    if board.dac.ldac:
        _one_gate(claims, LDAC_SET, "LDAC behind the buffer")
        claims.through(DAMPING, "LDAC behind the buffer", "LDAC at 5 V", "series resistor of LDAC")
    for chip in claims.parts("74AHCT125"):
        for input_, _ in pinouts.BUFFERS:
            if not claims.is_claimed(chip.ref, input_):
                claims.put(chip.ref, input_, "ground")  # a gate without a use
    return lines


def _gates(claims: Claims, function: str) -> list[tuple[str, str]]:
    """Claim the inputs of the gates of 74AHCT125s on the net of a function. Return their references and outputs."""
    outputs = dict(pinouts.BUFFERS)
    here = claims.on(function, "74AHCT125", outputs)
    for ref, pin in here:
        claims.put(ref, pin, function)
    return [(ref, outputs[pin]) for ref, pin in here]


def _one_gate(claims: Claims, function: str, behind: str) -> None:
    gates = _gates(claims, function)
    if len(gates) != 1:
        text = f"{len(gates)} gates of 74AHCT125, not 1, have their input on {claims.net(function)}"
        claims.findings.append(f"{text}{claims.shown(function)}")
    for ref, pin in gates:
        claims.put(ref, pin, behind, function)


def check_test_points(claims: Claims, board: Board) -> None:
    """Claim the pads for a probe: each on the net that it is named after, and one for all that bring-up needs."""
    needed = ["ground", "ground", *dict.fromkeys(rail_of(board, "", rail) for rail in (3, 5, 9)), CLOCK]
    needed += dict.fromkeys(("SDA", "SCL", bus(board, "SDA"), bus(board, "SCL")))
    if board.switches:
        needed.append("/RESET of the switches at 5 V")
    if claims.parts("REF3025"):
        needed.append("the 2.5 V reference")
    if board.dac.ldac is None and not board.through_hole:
        needed += [f"/LDAC of DAC {i}" for i in range(len(board.dac.addresses))]
    for point in claims.parts("TestPoint"):
        net = claims.netlist.net(point.ref, "1")
        function = claims.function(net)
        if net.rsplit("/", 1)[-1] != point.value:
            claims.findings.append(f"{claims.name(point.ref, '1')} is on {net}, not on {point.value}")
            claims.give_up(point.ref)
        elif function:
            claims.put(point.ref, "1", function)
        if function in needed:
            needed.remove(function)
    claims.findings += [f"no TestPoint on {claims.net(function)} ({function})" for function in needed]
