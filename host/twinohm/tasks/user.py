"""A user's task: examples or rows of data in task volts, and the order in which a run learns them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import UsageError
from twinohm.faces import option
from twinohm.link.arguments import finite_number, shown
from twinohm.model.board import Board
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.mistakes import FileMistake
from twinohm.model.pairs import differences
from twinohm.model.placement import Placement
from twinohm.model.random_streams import USER_ORDER, shuffled_passes
from twinohm.tasks.data_arrays import table_of
from twinohm.tasks.data_columns import quote_names
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.data_placement import choose_nodes, rank_columns
from twinohm.tasks.data_rows import PreparedData, Row, prepare
from twinohm.tasks.iris import Labelled, epochs
from twinohm.tasks.regression import JUDGED, stream
from twinohm.tasks.scaling import ColumnScale, Floats, Preparation
from twinohm.tasks.task import Block, Infer, Lesson, Task, TestSet, Volts
from twinohm.tasks.two_classes import sign_blocks

AT_LEAST = 400  # ticks with data: the fewest whole passes through its training rows that give as many
POINTS = 20  # measurements of the test set in a run, or more
MOST_MEASURED = 10_000  # inferences of test sets in a run of few ticks; of longer ones, as many as twice its ticks
MOST_ANSWERS = 16  # test rows whose answers are shown one by one, if classes are the sign of a difference
BLOCKS, INTERLEAVED = "blocks", "interleaved"
LARGER = "a larger board, as `twinohm board new` makes one"
Pair = tuple[Volts, Volts]  # inputs_V, desired_V


@dataclass(frozen=True)
class UserTask(Task):
    """A user's task: examples as in Task, or `rows` of data, one per tick.

    order: "interleaved", every tick has another example and each pass through all of them another order; or "blocks",
    each example is learned for `block` ticks, then the next, and rows come in the order of the file. With `classes`,
    targets are measured on the board, as in iris; with `pairs` they are a negative and a positive difference. Test rows
    are measured, not learned; without any, the training rows are the test set. With rows, `block` is the ticks in all.
    `nodes`: the placement that the file names, if it names one. `preparation`: what was made of the data before; None
    in tasks of versions that took volts alone.
    """

    file: Path = field(default=Path(), compare=False)  # the same examples in another folder are the same task
    nodes: Placement | None = None
    rows: tuple[Row, ...] = ()
    classes: tuple[str, ...] = ()
    amplify: float = 1.0  # how many times as far the targets of classes are from their mean
    order: str = BLOCKS  # of tasks that a version without it recorded
    targets: tuple[str, ...] = ()  # names of the columns that are outputs, or of the one of classes
    preparation: Preparation | None = None
    test_every: int | None = None  # ticks from one measurement of the test set to the next; None: as POINTS says

    @property
    def n_inputs(self) -> int:
        return len(self.rows[0].inputs_V) if self.rows else super().n_inputs

    @property
    def n_outputs(self) -> int:
        """As many as the file has; with labels as many as it names nodes, else one per class, or a pair."""
        if self.classes and self.pairs:
            return 2
        if self.classes:
            return len(self.nodes.outputs) if self.nodes else len(self.classes)
        return len(self.rows[0].desired_V) if self.rows else super().n_outputs

    @property
    def paced(self) -> bool:
        return super().paced and self.order == BLOCKS

    @property
    def asks_the_board(self) -> bool:
        return bool(self.classes) and not self.pairs

    @property
    def unused(self) -> Mapping[str, str]:
        if self.classes and self.pairs:
            return {"amplify": f"classes of {self.name} are the sign of a difference, its targets are fixed"}
        return {} if self.classes else super().unused

    @property
    def source(self) -> str:
        return self.name if self.file == Path() else str(self.file)

    @property
    def own_scales(self) -> tuple[ColumnScale, ...]:
        scaled = self.preparation is not None and self.preparation.scaling.scaled
        return self.preparation.scaling.targets if self.preparation is not None and scaled else ()

    @property
    def prepared_text(self) -> str:
        if self.preparation is None:
            return ""
        test = sum(row.test for row in self.rows)
        text = self.preparation.text(len(self.rows) - test, test, self.targets, self.classes)
        return f"{self.source}: {text}" if text else ""

    def lessons(self) -> list[Lesson]:
        """Return the rows, or interleaved examples, as one lesson; else examples that are each learned alone."""
        if not self.rows:
            names = [f"[[examples]] #{k + 1}" for k in range(len(self.examples))]
            outputs = [f"desired[{k}]" for k in range(self.n_outputs // (1 + self.pairs))]
            together = self.order == INTERLEAVED and len(self.examples) > 1
            return [replace(one, names=names, outputs=outputs, together=together) for one in super().lessons()]
        outputs = list(self.targets) or [f"out{k + 1}" for k in range(self.n_outputs)]
        wanted_V = [row.desired_V for row in self.rows]
        return [
            Lesson(
                names=[f"row {row.number}" for row in self.rows],
                outputs=[] if self.classes else outputs,
                inputs_V=[row.inputs_V for row in self.rows],
                desired_V=[differences(row) for row in wanted_V] if self.pairs else wanted_V,
                learned=[k for k, row in enumerate(self.rows) if not row.test],
                labels=[row.label for row in self.rows] if self.classes else [],
                together=True,
                scattered=self.preparation is not None and self.preparation.scaling.scaled,
                pairs=self.pairs,
            )
        ]

    def advise_biases(self, biases_V: Sequence[float]) -> str:
        if self.rows:
            if self.preparation is not None and not self.preparation.scaling.biases_V and self.nodes is None:
                return "give --bias, which adds inputs of 0 V and 5 V"
            columns = (f"column in{self.n_inputs + 1 + k} of {bias_V:g} V" for k, bias_V in enumerate(biases_V))
            text = f"add a {' and a '.join(columns)} in every row"
        else:
            text = f"add an input of {' and one of '.join(f'{bias_V:g} V' for bias_V in biases_V)} to every example"
        return text + (", and name a node for it in inputs" if self.nodes else "")

    def advise_complement(self) -> tuple[Sequence[Volts], str]:
        if self.preparation is None or self.preparation.scaling.complement:
            return (), ""
        columns = range(len(self.preparation.scaling.inputs))
        complement = [[TASK_SPAN_V - row.inputs_V[k] for row in self.rows] for k in columns]
        return complement, f"give --complement, which adds inputs of {TASK_SPAN_V} V - x beside each input x"

    def amplified(self, factor: float) -> "UserTask":
        super().amplified(factor)
        return replace(self, amplify=factor) if self.asks_the_board else self

    def tested_every(self, ticks: int) -> "UserTask":
        return replace(self, test_every=ticks)

    # -- blocks --------------------------------------------------------------------------------------------------

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of `ticks` ticks in all; the seed decides the order of rows and of interleaved examples."""
        random = USER_ORDER.generator(seed)
        train = [row for row in self.rows if not row.test]
        test = [row for row in self.rows if row.test] or train
        if self.classes:
            learned, tested = (
                Labelled([row.inputs_V for row in rows], [row.label for row in rows]) for rows in (train, test)
            )
            if self.pairs:
                order = shuffled_passes(random, len(train), ticks)
                names = [f"row {row.number}" for row in test] if len(test) <= MOST_ANSWERS else []
                return sign_blocks(learned, tested, order, self._ticks_between_tests(ticks, len(test), ticks), names)
            part = None if self.order == BLOCKS else self._ticks_between_tests(ticks, len(test), len(train))
            return epochs(learned, tested, ticks, random, infer, self.amplify, part)
        if self.rows:
            pairs, tests = ([(row.inputs_V, row.desired_V) for row in rows] for rows in (train, test))
        elif self.order == BLOCKS or len(self.examples) == 1:
            return super().blocks(ticks, seed, infer)
        else:
            pairs = tests = list(self.examples)
        if self.order == BLOCKS:
            return stream(pairs, tests, ticks, test_every=len(tests))
        between = self._ticks_between_tests(ticks, len(tests), len(tests))
        return _passes(pairs, tests, ticks, random, between, self.pairs)

    def _ticks_between_tests(self, ticks: int, tests: int, most: int) -> int:
        """Return ticks from one measurement of `tests` examples to the next: `most`, or fewer for POINTS of them."""
        if self.test_every is not None:
            return self.test_every
        affordable = -(-ticks * tests // max(MOST_MEASURED, 2 * ticks))
        return max(1, affordable, min(most, ticks // POINTS))

    def placement_on(self, board: Board, chosen: str | None = None) -> Placement:
        """Return `chosen`, else the nodes that the file names, else the first that fit. Raises UsageError."""
        if chosen is not None or self.nodes is None:
            return super().placement_on(board, chosen)
        try:
            board.check_placement(*self.nodes)
        except UsageError as error:
            raise UsageError(f"{self.file}: {error}") from error
        return self.nodes

    def _first_that_fits(self, board: Board) -> Placement:
        """Return the nodes with which random networks come nearest to the training rows. Raises UsageError."""
        if not board.capabilities.free_roles or not self.rows:
            return super()._first_that_fits(board)
        room, outputs = len(board.nodes), min(self.n_outputs, len(board.capabilities.measures_free))
        if self.n_inputs + self.n_outputs > room or outputs < self.n_outputs:
            raise UsageError(
                f"{self.name} needs {self.n_inputs} inputs and {self.n_outputs} outputs; board {board.name} can give "
                f"{max(0, room - outputs)} and {outputs}{self._advise_room(room)}"
            )
        return choose_nodes(board, *self._learned(), self.n_outputs, self.pairs)

    def _learned(self) -> tuple[Floats, NDArray[Any]]:
        """Return inputs_V (examples, inputs) of the training rows, and their labels (examples,) or desired_V."""
        rows = [row for row in self.rows if not row.test]
        wanted = np.array([row.label if self.classes else row.desired_V for row in rows])
        return np.array([row.inputs_V for row in rows]), wanted

    def _advise_room(self, room: int) -> str:
        """Return what takes the nodes and what makes the task smaller: fewer columns, no bias, or another board."""
        if self.preparation is None:
            return f"; give {LARGER}"
        scaling, python = self.preparation.scaling, self.file == Path()
        columns, sides = len(scaling.inputs), 1 + scaling.complement
        parts = [f"{columns} columns{', each twice for its complement' * scaling.complement}"]
        parts += [f"{len(scaling.biases_V)} bias inputs"] if scaling.biases_V else []
        fits = (room - self.n_outputs - len(scaling.biases_V)) // sides
        remedies = []
        if 0 < fits < columns:
            inputs_V, wanted = self._learned()
            told = sorted(rank_columns(inputs_V[:, :columns], wanted)[:fits].tolist())
            names = [scaling.inputs[k].name for k in told]
            chosen = f"the columns {', '.join(names)}" if python else option("inputs", quote_names(names))
            tells = f"the {fits} columns that tell most" if fits > 1 else "the column that tells most"
            remedies.append(f"{chosen} ({tells})")
        if scaling.biases_V:
            more = min(columns, (room - self.n_outputs) // sides)
            if more > 0:
                remedies.append(f"--no-bias (room for {more} columns)")
        if self.asks_the_board and self.n_outputs > room // 2:
            remedies.append("--regression (numbers have one output)")
        if self.pairs and not self.classes and room >= self.n_inputs + self.n_outputs // 2:
            remedies.append("no --difference (one output for each target)")
        return f" ({', '.join(parts)}); give {', or '.join([*remedies, LARGER])}"

    # -- from data -----------------------------------------------------------------------------------------------

    @classmethod
    def from_data(
        cls,
        data: PreparedData,
        name: str,
        source: str,
        *,
        file: Path = Path(),
        about: str | None = None,
        ticks: int | None = None,
        eta: float = 1.0,
        nodes: Placement | None = None,
        diodes: tuple[str, ...] = (),
    ) -> "UserTask":
        """Return the task of prepared data. `source`: what they are called in `about`."""
        train = sum(not row.test for row in data.rows)
        return cls(
            name=name,
            about=about or f"{train} training and {len(data.rows) - train} test examples of {source}",
            ours="all of it: a task of its user",
            examples=(),
            block=ticks or -(-AT_LEAST // train) * train,
            eta=eta,
            file=file,
            nodes=nodes,
            rows=data.rows,
            classes=data.classes,
            order=INTERLEAVED,
            targets=data.targets,
            preparation=data.preparation,
            diodes=diodes,
            pairs=data.preparation.scaling.difference,
            hinge=data.preparation.scaling.difference and bool(data.classes),
        )

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        *,
        scale: bool = True,
        bias: bool = True,
        complement: bool = False,
        test_size: float | None = None,
        split_seed: int | None = None,
        classes: bool | None = None,
        difference: bool = False,
        target_span_V: float | None = None,
        drop_missing: bool = False,
        name: str = "data",
    ) -> "UserTask":
        """Return a task that learns y from X.

        X: (examples, inputs), an array of numpy, lists, or a pandas DataFrame, whose column names are kept.
        y: (examples,) or, for several numbers, (examples, outputs), of the same kinds or a Series; indices must be
        those of X. It may hold texts or few whole numbers, which name classes.
        scale: X, and y if it is no class, become 0..5 V by the least and greatest values of the training rows; without
        it they are volts.
        bias: add inputs of 0 V and 5 V.
        complement: put 5 V - x beside each input x, so that weights of both signs are possible.
        test_size: share of the rows that are drawn to be measured and not learned; None: 0.3 of 20 rows or more if
        they are scaled.
        split_seed: which rows these are; None: 0.
        classes: whether y names classes; None: as its values say.
        difference: whether each target is the difference of two outputs, V(p) - V(m). Two classes then are -0.3 V and
        0.3 V, with the hinge; numbers become -1..1 V, or are volts from -5 to 5.
        target_span_V: span of targets that are scaled; None: 5 V, or 2 V with `difference`, around 0 V.
        drop_missing: leave out rows without a value.
        name: of the task.

        Raises UsageError that names row and column, or the argument.
        """
        _check_kinds(
            {
                "bias": bias,
                "scale": scale,
                "complement": complement,
                "drop_missing": drop_missing,
                "classes": classes,
                "difference": difference,
            },
            {"test_size": test_size, "split_seed": split_seed, "target_span_V": target_span_V},
            name,
        )
        from_python = DataOptions(
            drop_missing=drop_missing,
            test=test_size,
            split_seed=split_seed,
            scale=scale,
            bias=bias,
            complement=complement,
            classes=classes,
            difference=difference,
            target_span_V=target_span_V,
            python=True,
        )
        table, options = table_of(X, y, from_python)
        try:
            data = prepare(table, options)
        except FileMistake as mistake:
            raise UsageError(" ".join(f"{name}: {mistake}".splitlines())) from mistake
        return cls.from_data(data, folder_name(name), name)


def _check_kinds(flags: Mapping[str, Any], numbers: Mapping[str, Any], name: Any) -> None:
    """Raise UsageError for a flag that is none, a number that is none and not None, a name that is no text.

    `classes` may be None, too.
    """
    for argument, value in flags.items():
        if not isinstance(value, bool | np.bool_) and not (argument == "classes" and value is None):
            others = ", or None" * (argument == "classes")
            raise UsageError(f"{argument} = {shown(value)}: give True or False{others}")
    for argument, value in numbers.items():
        if value is not None:
            finite_number(argument, value)
    if not isinstance(name, str):
        raise UsageError(f"name = {name!r}: give a text")


def folder_name(name: str) -> str:
    """Return a name that a run folder can have."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:40] or "task"


def _passes(
    train: Sequence[Pair],
    test: Sequence[Pair],
    ticks: int,
    random: np.random.Generator,
    test_every: int,
    differences: bool,
) -> Iterator[Block]:
    """Yield blocks with one training example per tick, each pass in another order; `ticks` ticks in all.

    The whole test set is measured before every `test_every` ticks. differences: whether those of two outputs count.
    """
    judged = [train[k] for k in random.permutation(len(train))[:JUDGED]]
    tests, judge = (
        TestSet([inputs_V for inputs_V, _ in some], [desired_V for _, desired_V in some], pairs=differences)
        for some in (test, judged)
    )
    order = shuffled_passes(random, len(train), ticks)
    for start in range(0, ticks, test_every):
        yield Block([(1, *train[k]) for k in order[start : start + test_every]], tests, judge)
