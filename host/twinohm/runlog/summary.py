"""Scores of a run, read from its log: of the whole run, and of each phase where there are phases."""

from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from twinohm.runlog.folder import RunFolder, understood
from twinohm.runlog.scores import Scores, orders, run_scores

Row = dict[str, Any]


def log_summary(folder: RunFolder) -> Row:
    """summary.json: the JSON of `twinohm run` (mse_*: measured, true_*: what the circuit had).

    From run.json and the log alone. Raises RunError for an empty log, and for one that was changed.
    """
    with understood(folder):
        return _summary(folder)


def _summary(folder: RunFolder) -> Row:
    run, scores = folder.run(), log_scores(folder)
    last, events = _last_and_events(folder)
    scored = _merged(events, "restored")
    counted = [event for event in events if event["event"] == "violations"]
    summary = {
        **{key: run[key] for key in ("task", "board", "port", "profile", "seed")},
        **scores,
        **scored,
        **{
            key.replace("error_V2", "orders"): orders(scores[first], scored[key])
            for first, key in (("mse_first", "restored_error_V2"), ("true_mse_first", "true_restored_error_V2"))
            if key in scored
        },
        "taps": next((event["taps"] for event in reversed(events) if event["event"] == "restore"), last["taps"]),
        "placement": {"inputs": list(last["inputs_V"]), "outputs": list(last["desired_V"])},
        "run_dir": str(folder.path),
        "seconds": round(sum(event["seconds"] for event in events if event["event"] == "end"), 3),
        "violations": sum(event["count"] for event in counted),
    }
    if summary["violations"]:
        summary["violation_texts"] = [text for event in counted for text in event.get("texts", [])]
    if resumed := sum(event["event"] == "resume" for event in events):
        summary["resumed"] = resumed
    if final := _merged(events, "test"):
        summary["final_test"] = final
    return summary


def _last_and_events(folder: RunFolder) -> tuple[Row, list[Row]]:
    """The last tick, and the events that are summed up."""
    last, events = {}, []
    for line in folder.lines():
        if "event" not in line:
            last = line
        elif line["event"] in ("restore", "restored", "violations", "end", "resume", "test"):
            events.append(line)
    return last, events


def _merged(events: Iterable[Row], kind: str) -> Row:
    """What the last event of a kind says."""
    return next(
        ({k: v for k, v in e.items() if k not in ("event", "tick")} for e in reversed([*events]) if e["event"] == kind),
        {},
    )


def log_scores(folder: RunFolder) -> Row:
    """Measured scores (mse_*, orders_*, rms_plateau_V), true ones where the log has them, accuracy, phases.

    Where test sets were measured their errors are scored, not those of the examples learned; the one after the last
    tick too. Raises RunError for an empty log, and for one that was changed.
    """
    with understood(folder):
        return _scores(folder)


def _scores(folder: RunFolder) -> Row:
    series: dict[str, _Series] = {}
    for record in folder.lines():
        if "event" not in record:
            series.setdefault(record.get("phase", ""), _Series()).add(record)
        elif record["event"] == "test" and series:
            series[next(reversed(series))].add_test(record)
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
        self.errors, self.tests, self.accuracies = ({"": array("d"), "true_": array("d")} for _ in range(3))
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
        "true_mse_first": true.first,
        "true_orders_best": true.orders_best,
        "true_orders_plateau": true.orders_plateau,
        "true_rms_plateau_V": true.rms_plateau_V,
    }
