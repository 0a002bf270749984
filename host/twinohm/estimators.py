"""scikit-learn estimators whose model is a trained network: TwinRegressor and TwinClassifier.

Inside them columns are scaled to volts, and nothing else is done to the data. What they predict is read from the node
voltages of the free network alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import TwinOhmError, UsageError
from twinohm.extras import install_command
from twinohm.model.allotment import auto_board
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.board_tables import AUTO
from twinohm.model.codes import LEAST_SPAN_V, TASK_SPAN_V
from twinohm.model.current_limits import check_currents
from twinohm.model.levers import MOST_ETA, Levers
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES, profile_from
from twinohm.model.random_streams import USER_ORDER, shuffled_passes
from twinohm.model.run_length import MOST_RUN_TICKS
from twinohm.protocol.telemetry import Example
from twinohm.tasks.data_placement import choose_nodes
from twinohm.tasks.presets import PRESETS
from twinohm.tasks.scaling import BIASES_V, Scaling, fit_scales

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context
    from sklearn.utils._param_validation import Interval, StrOptions
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise TwinOhmError(f"estimators need scikit-learn 1.6 or newer: {install_command('iris', 'ensemble')}") from error

if TYPE_CHECKING:
    from twinohm.ensemble import Ensemble

Floats = NDArray[np.float64]
LEAST_TICKS, MOST_TICKS, PASSES = 2_000, 50_000, 20
MIDDLE_V = TASK_SPAN_V / 2
OWN_BOARD = "one of a file of your own is port='sim://NAME?boards=FILE', with board='auto'"
PROFILE = "lab"  # unless another one is given
NUMBERS = ("seed", "eta", "ticks", "target_span_V")  # parameters that are numbers, which True and False are not


class _TwinEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share: scaling, network, training and reading. Targets are numbers (examples, outputs)."""

    _hinge = False  # whether a difference that is right is let be, as the sign of one class of two

    _parameter_constraints = {
        "board": [str],
        "port": [str, None],
        "profile": [StrOptions(set(PROFILES))],
        "seed": [Interval(Integral, 0, None, closed="left")],
        "preset": [StrOptions(set(PRESETS))],
        "eta": [Interval(Real, 0, MOST_ETA, closed="right"), None],
        "ticks": [Interval(Integral, 1, MOST_RUN_TICKS, closed="both"), None],
        "complement": ["boolean"],
        "bias": ["boolean"],
        "difference": ["boolean"],
        "placement": [str, None],
        "target_span_V": [Interval(Real, LEAST_SPAN_V, TASK_SPAN_V, closed="both")],
    }

    def __init__(
        self,
        *,
        board: str = AUTO,
        port: str | None = None,
        profile: str = PROFILE,
        seed: int = 0,
        preset: str = "best",
        eta: float | None = None,
        ticks: int | None = None,
        complement: bool = True,
        bias: bool = True,
        difference: bool = False,
        placement: str | None = None,
        target_span_V: float = 2.0,
    ) -> None:
        self.board = board
        self.port = port
        self.profile = profile
        self.seed = seed
        self.preset = preset
        self.eta = eta
        self.ticks = ticks
        self.complement = complement
        self.bias = bias
        self.difference = difference
        self.placement = placement
        self.target_span_V = target_span_V

    def _train(self, X: Floats, targets: Floats) -> None:
        """Scale, place and train; set what predict() needs. X: (examples, columns), targets: (examples, outputs)."""
        for name in NUMBERS:
            if isinstance(value := getattr(self, name), bool | np.bool_):
                raise ValueError(f"{name} = {value}: give a number")
        try:
            middle_V, half_V = (0.0 if self.difference else MIDDLE_V), self.target_span_V / 2
            self.scaling_ = Scaling(
                fit_scales(self._column_names(X.shape[1]), X),
                fit_scales(
                    [f"target {k + 1}" for k in range(targets.shape[1])],
                    targets,
                    middle_V - half_V,
                    middle_V + half_V,
                ),
                complement=self.complement,
                biases_V=BIASES_V if self.bias else (),
                difference=self.difference,
            )
            inputs_V, desired_V = self.scaling_.inputs_V(X), self.scaling_.targets_V(targets)
            ticks = self.ticks or min(max(PASSES * len(X), LEAST_TICKS), MOST_TICKS)
            order = shuffled_passes(USER_ORDER.generator(self.seed), len(X), ticks)
            machine = self._machine(inputs_V.shape[1], desired_V.shape[1])
            with machine:
                self.placement_ = _placement(machine.board, inputs_V, desired_V, self)
                self.taps_ = machine.train(self.placement_, inputs_V[order], desired_V[order])
        except UsageError as error:  # scikit-learn expects ValueErrors
            raise ValueError(str(error)) from error
        self.n_ticks_ = ticks

    def _read(self, X: Floats) -> Floats:
        """Return targets (examples, outputs) that the outputs of the free network stand for, as its ADC reads them."""
        inputs_V = self.scaling_.inputs_V(X)
        try:
            with self._machine(inputs_V.shape[1], len(self.placement_.outputs)) as machine:
                outputs_V = machine.read(self.placement_, np.asarray(self.taps_), inputs_V)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return self.scaling_.undo(outputs_V)

    def _machine(self, n_inputs: int, n_outputs: int) -> _Machine:
        chosen = PRESETS[self.preset]
        eta = self.eta if self.eta is not None else chosen.eta or 1.0
        if self.port is not None:
            if self.profile != PROFILE:
                raise UsageError(f"profile = {self.profile!r}: the parts are those at port {self.port}; leave it out")
            return _BoardMachine(self.port, self.board, eta, self)
        board = auto_board(n_inputs, n_outputs) if self.board == AUTO else load_board(self.board, remedy=OWN_BOARD)
        return _EnsembleMachine(board, self.profile, self.seed, eta, self)

    @property
    def _levers(self) -> Levers:
        """Levers of the preset, for what is asked of the outputs."""
        return replace(PRESETS[self.preset].levers, pairs=self.difference, hinge=self._hinge)

    def _column_names(self, count: int) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        return [f"x{k + 1}" for k in range(count)] if names is None else [str(name) for name in names]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "taps_")


