"""Drivers, switches, nodes, buffers and ADCs: the analogue part around the edges."""

import re
from collections.abc import Sequence

from hardware.netcheck import pinouts
from hardware.netcheck.claims import Claims
from hardware.netcheck.lines import bus
from hardware.netcheck.values import ADC_DIVIDER, ADC_FILTER, ADC_SERIES, PULL, REFERENCE, SOCKET, is_readable, number
from hardware.netcheck.wiring import AdcInput
from twinohm.model.board import Board
from twinohm.model.networks import NETWORKS, parse_channel

DAC_ADDRESS = 0x60  # of an MCP4728 whose order code says A0: DS22187E, section 5.3
SWITCH_ADDRESS = 0x48  # of an ADG715 with both straps low: Rev. E, serial bus address
ADC_RANGE_V = 5.0  # of an ADS7953 in range 2: twice its 2.5 V reference
PICO_ADC_RANGE_V = 3.3
RATIO = 2e-3  # relative error of a divider's ratio that is still the divider of boards.toml


def node(board: Board, name: str, network: str) -> str:
    """Return the function of a node's net in a network. A node that is wired to its driver is the driver's output."""
    wired = {"free": board.wired_free, "clamped": board.wired_clamped}[network]
    return f"driver of {name}" if board.switches is None and name in wired else f"node {name}.{network}"


def sense(board: Board, name: str, network: str) -> str:
    """Return the function of the net behind a node's buffer; a driver's output needs none."""
    function = node(board, name, network)
    return function if function.startswith("driver") else f"buffer of {function}"


def check_dacs(claims: Claims, board: Board) -> dict[str, str]:
    """Claim the DACs and the way to their /LDAC. Return the net of the DAC output of every node.

    The address of a chip is in its order code.
    """
    found: dict[int, str] = {}
    for chip in claims.parts("MCP4728"):
        option = re.fullmatch(r"MCP4728(?:A([0-7]))?T?-E/UN", chip.mpn)
        address = DAC_ADDRESS + int(option[1] or 0) if option else 0
        if not _expect_address(claims, chip.ref, address, board.dac.addresses, found.get(address)):
            claims.give_up(chip.ref)
            continue
        found[address] = chip.ref
        i = board.dac.addresses.index(address)
        for wire in ("scl", "sda"):
            claims.put(chip.ref, pinouts.DAC[wire], bus(board, wire.upper()))
        if board.through_hole:
            claims.put(chip.ref, pinouts.DAC["ldac"], "ground")
        else:
            claims.put(chip.ref, pinouts.DAC["ldac"], f"/LDAC of DAC {i}")
            what = f"{claims.name(chip.ref, pinouts.DAC['ldac'])} (/LDAC) must idle down"
            claims.part(PULL, f"/LDAC of DAC {i}", "ground", what)
        for channel, pin in zip(board.dac.channels[4 * i : 4 * i + 4], pinouts.DAC_OUTPUTS, strict=False):
            if channel:
                claims.put(chip.ref, pin, f"DAC output of {channel}")
    if missing := sorted(set(board.dac.addresses) - found.keys()):
        claims.complete = False
        claims.findings.append(f"no MCP4728 has the address {', '.join(f'0x{address:02x}' for address in missing)}")
    for header in claims.parts("Header4"):
        for i in range(len(board.dac.addresses)):
            claims.put(header.ref, pinouts.LDAC_HEADER[i], f"/LDAC of DAC {i}")
        claims.put(header.ref, pinouts.LDAC_HEADER_SET, "LDAC at 5 V")
    if board.dac.ldac and len(claims.parts("Header4")) != 1:
        claims.findings.append(f"the netlist has {len(claims.parts('Header4'))} headers Header4 for /LDAC, not 1")
    return {name: claims.net(f"DAC output of {name}") for name in board.dac.channels if name}


def _expect_address(claims: Claims, ref: str, address: int, used: Sequence[int], other: str | None) -> bool:
    """Return whether the firmware uses the address of an I2C chip and no other chip has it; else add a finding."""
    part = claims.netlist.components[ref]
    name = f"{claims.name(ref)} has the address 0x{address:02x}"
    written = re.search(r"0x([0-9A-Fa-f]{2})$", part.value)
    if address not in used:
        claims.findings.append(f"{name}, which the firmware does not use")
    elif other:
        claims.findings.append(f"{name}, and so has {other}")
    elif written and int(written[1], 16) != address:
        claims.findings.append(f"{name}, and the drawing says {part.value}")
    else:
        return True
    claims.complete = False
    return False


def check_drivers(claims: Claims, board: Board) -> None:
    """Claim the amplifier of every DAC output."""
    for name in board.dac.channels:
        if name:
            _check_follower(claims, f"DAC output of {name}", f"driver of {name}")


