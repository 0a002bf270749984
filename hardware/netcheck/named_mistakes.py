"""Mistakes of an engineer's practice, from mistakes.toml, made in a netlist."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from hardware.netcheck.mutations import Mutation, named_words
from twinohm.model.netlist import Component, Netlist, Pin

FILE = Path(__file__).with_name("mistakes.toml")
SOLDERED = ("divider", "lab16", "edge16")  # that mistakes without `boards` are for: kit5 has other parts
CHANGES = ("swap", "move", "open", "join", "remove", "value", "mpn", "part", "footprint", "dnp")


def named_mistakes(netlist: Netlist, board: str) -> Iterator[Mutation]:
    """Yield the mistakes of mistakes.toml that a board can have.

    Raises ValueError if one names a part, a pin or a net that the board does not have, or changes nothing.
    """
    for entry in tomllib.loads(FILE.read_text(encoding="utf-8"))["mistake"]:
        if board not in entry.get("boards", SOLDERED):
            continue
        kinds = [kind for kind in CHANGES if kind in entry]
        if len(kinds) != 1:
            raise ValueError(f"{FILE.name}: {entry['name']}: give one of {', '.join(CHANGES)}")
        changed, words = _change(netlist, kinds[0], entry[kinds[0]])
        if changed == netlist:
            raise ValueError(f"{FILE.name}: {entry['name']} changes nothing on {board}")
        what = f"{entry['name']} ({entry['does']})"
        yield Mutation("named mistakes", what, partial(_made, changed), words)


def _made(netlist: Netlist) -> Netlist:
    return netlist


def _change(netlist: Netlist, kind: str, given: str | list[str]) -> tuple[Netlist, tuple[str, ...]]:
    """Return the netlist with one change, and the words that a finding must have one of."""
    texts = [given] if isinstance(given, str) else given
    pins = dict(netlist.pins)
    if kind in ("swap", "open"):
        at = [_pin(netlist, text) for text in texts]
        nets = [pins.pop(pin, None) for pin in at]
        if kind == "swap":
            exchanged = [nets[i ^ 1] for i in range(len(nets))]  # in pairs: the first with the second, and so on
            pins |= {pin: net for pin, net in zip(at, exchanged, strict=True) if net is not None}
        return Netlist(netlist.components, pins), named_words(netlist, *at)
    if kind == "move":
        pin = _pin(netlist, texts[0])
        return Netlist(netlist.components, {**pins, pin: _net(netlist, texts[1])}), named_words(netlist, pin)
    if kind == "join":
        first, second = (_net(netlist, text) for text in texts)
        return Netlist(netlist.components, {p: first if net == second else net for p, net in pins.items()}), (first,)
    part = _part(netlist, texts[0])
    nets_of = {net for (ref, _), net in pins.items() if ref == part.ref}
    if kind == "remove":
        components = {ref: other for ref, other in netlist.components.items() if ref != part.ref}
        return Netlist(components, {pin: net for pin, net in pins.items() if pin[0] != part.ref}), tuple(
            nets_of - {"GND"}
        )
    new = {"fitted": False} if kind == "dnp" else {kind: texts[1]}
    return Netlist({**netlist.components, part.ref: replace(part, **new)}, netlist.pins), (part.ref,)


def _pin(netlist: Netlist, text: str) -> Pin:
    part, _, number = text.rpartition(" ")
    return _part(netlist, part).ref, number


def _part(netlist: Netlist, text: str) -> Component:
    """Return the part of "R(A, B)", of which a net may have a "*", or of "PART" or "PART[1]"."""
    if match := re.fullmatch(r"(\w+)\((.+), (.+)\)", text):
        for part in netlist.parts(match[1], f"{match[1]}_leaded"):
            ends = netlist.net(part.ref, "1"), netlist.net(part.ref, "2")
            for first, second in (ends, ends[::-1]):
                if fnmatchcase(first, match[2]) and fnmatchcase(second, match[3]):
                    return part
        raise ValueError(f"no {match[1]} from {match[2]} to {match[3]}")
    match = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", text)
    parts = netlist.parts(match[1]) if match else []
    place = int(match[2] or 0) if match else 0
    if place >= len(parts):
        raise ValueError(f"no part {text!r}")
    return parts[place]


def _net(netlist: Netlist, text: str) -> str:
    if text not in netlist.nets:
        raise ValueError(f"no net {text!r}")
    return text
