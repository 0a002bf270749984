"""Scores of a run, read from its log: of the whole run, and of each phase where there are phases."""

from collections.abc import Mapping
from typing import Any

from twinohm.runs.folder import RunFolder
from twinohm.runs.scores import Scores, run_scores

Row = dict[str, Any]


def log_scores(folder: RunFolder, final_test: Mapping[str, Any] | None = None) -> Row:
    """Measured scores (mse_*, orders_*, rms_plateau_V), true ones where the log has them, accuracy, phases.

    Where test sets were measured their errors are scored, not those of the examples learned. `final_test` is the test
    set after the last tick. Raises RunError for an empty log.
    """
    series: dict[str, _Series] = {}
    for record in folder.ticks():
        series.setdefault(record.get("phase", ""), _Series()).add(record)
    if final_test:
        series[next(reversed(series))].add_test(final_test)
    block = folder.run()["block"]
    whole = _Series()
    for part in series.values():
        whole.extend(part)
    row = whole.row(block)
    if len(series) > 1:
        row["phases"] = [{"phase": phase, **part.row(None)} for phase, part in series.items()]
    return row


class _Series:
    """Errors in V^2 by tick, or by test set; accuracies by test set."""

    def __init__(self) -> None:
        self.errors: dict[str, list[float]] = {"": [], "true_": []}
        self.tests: dict[str, list[float]] = {"": [], "true_": []}
        self.accuracies: dict[str, list[float]] = {"": [], "true_": []}
        self.ticks = 0

    def add(self, record: Mapping[str, Any]) -> None:
        self.ticks += 1
        for kind, errors in self.errors.items():
            if kind + "error_V2" in record:
                errors.append(record[kind + "error_V2"])
        self.add_test(record)

    def add_test(self, record: Mapping[str, Any]) -> None:
        for kind in ("", "true_"):
            if kind + "test_error_V2" in record:
                self.tests[kind].append(record[kind + "test_error_V2"])
            if kind + "test_accuracy" in record:
                self.accuracies[kind].append(record[kind + "test_accuracy"])

    def extend(self, other: "_Series") -> None:
        self.ticks += other.ticks
        for mine, theirs in (
            (self.errors, other.errors),
            (self.tests, other.tests),
            (self.accuracies, other.accuracies),
        ):
            for kind in mine:
                mine[kind] += theirs[kind]

    def row(self, block: int | None) -> Row:
        tested = bool(self.tests[""])
        scored = self.tests if tested else self.errors
        scores = {kind: run_scores(errors, None if tested else block) for kind, errors in scored.items() if errors}
        measured = scores.get("") or run_scores([])
        row: Row = {
            "ticks": self.ticks,
            "mse_first": measured.first,
            "mse_best": measured.best,
            "mse_plateau": measured.plateau,
            "orders_best": measured.orders_best,
            "orders_plateau": measured.orders_plateau,
            "rms_plateau_V": measured.rms_plateau_V,
            "accuracy": self.accuracies[""][-1] if self.accuracies[""] else None,
        }
        if "true_" in scores:
            row |= _true_row(scores["true_"])
        if self.accuracies[""]:
            row["accuracy_first"] = self.accuracies[""][0]
        if self.accuracies["true_"]:
            row["true_accuracy_first"] = self.accuracies["true_"][0]
            row["true_accuracy"] = self.accuracies["true_"][-1]
        return row


def _true_row(true: Scores) -> Row:
    return {
        "true_orders_best": true.orders_best,
        "true_orders_plateau": true.orders_plateau,
        "true_rms_plateau_V": true.rms_plateau_V,
    }