def check_buffers(claims: Claims, board: Board) -> None:
    """Claim the amplifier of every node that no driver holds."""
    for network in NETWORKS:
        for name in board.nodes:
            if (function := node(board, name, network)).startswith("node"):
                _check_follower(claims, function, f"buffer of {function}")


def check_unused_amplifiers(claims: Claims) -> None:
    """Claim the amplifiers without a use, once everything else has its place."""
    for chip in claims.parts("TLV9064"):
        for plus, minus, out in pinouts.AMPLIFIERS:
            if claims.is_claimed(chip.ref, plus):
                continue
            if (net := claims.netlist.net(chip.ref, plus)) != claims.net("ground"):
                what = "no DAC output and no node without an amplifier, and unused inputs are on ground"
                claims.findings.append(f"{claims.name(chip.ref, plus)} is on {net}: {what}")
                claims.complete = False
                claims.give_up(chip.ref, plus, minus, out)
                continue
            spare = f"output of the unused amplifier {claims.name(chip.ref, out)}"
            beside = set(claims.netlist.nets.get(claims.netlist.net(chip.ref, out), ()))
            if beside - {(chip.ref, out), (chip.ref, minus)}:
                where = f"drives {claims.netlist.net(chip.ref, out)}, and its + input, pin {plus}, is on {net}"
                claims.findings.append(f"{claims.name(chip.ref, out)} {where}")
            claims.put(chip.ref, plus, "ground")
            claims.put(chip.ref, out, spare)
            claims.put(chip.ref, minus, spare)


def _check_follower(claims: Claims, source: str, output: str) -> None:
    """Claim the one amplifier with its + input on `source`; it is fed back to its - input."""
    units = {plus: (minus, out) for plus, minus, out in pinouts.AMPLIFIERS}
    here = claims.on(source, "TLV9064", units)
    if len(here) != 1:
        claims.complete = False
        text = (
            f"{len(here)} amplifiers TLV9064, not 1, have their + input on {claims.net(source)}{claims.shown(source)}"
        )
        claims.findings.append(f"{text}: it needs the {output}")
    for ref, plus in here[:1]:
        minus, out = units[plus]
        claims.put(ref, plus, source)
        claims.put(ref, out, output, source)
        claims.put(ref, minus, output, source)


def check_switches(claims: Claims, board: Board) -> dict[int, tuple[str, int]]:
    """Claim the switches; a node's net is first known here. Return (reference, index 0..7) by switch number.

    The straps of a chip give its address.
    """
    if board.switches is None:
        return {}
    uses = {
        number_: (name, network)
        for network in NETWORKS
        for name, number_ in zip(board.nodes, getattr(board.switches, network), strict=True)
    }
    found: dict[int, tuple[str, int]] = {}
    chips: dict[int, str] = {}
    for chip in claims.parts("ADG715"):
        high, low = (_strap(claims, chip.ref, pinouts.SWITCH[name]) for name in ("a1", "a0"))
        address = -1 if high is None or low is None else SWITCH_ADDRESS | high << 1 | low
        if address < 0 or not _expect_address(claims, chip.ref, address, board.switches.addresses, chips.get(address)):
            claims.complete = False
            claims.give_up(chip.ref)
            continue
        chips[address] = chip.ref
        for wire in ("scl", "sda"):
            claims.put(chip.ref, pinouts.SWITCH[wire], bus(board, wire.upper()))
        claims.put(chip.ref, pinouts.SWITCH["reset"], "/RESET of the switches at 5 V")
        first = 8 * board.switches.addresses.index(address)
        for i, (source, drain) in enumerate(pinouts.SWITCH_PINS):
            found[first + i] = (chip.ref, i)
            if use := uses.get(first + i):
                claims.put(chip.ref, source, f"driver of {use[0]}")
                claims.put(chip.ref, drain, node(board, *use))
    if missing := sorted(uses.keys() - found.keys()):
        claims.complete = False
        claims.findings.append(f"no ADG715 has the switches {', '.join(map(str, missing))}")
    return found


def _strap(claims: Claims, ref: str, pin: str) -> int | None:
    """Return the level of an address pin, or None after a finding if it is on no supply."""
    net = claims.netlist.net(ref, pin)
    for level, rail in enumerate(("ground", "5 V")):
        if net == claims.net(rail):
            claims.put(ref, pin, rail)
            return level
    rails = f"{claims.net('ground')} or {claims.net('5 V')}"
    claims.findings.append(f"{claims.name(ref, pin)} is on {net}, not on {rails} (address strap)")
    return None


