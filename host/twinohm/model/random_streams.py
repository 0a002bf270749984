"""The table of random streams: everything that a seed draws on the host, each with numpy's generator of its own.

A stream is named by the words that follow the seed in numpy's SeedSequence, [seed, *words]. Zeros at the end do not
count there: [seed] and [seed, 0] are one stream, so no word is 0. Sequences with other words are independent.
The board's own generator, which decides who takes part in a tick, is seeded by model/levers.py.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RandomStream:
    """One stream: `draws` says what it gives, `user` which module takes it."""

    name: str
    words: tuple[int, ...]
    draws: str
    user: str

    def sequence(self, seed: int, *more: int) -> np.random.SeedSequence:
        """Return the seed sequence of `seed`; `more` numbers choose a part of the stream."""
        return np.random.SeedSequence([seed, *self.words, *more])

    def generator(self, seed: int, *more: int) -> np.random.Generator:
        """Return a generator at the start of the stream of `seed`; `more` numbers choose a part of it."""
        return np.random.default_rng(self.sequence(seed, *more))


def shuffled_passes(random: np.random.Generator, n: int, ticks: int) -> list[int]:
    """Return the numbers 0..n-1 in pass after pass, each in an order of its own, `ticks` numbers in all."""
    return [k for _ in range(-(-ticks // n)) for k in random.permutation(n).tolist()][:ticks]


COMPONENTS = RandomStream(
    "components",
    (),
    "values of pots and comparators, then the comparators' noise on a virtual board",
    "sim/twin_networks",
)
ADC_CURVES = RandomStream("adc_curves", (1,), "transfer curves of the ADCs, in the board's order", "model/components")
REGRESSION_DATA = RandomStream("regression", (2,), "training and test inputs of regression", "tasks/regression")
IRIS_ORDER = RandomStream("iris", (3,), "split of the flowers, and their order in each pass", "tasks/iris")
USER_ORDER = RandomStream("user_task", (4,), "order of a user's examples in each pass", "tasks/user")
ENSEMBLE_NOISE = RandomStream(
    "ensemble_noise", (5,), "the comparators' noise in an ensemble; a part for each `stream`", "ensemble/engine"
)
POWER_ON_TAPS = RandomStream(
    "power_on_taps", (6,), "taps of pots at power-on, where the part does not fix them", "model/components"
)
DAC_CURVES = RandomStream("dac_curves", (7,), "transfer curves of the DACs, in the order of nodes", "model/components")
ANALOGUE_PATHS = RandomStream(
    "analogue_paths", (8,), "switches, buffers, averagers and references of the ADCs; a part each", "model/components"
)
TEMPERATURE = RandomStream(
    "temperature", (9,), "temperature coefficients of DACs and of the ADCs' references; a part each", "model/components"
)
GRAPHS = RandomStream("graphs", (10,), "edges of a random graph", "model/graphs")
USER_SPLIT = RandomStream("user_split", (11,), "which rows of a user's data are test rows", "tasks/data_rows")
USER_PLACEMENT = RandomStream(
    "user_placement", (12,), "placements and networks tried for a user's data; seed 0", "tasks/data_placement"
)
DIODES = RandomStream("diodes", (13,), "saturation currents of diodes", "model/diode_values")
XOR_ORDER = RandomStream("xor", (14,), "order of the patterns of xor; a part for each number of bits", "tasks/xor")
CURVE_ORDER = RandomStream("curves", (15,), "order of the inputs of relu and vee in each pass", "tasks/curves")
DESCENT_DATA = RandomStream(
    "descent",
    (16,),
    "teacher, tests and examples of double descent; a part for each number of examples: their order",
    "studies/rule_experiments",
)
PLACED_DIODES = RandomStream(
    "placed_diodes", (17,), "diodes and placements tried by `twinohm place --diodes`; seed 0", "studies/candidates"
)
MOSFETS = RandomStream(
    "mosfets", (18,), "transistors and order of examples of mosfet16; a part each", "studies/mosfet16"
)
POINTS = RandomStream("points", (19,), "points of moons and circles, and their order; a part each", "tasks/points")

# These have the words of `components`, with a seed that is no hardware seed.
PLACEMENTS = RandomStream("placements", (), "placements tried by `twinohm place`, if not all are", "studies")
RESAMPLING = RandomStream("resampling", (), "bootstrap of the confidence intervals; seed 0", "runlog/intervals")
SUPPLY_NOISE = RandomStream("supply_noise", (), "noise of the fault noisy:supply; seed 0", "sim/fault_effects")
BENCHMARK = RandomStream("benchmark", (), "taps and inputs that benchmarks are measured with; seed 0", "benchmarks")

STREAMS = (
    COMPONENTS,
    ADC_CURVES,
    REGRESSION_DATA,
    IRIS_ORDER,
    USER_ORDER,
    ENSEMBLE_NOISE,
    POWER_ON_TAPS,
    DAC_CURVES,
    ANALOGUE_PATHS,
    TEMPERATURE,
    GRAPHS,
    USER_SPLIT,
    USER_PLACEMENT,
    DIODES,
    XOR_ORDER,
    CURVE_ORDER,
    MOSFETS,
    POINTS,
    PLACED_DIODES,
    DESCENT_DATA,
    PLACEMENTS,
    RESAMPLING,
    SUPPLY_NOISE,
    BENCHMARK,
)
