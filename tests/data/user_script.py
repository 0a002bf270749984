"""A user's program that uses the whole public library; tests check its types and run it."""

from pathlib import Path

import numpy as np
import pandas as pd

import twinohm
from twinohm.errors import TwinOhmError, UsageError

out = Path("runs")


def first_volts(run: twinohm.Run) -> float:
    return float(run.ticks["free_V.F"].iloc[0])


def show(done: int, error_V2: float) -> None:
    print(f"{done} ticks, {1000 * error_V2**0.5:.0f} mV rms")


run = twinohm.run("allostery", ticks=20, seed=3, levers={"p": 0.9}, set={"noise_V": 0.002}, out=out, progress=show)
other = twinohm.run("allostery", ticks=20, levers=twinohm.Levers(p=0.5), engine="ensemble", out=out, progress=False)
again: twinohm.Run = twinohm.resume(run, progress=False)
table: pd.DataFrame = twinohm.runs(out)
both: pd.DataFrame = twinohm.compare(run, other.path)
ohm: float = run.resistances["A-E"].iloc[-1]
error_V2 = run.summary.true_mse_best
kinds: list[str] = list(run.events.event)
run.plot("run.pdf", force=True)
run.network("network.svg").set_size_inches(4, 4)
print(repr(twinohm.load_run(run.path)), first_volts(run), ohm, error_V2, kinds, len(table), len(both), again.made)

task = twinohm.Task.from_arrays(np.linspace(0, 1, 12).reshape(6, 2), np.linspace(1, 2, 6), test_size=0.3, split_seed=1)
Path("points.csv").write_text("a,b,y\n1,2,1.3\n2,4,2.7\n3,1,2.4\n4,2,3.4\n")
pair = twinohm.Task.from_arrays([[0, 1], [1, 0], [2, 2]], [-1.5, 0.5, 1], difference=True, target_span_V=0.6)
print(pair.n_outputs, twinohm.load_task("points.csv", target="y", difference=True, target_span_V=1.0).pairs)
print(twinohm.describe_data(task).train, twinohm.load_task("points.csv", target="y").name)

board = twinohm.board_from_graph("ring:6", name="ring", out="boards.toml")
print(board.n_edges, twinohm.load_board("ring", boards="boards.toml").nodes, twinohm.load_board().name)

with twinohm.open("sim://lab16?seed=1", log=out) as pico:
    pico.home()
    ticks = pico.train(10, {"B": [5, 4], "I": 0}, pd.DataFrame({"F": [2.0, 3.0]}))
    volts: tuple[float, ...] = ticks[0].free_V
    free, clamped = pico.measure()
    print(ticks.frame["t_us"].iloc[-1] - ticks[0].t_us, volts, free["F"], clamped["F"], pico.taps, pico.log)
    pico.safe()

scores: pd.DataFrame = twinohm.sweep("allostery", ["eta=0.5,1"], seeds=2, out="s.parquet", progress=False)
twinohm.plot_sweep("s.parquet", "s.png")
places: pd.DataFrame = twinohm.place("allostery", limit=2, out="p.jsonl", progress=False)
claims: pd.DataFrame = twinohm.reproduce("allostery", seeds=1, ensemble=2, presets="paper", progress=False)
hurts: pd.DataFrame = twinohm.pulls("allostery", seeds=2)
compared: pd.DataFrame = twinohm.rules("unanimous", tasks="allostery", seeds=2, progress=False)
files = twinohm.flash(to="files", progress=False).written
print(len(scores), len(places), len(claims), "main.py" in files, twinohm.__version__)

X, y = np.random.default_rng(0).uniform(size=(40, 2)), np.arange(40) % 2
print(twinohm.TwinClassifier(ticks=40).fit(X, y).predict(X[:2]))
print(twinohm.TwinRegressor(ticks=40, difference=True, placement=None).fit(X, X[:, 0]).predict(X[:2]))

twins = twinohm.SparseTwins(4, [(0, 1), (1, 2), (2, 3), (0, 2)], inputs=[0, 3], outputs=[1])
taps = np.full(4, 64.0)
outputs_V = twins.tick(taps, inputs_V=[5.0, 0.0], desired_V=[2.0], eta=0.5)
print(outputs_V.shape, taps.tolist())

try:
    twinohm.run("nothing")
except UsageError as error:
    print(isinstance(error, TwinOhmError), error)
