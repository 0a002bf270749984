"""An independent calculation of a run from run.json alone: nothing of twinohm is imported.

With profile ideal it gives the ticks, with any other the true voltages of the logged taps: noise is in no file.

Modified nodal analysis with a branch current per driver, unlike the project's solver; the firmware's integer arithmetic
as firmware/README.md states it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import least_squares

TIE_V = 1e-10
POTS = {"AD5220": (128, 127), "X9C104": (99, 99)}  # equal resistors, highest tap


class Replay:
    def __init__(self, run: dict[str, Any]) -> None:
        self.run = run
        table, truth = run["board_table"], run["truth"]
        self.nodes: list[str] = run["nodes"]
        self.edges = [tuple(map(self.nodes.index, edge.split("-"))) for edge in run["edges"]]
        self.low, self.high = table["range_V"]
        self.full_scale = table["dac"]["full_scale_V"]
        self.code_low = round(self.low / self.full_scale * 65536)
        self.code_high = round(self.high / self.full_scale * 65536)
        self.pot = np.array(truth["pot_ohm"])
        self.fixed = np.array(truth["wiper_ohm"]) + np.array(truth["series_ohm"])
        n = len(self.nodes)
        self.switch_ohm = np.broadcast_to(np.array(truth["switch_ohm"]), (2, n))
        self.temperature = truth.get("temperature")
        self.kelvin = 0.0  # warmer than at tick 0
        self.dac_errors = {name: np.array(values) for name, values in truth["dac"].items()}
        corrections = run["calibration"]["dac"] if run["calibration"] else {}
        self.corrections = [corrections.get(name, (0, 0)) for name in self.nodes]
        self.inputs = [self.nodes.index(name) for name in run["placement"]["inputs"]]
        self.outputs = [self.nodes.index(name) for name in run["placement"]["outputs"]]
        self.adc_full_scale = {}
        for adc in table["adc"]:
            for channel in adc["channels"]:
                self.adc_full_scale[channel] = adc["full_scale_V"]
        self.taps = list(run["start_taps"])
        self.min_tap = table["pots"]["min_tap"]
        self.segments, self.top_tap = POTS[table["pots"]["part"]]
        self.ties = 0
        self.diodes = [tuple(map(self.nodes.index, text.split(":")[0].split(">"))) for text in table.get("diodes", [])]
        self.diode_values = truth.get("diodes")

    def code(self, task_volts: float) -> int:
        return self.code_low + round(task_volts / 5 * (self.code_high - self.code_low))

    def dac(self, node: int, code: int) -> float:
        """Output voltage for a 16-bit code: corrected, 12 bits, rounded, with the errors of the DAC."""
        gain, offset = self.corrections[node]
        code += (code * gain + offset) // 65536
        x = min(max((code + 8) // 16, 0), 4095) / 4096
        one = {name: float(values[node]) for name, values in self.dac_errors.items()}
        if self.temperature:
            one["gain"] += one["gain"] * self.temperature["dac_gain_per_K"][node] * self.kelvin
            one["offset_V"] += self.temperature["dac_offset_V_per_K"][node] * self.kelvin
        inl = 4 * one["bow_lsb"] * x * (1 - x) + 6 * np.sqrt(3) * one["ess_lsb"] * x * (1 - x) * (1 - 2 * x)
        return max(one["offset_V"] + one["gain"] * self.full_scale * (x + inl / 4096), 0.0)

    def free_V(self, tick: int, taps: Sequence[int], inputs_V: Sequence[float]) -> dict[str, float]:
        """Task volts of every free node at a tick that begins with these taps."""
        self.taps = list(taps)
        self.kelvin = tick / 1000 * self.temperature["drift_K"] if self.temperature else 0.0
        driven = {node: self.dac(node, self.code(v)) for node, v in zip(self.inputs, inputs_V, strict=True)}
        volts = (self.solve(0, driven) - self.low) / (self.high - self.low) * 5
        return dict(zip(self.nodes, volts.tolist(), strict=True))

    def solve(self, network: int, driven: dict[int, float]) -> np.ndarray:
        n, m = len(self.nodes), len(driven)
        matrix, right = np.zeros((n + m, n + m)), np.zeros(n + m)
        for i, (a, b) in enumerate(self.edges):
            warmth = 1 + self.temperature["pot_per_K"] * self.kelvin if self.temperature else 1
            g = 1 / (self.taps[i] * self.pot[network][i] * warmth / self.segments + self.fixed[network][i])
            matrix[a, a] += g
            matrix[b, b] += g
            matrix[a, b] -= g
            matrix[b, a] -= g
        for k, (node, volts) in enumerate(driven.items()):
            matrix[node, n + k] = -1  # the driver's current enters its node ...
            matrix[n + k, node] = 1  # ... and drops switch_ohm times itself on the way
            matrix[n + k, n + k] = self.switch_ohm[network][node]
            right[n + k] = volts
        return self.with_diodes(network, matrix, right)[:n] if self.diodes else np.linalg.solve(matrix, right)[:n]

    def with_diodes(self, network: int, matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
        """By scipy: the currents of the diodes are such that each junction has the voltage of its current."""
        linear = np.linalg.inv(matrix)
        values = self.diode_values
        assert values is not None
        amperes, unit_V = np.array(values["saturation_A"][network]), np.array(values["emission_V"])
        ohm = np.array(values["series_ohm"])
        into = np.zeros((len(right), len(self.diodes)))
        for k, (anode, cathode) in enumerate(self.diodes):
            into[anode, k], into[cathode, k] = -1, 1

        def off(junction_V: np.ndarray) -> np.ndarray:
            through = amperes * np.expm1(np.clip(junction_V / unit_V, -100, 60))
            volts = linear @ (right + into @ through)
            return -(into.T @ volts) - ohm * through - junction_V

        start = np.zeros(len(self.diodes))
        junction_V = least_squares(off, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale=unit_V, max_nfev=5000).x
        through = amperes * np.expm1(junction_V / unit_V)
        return np.asarray(linear @ (right + into @ through))

    def tick(self, inputs_V: list[float], desired_V: list[float]) -> tuple[int, list[int]]:
        """One tick. Returns (up, taps after it)."""
        eta = round(self.run["eta"] * 4096)
        driven = {node: self.dac(node, self.code(v)) for node, v in zip(self.inputs, inputs_V, strict=True)}
        free = self.solve(0, driven)
        for node, volts in zip(self.outputs, desired_V, strict=True):
            full_scale = self.adc_full_scale[self.nodes[node] + ".free"]
            count = min(int(free[node] / full_scale * 4096 + 0.5), 4095)
            gain = round(full_scale / 4096 / (self.full_scale / 65536) * 4096)
            measured = min((count * gain + 2048) >> 12, 65535)
            clamp = measured + (((self.code(volts) - measured) * eta + 2048) >> 12)
            driven[node] = self.dac(node, min(max(clamp, self.code_low), self.code_high))
        clamped = self.solve(1, driven)
        up = 0
        for i, (a, b) in enumerate(self.edges):
            cmp = (clamped[a] + free[b]) / 2 - (free[a] + clamped[b]) / 2
            sgn = free[a] - free[b]
            self.ties += (abs(cmp) <= TIE_V) + (abs(sgn) <= TIE_V)
            if (cmp > TIE_V) == (sgn > TIE_V):
                up |= 1 << i
                self.taps[i] = min(self.taps[i] + 1, self.top_tap)
            else:
                self.taps[i] = max(self.taps[i] - 1, self.min_tap)
        return up, list(self.taps)
