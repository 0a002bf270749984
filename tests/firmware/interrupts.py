"""Interrupt train, home and serve at each place where _probe() was put (instrument.py), and again a little later.

interrupts.py STANDINS MODELS FIRMWARE BUSDEVICE CONFIG.json COUNT SEED SAFE

At least COUNT interrupts: one at each place, or at random ones if there are more than COUNT, then a first and a second
one at random. SAFE is 1 where the board must be safe afterwards: with probes where MicroPython itself can raise. Prints
one JSON object: how many tries and interrupts there were, how many places, after how many tries the taps were known,
and what was wrong.
"""

import builtins
import json
import random
import sys

here = __file__.rsplit("/", 1)[0]
sys.path[:0] = [here] + sys.argv[1:5]

import start

config = start.config


COUNT, SEED, SAFE = [int(word) for word in sys.argv[6:9]]
SECOND = 60  # places: a second Ctrl-C comes at most so much later
CHECKED = 25  # every so many times the board is used again
TICKS = 2


class CtrlC:
    """Places are counted from the start of an action. At `targets`, counted on from one to the next, one is typed.

    While the firmware has Ctrl-C off it does nothing, but for one that was typed just before: it is raised at the first
    place after that.
    """

    def __init__(self):
        self.targets = []
        self.passed = self.raised = 0
        self.is_off = False
        self.fresh = False  # Ctrl-C has just been switched off
        self.counting = False

    def arm(self, targets):
        self.targets = list(targets)
        self.passed = self.raised = 0
        self.is_off = False
        self.counting = True

    def disarm(self):
        self.counting = False

    def probe(self):
        if not self.counting:
            return
        self.passed += 1
        fresh, self.fresh = self.fresh, False
        if self.targets and self.passed >= self.targets[0]:
            self.targets.pop(0)
            if not self.is_off or fresh:
                self.passed = 0
                self.raised += 1
                raise KeyboardInterrupt

    def kbd_intr(self, character):
        self.is_off = character < 0
        self.fresh = self.is_off


ctrl_c = CtrlC()
builtins._probe = ctrl_c.probe

import cases
import rig

rig.Rig(config)  # importing the firmware sets up its pins

from twinohm_fw.drivers import ctrl_c as shield
from twinohm_fw.prompt import Learner
from twinohm_fw.protocol import server as server_module

shield.kbd_intr = ctrl_c.kbd_intr


def learner_of(one):
    learner = Learner(rig.learning(one))
    return lambda: learner.train(TICKS), learner.twin


def home_of(one):
    learner = Learner(rig.learning(one))
    return learner.home, learner.twin


def serve_of(one):
    twins = []
    real = one.twin

    def twin():
        twins.append(real())
        return twins[-1]

    one.twin = twin
    lines = cases.requests(one, TICKS)
    return lambda: cases.serve(one, lines), twins


ACTIONS = {"train": learner_of, "home": home_of, "serve": serve_of}


def attempt(action, targets):
    """Power on a board and interrupt an action. Return the rig, the twin or None, and whether it was interrupted."""
    one = rig.Rig(config)
    run, twin = ACTIONS[action](one)
    ctrl_c.arm(targets)
    try:
        run()
    except KeyboardInterrupt:
        pass
    finally:
        ctrl_c.disarm()
        server_module.sys = sys
    if isinstance(twin, list):
        twin = twin[-1] if twin else None
    return one, twin


def wrong(one, twin, thorough):
    """Return what is wrong with a board after an interrupt, None if nothing is."""
    true = one.model_taps()
    if any(pot.stores for pot in one.pots):
        return "a pot has stored its tap"
    for name, found in (("the board", twin), ("the board after a soft reset", one.twin() if twin else None)):
        if found is not None and found.known and list(found.taps) != true:
            return "%s takes %s for known, true are %s" % (name, list(found.taps), true)
    if twin is None:
        return None
    if SAFE and ctrl_c.raised:
        for network in (0, 1):
            volts = one.circuit.voltages(network)
            if max(volts) - min(volts) > 1e-6:
                return "nodes are driven: %s" % volts
        clk = one.bench.net("GP%d" % config["clk"])
        clk.set(1)
        clk.set(0)
        if one.model_taps() != true:
            return "pots are selected"
    if thorough:
        taps = [60 + k % 9 for k in range(twin.n_edges)]
        twin.restore(bytes(taps))
        if list(twin.taps) != taps or one.model_taps() != taps:
            return "restore() sets %s" % one.model_taps()
    return None


def main():
    random.seed(SEED)
    places = {}
    for action in ACTIONS:
        attempt(action, ())
        places[action] = ctrl_c.passed
    total = sum(places.values())

    def place(number):  # a list of all would not fit into the heap
        for action in sorted(places):
            if number < places[action]:
                return action, (number + 1,)
            number -= places[action]

    numbers = range(total) if total <= COUNT else [random.randrange(total) for _ in range(COUNT // 2)]
    once = [place(number) for number in numbers]
    found = []
    known = interrupts = tries = 0
    while tries < len(once) or interrupts < COUNT:
        if tries < len(once):
            action, targets = once[tries]
        else:
            action, (at,) = place(random.randrange(total))
            targets = at, random.randrange(1, SECOND)
        tries += 1
        try:
            one, twin = attempt(action, targets)
            interrupts += ctrl_c.raised
            what = wrong(one, twin, tries % CHECKED == 0)
            known += twin is not None and twin.known
        except Exception as error:
            what = repr(error)
        if what:
            found.append("%s interrupted at %s: %s" % (action, targets, what))
    print(json.dumps({"tries": tries, "interrupts": interrupts, "places": places, "known": known, "wrong": found}))


main()