def claim_wired_nodes(claims: Claims, board: Board) -> None:
    """Give nodes without a switch or a driver their nets: the divider's free output is where its header says."""
    if board.switches:
        return
    functions = [node(board, name, network) for name in board.nodes for network in NETWORKS]
    headers = claims.parts("Header5")
    if len(headers) != 1:
        claims.findings.append(f"the netlist has {len(headers)} headers Header5 for the nodes, not 1")
    for header in headers:
        for pin, function in enumerate([*dict.fromkeys(functions), "ground"], 1):
            claims.put(header.ref, str(pin), function)


def check_sockets(claims: Claims, board: Board) -> None:
    """Claim the sockets for probes and diodes, one a network, each node behind its resistor."""
    if not board.node_headers:
        return
    for network in NETWORKS:
        here = [part for part in claims.parts("Socket10") if part.value == f"nodes {network}"]
        if len(here) != 1:
            claims.findings.append(f"the netlist has {len(here)} sockets Socket10 for the nodes {network}, not 1")
        for socket in here:
            for pin, name in enumerate(board.nodes, 1):
                function = f"socket of node {name}.{network}"
                claims.put(socket.ref, str(pin), function)
                what = f"{claims.name(socket.ref, str(pin))}, resistor of node {name}.{network}"
                claims.part(SOCKET, node(board, name, network), function, what)
            claims.put(socket.ref, str(len(board.nodes) + 1), "ground")


def check_adcs(claims: Claims, board: Board) -> dict[str, AdcInput]:
    """Claim the ADCs, their dividers and their reference. Return the pin of every channel."""
    found: dict[str, AdcInput] = {}
    for adc in board.adc:
        if hasattr(adc, "pins"):
            for pin, channel in zip(adc.pins, adc.channels, strict=True):
                scale = adc.full_scale_V / PICO_ADC_RANGE_V
                found[channel] = AdcInput(f"the Pico's {pin}", claims.net(f"ADC {channel}"), scale)
                _check_divider(claims, board, channel, scale)
            continue
        chips = claims.parts(adc.part) if adc.part in pinouts.SUPPLIES else []
        if len(chips) != 1:
            claims.findings.append(f"the netlist has {len(chips)} chips {adc.part}, not 1")
            claims.complete = False
        for reference in claims.parts("REF3025"):
            claims.put(reference.ref, pinouts.REFERENCE_OUT, "the 2.5 V reference")
        claims.part(REFERENCE, "the 2.5 V reference", "ground", "capacitor of the 2.5 V reference")
        for chip in chips[:1]:
            for key in ("sck", "mosi", "miso", "cs"):
                claims.put(chip.ref, pinouts.ADC[key], f"ADC {key}")
            claims.put(chip.ref, pinouts.ADC["reference"], "the 2.5 V reference")
            for pin in pinouts.ADC_LINK:
                claims.put(chip.ref, pin, "link of the ADC's multiplexer and converter")
            for pin in pinouts.ADC_UNUSED:
                unused = f"unused {claims.name(chip.ref, pin)}"
                claims.put(chip.ref, pin, unused)
                claims.part(PULL, unused, "ground", f"{claims.name(chip.ref, pin)} must not float")
            for i, pin in enumerate(pinouts.ADC_INPUTS):
                function = sense(board, *_channel(adc.channels[i])) if i < len(adc.channels) else "ground"
                claims.put(chip.ref, pin, function)
                if i < len(adc.channels):
                    name, net = claims.name(chip.ref, pin), claims.netlist.net(chip.ref, pin)
                    found[adc.channels[i]] = AdcInput(name, net, adc.full_scale_V / ADC_RANGE_V)
    return found


def _channel(channel: str) -> tuple[str, str]:
    name, network = parse_channel(channel)
    return name, NETWORKS[network]


def _check_divider(claims: Claims, board: Board, channel: str, scale: float) -> None:
    function = f"ADC {channel}"
    if abs(scale - 1) < RATIO:
        what = f"resistor between the buffer and {function}"
        claims.part(ADC_SERIES, sense(board, *_channel(channel)), function, what)
        claims.part(ADC_FILTER, function, "ground", f"filter of {function}")
        return
    top = claims.part(
        ADC_DIVIDER, sense(board, *_channel(channel)), function, f"upper half of the divider of {function}"
    )
    bottom = claims.part(ADC_DIVIDER, function, "ground", f"lower half of the divider of {function}")
    claims.part(ADC_FILTER, function, "ground", f"filter of {function}")
    if top and bottom and is_readable(top) and is_readable(bottom):
        ratio = 1 + number(top.value) / number(bottom.value)
        if abs(ratio / scale - 1) > RATIO:
            pair = f"{top.ref} (R_precise) pins 1 and 2 of {top.value} and {bottom.ref} (R_precise) of {bottom.value}"
            claims.findings.append(
                f"{pair} divide {function} by {ratio:.3f}, not by {scale:.3f} (boards.toml: full_scale_V)"
            )
