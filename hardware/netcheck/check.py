"""All checks of one board. A finding names part, pin and net; an empty list means that the netlist is right."""

import numpy as np

from hardware.netcheck import leaded, pinouts, signals
from hardware.netcheck.directions import Directions
from hardware.netcheck.equations import State
from hardware.netcheck.rule import check_rule, expected_directions
from hardware.netcheck.supplies import VOLTS, check_supplies
from hardware.netcheck.tracer import Tracer
from hardware.netcheck.wiring import Wiring
from twinohm.model.board import Board
from twinohm.model.netlist import Component, Netlist


def check(netlist: Netlist, board: Board, states: int = 6, seed: int = 0) -> list[str]:
    """Return the findings: each one sentence.

    `states` random states of taps, roles and voltages, drawn from `seed`, are compared with the learning rule, up to
    the first that differs. They are left out if the digital lines have findings already.
    """
    findings: list[str] = []
    if board.through_hole:
        netlist = leaded.translated(netlist, findings)
    tracer = Tracer(netlist, findings)
    rails = check_supplies(tracer, board)
    signals.check_bus(tracer, board, rails)
    outputs, inputs = signals.trace_chains(tracer, board)
    updown = signals.updown_nets(tracer, board, outputs, inputs)
    directions = Directions(tracer, board, updown) if board.flip_flops else None
    compared = directions.cmp_and_sgn() if directions else signals.comparator_nets(tracer, board, inputs)
    wiring = Wiring(
        pots=signals.find_pots(tracer, board, outputs, updown),
        comparators=signals.find_comparators(tracer, board, rails, compared),
        drivers=signals.find_drivers(tracer, board),
        switches=signals.find_switches(tracer, board, rails),
        adc=signals.find_adc_inputs(tracer, board, rails),
    )
    if board.through_hole:
        for chip in netlist.parts(leaded.DAC):
            tracer.expect(chip.ref, pinouts.DAC["ldac"], {rails[0]}, rails[0])
    else:
        signals.check_ldac(tracer, board, rails)
    signals.check_test_points(tracer)
    signals.check_pulls(tracer, board, rails, outputs)
    _check_amplifiers(tracer)
    _check_jumpers(tracer)
    if findings:
        return findings
    if directions:
        directions.check_home()
        directions.check_truth()
    sources = {rails[rail]: volts for rail, volts in VOLTS.items()}
    random = np.random.default_rng(seed)
    for turn in range(states):
        solution = check_rule(netlist, board, wiring, State(sources=dict(sources)), random, findings, turn)
        if directions and solution and not findings:
            directions.check_latch(wiring, solution.volts, expected_directions(board, solution))
        if findings:
            break
    return findings


def _check_amplifiers(tracer: Tracer) -> None:
    """Every amplifier is fed back to its inverting input, nothing else drives its output, and no input floats."""
    netlist, findings = tracer.netlist, tracer.findings
    drivers: dict[str, list[str]] = {}
    for chip in netlist.parts("TLV9064"):
        for plus, minus, out in pinouts.AMPLIFIERS:
            output = netlist.net(chip.ref, out)
            drivers.setdefault(output, []).append(tracer.name(chip.ref, out))
            if netlist.net(chip.ref, minus) != output:
                findings.append(f"{tracer.name(chip.ref, minus)} is not on its output {output}")
            if (chip.ref, plus) not in netlist.pins:
                findings.append(f"{tracer.name(chip.ref, plus)} floats")
            if netlist.net(chip.ref, plus) == output:
                findings.append(f"{tracer.name(chip.ref, plus)} is on its own output")
    for net, names in sorted(drivers.items()):
        if len(names) > 1:
            findings.append(f"{' and '.join(names)} both drive {net}")
        if net in tracer.rails:
            findings.append(f"{names[0]} drives the supply {net}")
    for chip in netlist.parts("74AHCT125"):
        for pin, _ in pinouts.BUFFERS:
            if (chip.ref, pin) not in netlist.pins:
                findings.append(f"{tracer.name(chip.ref, pin)} floats")


def _check_jumpers(tracer: Tracer) -> None:
    """Wiper, header and series resistor of a pot are a chain without branches: pulling the header removes the edge."""
    netlist = tracer.netlist
    wanted = [pinouts.JUMPER, "R_precise"]
    for pot in pinouts.pots(netlist):
        chain: list[Component] = []
        at = (pot.ref, pinouts.POT["w"])
        for _ in wanted:
            others = [pin for pin in netlist.nets.get(netlist.net(*at), ()) if pin != at]
            if len(others) != 1:
                break
            ref, pin = others[0]
            chain.append(netlist.components[ref])
            at = (ref, "2" if pin == "1" else "1")
        if [part.part for part in chain] != wanted:
            name = tracer.name(pot.ref, pinouts.POT["w"])
            found = " and ".join(f"{part.ref} ({part.part})" for part in chain) or "no single part"
            tracer.findings.append(f"{name} (wiper) leads to {found}, not to {' and '.join(wanted)}")
