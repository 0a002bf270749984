"""Two rules that need no function of a net: one driver on each, no way between the twins but through an amplifier."""

from hardware.netcheck import pinouts
from hardware.netcheck.claims import Claims
from hardware.netcheck.nodes import node
from hardware.netcheck.supplies import RAILS
from twinohm.model.board import Board
from twinohm.model.networks import NETWORKS

PUSH_PULL = {  # outputs that hold their net high and low
    "TLV9064": tuple(out for _, _, out in pinouts.AMPLIFIERS),
    "MCP4728": pinouts.DAC_OUTPUTS,
    "ADS7953": (pinouts.ADC["miso"], pinouts.ADC_LINK[0]),
    "REF3025": (pinouts.REFERENCE_OUT,),
    "74HC165": (pinouts.SHIFT_IN["out"],),
    "74HC595": (*pinouts.SHIFT_OUT_OUTPUTS, pinouts.SHIFT_OUT["out"]),
    "74HC86": tuple(y for _, _, y in pinouts.XOR_GATES),
    "74HC74": tuple(half[key] for half in pinouts.FLIP_FLOPS for key in ("q", "not_q")),
    "74AHCT125": tuple(output for _, output in pinouts.BUFFERS),
}
OPEN_COLLECTOR = {"LM393A": tuple(out for _, _, out in pinouts.COMPARATORS)}


def check_outputs(claims: Claims) -> None:
    """No net has two outputs, and no output is on a supply. Two open collectors would make one line of two."""
    drivers: dict[str, list[str]] = {}
    for kinds in (PUSH_PULL, OPEN_COLLECTOR):
        for part, pins in kinds.items():
            for chip in claims.parts(part):
                for pin in pins:
                    if (chip.ref, pin) in claims.netlist.pins:
                        drivers.setdefault(claims.netlist.net(chip.ref, pin), []).append(claims.name(chip.ref, pin))
    supplies = {claims.net(function) for function in (*RAILS.values(), "VSYS", "VBUS")}
    for net, names in drivers.items():
        if len(names) > 1:
            claims.findings.append(f"{' and '.join(names)} both drive {net}")
        if net in supplies:
            claims.findings.append(f"{names[0]} drives the supply {net}")


def check_isolation(claims: Claims, board: Board) -> None:
    """With all switches open no resistor, jumper or pot joins a node to one of the other network, or to a supply.

    The way ends at what holds its voltage: a supply, or an amplifier's output.
    """
    netlist = claims.netlist
    ends = {claims.net(function): function for function in (*RAILS.values(), "VSYS", "VBUS")}
    for chip in claims.parts("TLV9064"):
        ends |= {netlist.net(chip.ref, out): "an amplifier" for _, _, out in pinouts.AMPLIFIERS}
    links: dict[str, set[str]] = {}
    for part in claims.parts(*pinouts.TWO_ENDS, pinouts.JUMPER):
        _join(links, netlist.net(part.ref, "1"), netlist.net(part.ref, "2"))
    for pot in pinouts.pots(netlist):
        a, w, b = (netlist.net(pot.ref, pinouts.POT[pin]) for pin in "awb")
        _join(links, a, w)
        _join(links, w, b)
    rails = set(RAILS.values()) | {"VSYS", "VBUS"}
    reached: dict[str, tuple[str, str]] = {}
    for network in NETWORKS:
        for name in board.nodes:
            function = node(board, name, network)
            start = claims.net(function)
            if start in ends or start in reached:
                if start in reached and reached[start][1] != network and not function.startswith("driver"):
                    other = ".".join(reached[start])
                    claims.findings.append(f"node {name}.{network}, {start}, is joined to node {other} by resistors")
                continue
            todo = [start]
            while todo:
                at = todo.pop()
                if at in reached:
                    continue
                reached[at] = (name, network)
                for far in links.get(at, ()):
                    if ends.get(far) in rails:
                        claims.findings.append(
                            f"node {name}.{network} is joined to the supply {far} at {at} by resistors"
                        )
                    elif far not in ends:
                        todo.append(far)


def _join(links: dict[str, set[str]], first: str, second: str) -> None:
    links.setdefault(first, set()).add(second)
    links.setdefault(second, set()).add(first)
