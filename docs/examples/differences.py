"""Print what is reached on data whose targets are differences of two outputs: a truth table of XOR, and spans."""

from dataclasses import replace

import numpy as np
from sklearn.datasets import load_diabetes

import twinohm
from twinohm.ensemble import Ensemble
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES
from twinohm.runlog.intervals import share_interval
from twinohm.studies.ensemble_run import TaskOnEnsemble
from twinohm.tasks import find_task
from twinohm.tasks.presets import PRESETS

LAB16, LAB = twinohm.load_board("lab16"), PROFILES["lab"]
SPANS_V = (0.6, 1.0, 1.2, 2.0, 3.0)


def scores(task, placement, seeds, ticks, preset="paper", calibrated=True):
    """Return the scores of boards of the ensemble engine."""
    chosen = PRESETS[preset]
    ensemble = Ensemble(task.plugged(LAB16), LAB, seeds, calibrated=calibrated)
    levers, eta = task.levers(chosen.levers), chosen.eta or task.eta
    return TaskOnEnsemble(task.tested_every(50), ensemble, placement, eta, ticks, levers).run().scores()


def relative(task, placement, values, *settings):
    """Return the median rms error of the plateau over the standard deviation of the targets."""
    per_volt = task.own_scales[0].per_volt / np.std(values)
    return f"{per_volt * np.median([one.true_rms_plateau_V for one in scores(task, placement, *settings)]):.2f}"


table = twinohm.Task.from_arrays([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], difference=True)
table = replace(table, diodes=("C>A",))
for calibrated in (True, False):
    seeds = range(89000, 89256)
    found = scores(table, Placement.parse("E,A,I,F,H,D", 4, 2), seeds, 400, calibrated=calibrated)
    right = sum(one.true_accuracy == 1 for one in found)
    low, high = share_interval(right / len(seeds), len(seeds))
    print(f"xor, calibrated {calibrated}: {right} of {len(seeds)} [{100 * low:.1f}, {100 * high:.1f}] %")

points = np.random.default_rng(0).uniform(-1, 1, (60, 2))
patients, progression = load_diabetes(return_X_y=True, as_frame=True)
sets = {
    "a - b": (points, points @ [1.0, -1.0]),
    "3 a - 2 b": (points, points @ [3.0, -2.0]),
    "diabetes": (patients[["bmi", "s5", "s3"]], progression),
}
for name, (X, y) in sets.items():
    tasks = [twinohm.Task.from_arrays(X, y, difference=True, target_span_V=span_V) for span_V in SPANS_V]
    tasks.append(twinohm.Task.from_arrays(X, y, complement=True))
    print(name, *(relative(one, one.placement_on(LAB16), y, range(16), 1500, "best") for one in tasks), flush=True)

vee, x = find_task("vee"), np.linspace(0, 5, 17)
y = np.abs(x - 2.5)
bent = [
    twinohm.Task.from_arrays(x[:, None], y, difference=True, target_span_V=span_V, test_size=0, classes=False)
    for span_V in SPANS_V
]
nodes, preset = vee.placements["lab16"], "best-same-ticks"
print("vee", *(relative(replace(one, diodes=vee.diodes), nodes, y, range(32), 1800, preset) for one in bent))