class TwinRegressor(RegressorMixin, _TwinEstimator):  # type: ignore[misc]
    """A regressor whose weights are the conductances of a network that learned them by the paper's local rule.

    Columns of X and targets are scaled linearly by the least and the greatest training value: X to 0..5 V, targets to
    `target_span_V` around 2.5 V, or around 0 V with `difference`. A network of resistors gives weighted means of its
    inputs, with weights that add up to 1: where the targets depend strongly on several columns, a smaller span brings
    them into its range.

    Parameters
    ----------
    board : name of a board, or "auto": a graph without pins that joins every output to every input.
    port : a board's port, such as "sim://lab16?profile=ideal" or "/dev/ttyACM0"; None: the ensemble engine, which has
        the same rule and parts without firmware. `board` and `profile` must be left out with a port: they are its own.
    profile, seed : imperfections and seed of a board without a port.
    preset : levers and eta beside the paper's rule, "paper" for none.
    eta : strength of the nudge (paper, eq. 1), at most 4; None: the preset's, or 1.
    ticks : number of ticks, one example each; None: 20 passes through the data, at least 2,000, at most 50,000.
    complement : whether 5 V - x stands beside each input x, so that weights of both signs are possible.
    bias : whether two inputs are 0 V and 5 V.
    difference : whether each target is the difference of two outputs. It can fall with a column without a complement,
        and bend on a board with diodes, such as port="sim://lab16?diode=C>A", where a span of 0.6 V does better.
    placement : nodes of the board, "B,D,I,F": those of columns, their complements, bias inputs, then outputs; None:
        those with which networks of resistors come nearest to the data. board="auto" has one placement.
    target_span_V : span of the scaled targets, V.

    Attributes
    ----------
    taps_ : tap of each edge after training, (edges,). predict() reads the network with these taps.
    placement_ : nodes of inputs and outputs.
    scaling_ : how columns became volts.
    n_ticks_ : number of ticks that were made.
    n_features_in_, feature_names_in_ : of X.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any) -> Self:
        """Train a network on X (examples, columns) and y (examples,) or (examples, outputs). Raises ValueError.

        Rows are joined by their position, as in all of scikit-learn: an index of pandas does not count.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._flat = y.ndim == 1
        self._train(X, np.asarray(y, dtype=np.float64).reshape(len(X), -1))
        return self

    def predict(self, X: Any) -> Floats:
        """Return the network's answers for X (examples, columns), in the unit of the targets. Raises ValueError."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        found = self._read(X)
        return found[:, 0] if self._flat else found


class TwinClassifier(ClassifierMixin, _TwinEstimator):  # type: ignore[misc]
    """A classifier: one output for each class (one in all for two classes), trained as TwinRegressor trains numbers.

    With `difference` it is one difference of two outputs for each class, or in all. The sign of the one difference then
    tells two classes apart, and what is right is let be (the hinge).

    The outputs are trained towards the upper end of the span for the class of an example, and towards the lower end for
    the others. The answer of a class is that of the same network for the mean of the class's training examples; an
    example is of the class whose answer is nearest to its own, as in the paper's iris experiment.

    Parameters are those of TwinRegressor. Attributes are, too, and these:

    classes_ : the classes.
    class_means_ : means of their training examples, (classes, columns).
    """

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any) -> Self:
        """Train a network on X (examples, columns) and classes y (examples,). Raises ValueError."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"y has {count} class: a classifier can't be trained on one class; give two or more")
        self.class_means_ = np.array([X[labels == k].mean(0) for k in range(count)])
        self._hinge = self.difference and count == 2
        wanted = labels[:, None] == (np.array([1]) if count == 2 else np.arange(count))
        self._train(X, wanted.astype(np.float64))
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return how near the answers for X (examples, columns) are to those of the classes, the higher the nearer.

        (examples, classes), minus the squared distance; of two classes (examples,), above 0 for the second one, with
        `difference` in spans.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        if self._hinge:
            return self._read(X)[:, 0] - 0.5  # the middle of the span is a difference of 0 V
        read = self._read(np.vstack([self.class_means_, X]))
        means, answers = read[: len(self.classes_)], read[len(self.classes_) :]
        nearness: Floats = -((answers[:, None] - means) ** 2).sum(-1)
        return nearness[:, 1] - nearness[:, 0] if len(self.classes_) == 2 else nearness

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of each example of X (examples, columns). Raises ValueError."""
        found = self.decision_function(X)
        return np.asarray(self.classes_[(found > 0).astype(int) if found.ndim == 1 else found.argmax(1)])


# -- where a network is ------------------------------------------------------------------------------------------------


class _Machine:
    """A network that is trained and read. Use it in a `with` block."""

    board: Board

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def train(self, placement: Placement, inputs_V: Floats, desired_V: Floats) -> NDArray[Any]:
        """Train one tick for each example, from the start taps; return the taps (edges,)."""
        raise NotImplementedError

    def read(self, placement: Placement, taps: NDArray[Any], inputs_V: Floats) -> Floats:
        """Return the measured outputs (examples, outputs) of the free network with these taps, task volts."""
        raise NotImplementedError


@dataclass
class _EnsembleMachine(_Machine):
    """One board of the ensemble engine, calibrated."""

    board: Board
    profile: str
    seed: int
    eta: float
    settings: _TwinEstimator

    def _ensemble(self) -> Ensemble:
        from twinohm.ensemble import Ensemble

        return Ensemble(self.board, profile_from(self.profile, {}), [int(self.seed)], calibrated=True)

    def train(self, placement: Placement, inputs_V: Floats, desired_V: Floats) -> NDArray[Any]:
        levers = self.settings._levers
        result = self._ensemble().train(placement, inputs_V, desired_V, self.eta, levers, record=())
        return np.array(result.state.taps[0], dtype=np.int64)

    def read(self, placement: Placement, taps: NDArray[Any], inputs_V: Floats) -> Floats:
        return np.asarray(self._ensemble().measured(placement, taps, inputs_V)[0])


class _BoardMachine(_Machine):
    """A board behind a port."""

    def __init__(self, port: str, board: str, eta: float, settings: _TwinEstimator) -> None:
        from twinohm.api import open as open_board

        if board != AUTO:
            raise UsageError(f"board = {board!r}: the board is the one at port {port}; leave one of the two out")
        self._client = open_board(port)
        self.board, self._eta, self._settings = self._client.board, eta, settings

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def train(self, placement: Placement, inputs_V: Floats, desired_V: Floats) -> NDArray[Any]:
        client = self._client
        client.place(*placement, eta=self._eta)
        client.home()
        client.set_levers(self._settings._levers, seed=int(self._settings.seed))
        examples = [
            (1, Example(given, wanted)) for given, wanted in zip(inputs_V.tolist(), desired_V.tolist(), strict=True)
        ]
        for _ in client.stream(examples):
            pass
        return np.array(client.taps)

    def read(self, placement: Placement, taps: NDArray[Any], inputs_V: Floats) -> Floats:
        self._client.place(*placement, eta=self._eta)
        self._client.restore(taps.tolist())
        return np.array(self._client.infer(inputs_V.tolist()))


def _placement(board: Board, inputs_V: Floats, desired_V: Floats, settings: _TwinEstimator) -> Placement:
    """Return the nodes of inputs and outputs. Raises UsageError if the board has too few, or for others' nodes."""
    n_in, n_out, room = inputs_V.shape[1], desired_V.shape[1], len(board.nodes)
    auto = settings.board == AUTO and settings.port is None
    if settings.placement is not None:
        if auto:
            raise UsageError(f"placement = {settings.placement!r}: board='auto' has one; leave it out, or name a board")
        chosen = Placement.parse(settings.placement, n_in, n_out)
        board.check_placement(*chosen)
        check_currents(board, *chosen)
        return chosen
    if auto:
        return Placement(board.nodes[:n_in], board.nodes[n_in : n_in + n_out])
    if not board.capabilities.free_roles:
        inputs = tuple(board.wired_free)
        outputs = tuple(name for name in board.wired_clamped if name not in inputs)
        if (len(inputs), len(outputs)) == (n_in, n_out):
            return Placement(inputs, outputs)
        room = len(inputs) + len(outputs)
    measured = min(room - n_in, len(board.capabilities.measures_free))
    if not board.capabilities.free_roles or n_in + n_out > room or measured < n_out:
        columns = (n_in - len(BIASES_V) * settings.bias) // (1 + settings.complement)
        remedies = ["choose fewer columns in the pipeline (SelectKBest, PCA)"]
        remedies += ["complement=False"] * settings.complement + ["bias=False"] * settings.bias
        remedies += ["difference=False"] * settings.difference
        raise UsageError(
            f"X has {columns} columns, which take {n_in} inputs beside {n_out} outputs; board {board.name} has "
            f"{room} nodes: {', '.join(remedies)}, or board='auto'"
        )
    return choose_nodes(board, inputs_V, desired_V, n_out, settings.difference)
