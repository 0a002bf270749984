"""How a user's data are to be read: the options of `twinohm run FILE.csv` and of Task.from_arrays()."""

from dataclasses import dataclass, fields, replace

from twinohm import faces
from twinohm.errors import UsageError
from twinohm.model.codes import LEAST_SPAN_V, TASK_SPAN_V

TEST_SHARE = 0.3
LEAST_SPLIT = 20  # rows; of fewer none are drawn to test unless that is asked for


@dataclass(frozen=True)
class DataOptions:
    """What a user says of their data; None and () leave it to the data.

    target, inputs: names of columns. test: share of the rows that are drawn to test. scale: to 0..5 V by the training
    rows; False: the numbers are volts. bias: whether there are inputs of 0 V and 5 V. complement: whether 5 V - x
    stands beside each input x. classes: whether the target names classes; False: it is a number. difference: whether
    each target is the difference of two outputs. target_span_V: of numbers that are scaled. python: whether remedies
    name arguments of Python in the place of options.

    Raises UsageError for a share, a seed or a span that cannot be.
    """

    target: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    drop_missing: bool = False
    test: float | None = None
    split_seed: int | None = None
    scale: bool | None = None
    bias: bool | None = None
    complement: bool = False
    classes: bool | None = None
    difference: bool = False
    target_span_V: float | None = None
    python: bool = False

    def __post_init__(self) -> None:
        if self.test is not None and not 0 <= self.test < 1:
            name = "test_size =" if self.python else "--test"
            raise UsageError(f"{name} {self.test:g}: the share of the test rows, from 0 to below 1; give 0.3")
        if self.split_seed is not None and (self.split_seed < 0 or self.split_seed != int(self.split_seed)):
            name = "split_seed =" if self.python else "--split-seed"
            raise UsageError(f"{name} {self.split_seed}: a whole number of 0 or more; give one")

        if self.target_span_V is not None and not LEAST_SPAN_V <= self.target_span_V <= TASK_SPAN_V:
            name = "target_span_V =" if self.python else "--target-span"
            raise UsageError(f"{name} {self.target_span_V:g}: give {LEAST_SPAN_V} to {TASK_SPAN_V} V")

    def over(self, others: "DataOptions") -> "DataOptions":
        """Return `others` with what is given here in the place of theirs."""
        unset = DataOptions()
        names = [field.name for field in fields(self)]
        return replace(others, **{n: getattr(self, n) for n in names if getattr(self, n) != getattr(unset, n)})

    def given(self) -> dict[str, object]:
        """Return the options that say something, as the command line writes them, with their values."""
        chosen = {
            "--target": _joined(self.target),
            "--inputs": _joined(self.inputs),
            "--drop-missing": self.drop_missing or None,
            "--test": self.test,
            "--split-seed": self.split_seed,
            "--bias": self.bias or None,
            "--complement": self.complement or None,
            "--difference": self.difference or None,
            "--target-span": self.target_span_V,
        }
        for yes, no, value in (
            ("--scale", "--volts", self.scale),
            ("--classes", "--regression", self.classes),
            ("", "--no-bias", False if self.bias is False else None),
        ):
            if value is not None:
                chosen[yes if value else no] = True
        return {name: value for name, value in chosen.items() if value is not None}

    def option(self, name: str, value: str = "") -> str:
        """Return an option as a user gives it: `--drop-missing` and `--target NAME`, or an argument of Python."""
        other = {"test": "test_size", "target-span": "target_span_V"}
        return f"{other[name]}={value}" if self.python and name in other else faces.option(name, value)


def _joined(names: tuple[str, ...]) -> str | None:
    """Return names of columns as parse_names() of data_columns.py reads them, None without any."""
    return ",".join(f'"{name}"' if "," in name else name for name in names) or None
