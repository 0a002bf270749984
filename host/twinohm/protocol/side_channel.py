"""The side channel of a virtual board: component values, true voltages and broken limits, apart from its serial line.

The board's process writes one JSON object per line (sim/recorder.py); SideChannel reads them on the host. Any other
line is text that the process printed, for example its traceback.
"""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import IO, Any

from twinohm.errors import LinkLost
from twinohm.protocol.arrivals import Arrivals

WAIT_S = 10.0  # for lines of a board's process on a busy computer

DAC_VALUES = ("offset_V", "gain", "bow_lsb", "ess_lsb")  # as in model/dac_curve.py
AVERAGERS = ("high", "low")  # of CMP's inputs

Floats = tuple[float, ...]


@dataclass(frozen=True)
class TemperatureTruth:
    """Temperatures of a virtual board, and by which share of itself a value at tick 0 changes with each kelvin.

    At tick n the board is drift_K n / 1000 kelvin warmer than at tick 0. The offset of a DAC changes by volts.
    """

    temperature_K: float  # at tick 0, above 25 degrees
    gradient_K: float
    drift_K: float  # in 1,000 ticks
    pot_per_K: float
    dac_gain_per_K: Floats  # by node
    dac_offset_V_per_K: Floats  # by node
    adc_reference_per_K: Floats  # by ADC

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> "TemperatureTruth":
        """Read the JSON form. Raises ValueError naming the key that is missing or wrong."""
        return cls(
            temperature_K=_number(data, "temperature_K"),
            gradient_K=_number(data, "gradient_K"),
            drift_K=_number(data, "drift_K"),
            pot_per_K=_number(data, "pot_per_K"),
            dac_gain_per_K=_floats(data.get("dac_gain_per_K"), "dac_gain_per_K"),
            dac_offset_V_per_K=_floats(data.get("dac_offset_V_per_K"), "dac_offset_V_per_K"),
            adc_reference_per_K=_floats(data.get("adc_reference_per_K"), "adc_reference_per_K"),
        )


@dataclass(frozen=True)
class DiodeTruth:
    """Shockley's law and the resistance of each diode of a board, in the board's order."""

    saturation_A: tuple[Floats, Floats]  # free, clamped
    emission_V: Floats
    series_ohm: Floats

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> "DiodeTruth":
        """Read the JSON form. Raises ValueError naming the key that is missing or wrong."""
        saturation_A = _twins(data, "saturation_A")
        emission_V = _floats(data.get("emission_V"), "emission_V")
        series_ohm = _floats(data.get("series_ohm"), "series_ohm")
        if len(set(map(len, (*saturation_A, emission_V, series_ohm)))) > 1:
            raise ValueError("diodes: saturation_A, emission_V and series_ohm have different numbers of values")
        if not all(0 < value < 1 for value in (*saturation_A[0], *saturation_A[1], *emission_V)):
            raise ValueError("diodes: saturation_A or emission_V is not between 0 and 1")
        if min(series_ohm, default=0.0) < 0:
            raise ValueError(f"diodes: series_ohm = {min(series_ohm)}, below 0")
        return cls(saturation_A, emission_V, series_ohm)


NO_DIODES = DiodeTruth(((), ()), (), ())


@dataclass(frozen=True)
class GroundTruth:
    """Component values of a virtual board at tick 0, from which every voltage can be computed again.

    Pairs are (free, clamped), each with a value per edge, or per node of switches and buffers. Comparator values are in
    task volts, by "cmp" and "sgn"; all others in physical units. What versions before 0.2 did not have, and so did not
    write, has no errors: `dac` is None, the others are 0, and `switch_ohm` is one number.
    """

    pot_ohm: tuple[Floats, Floats]  # end to end
    wiper_ohm: tuple[Floats, Floats]
    series_ohm: tuple[Floats, Floats]
    switch_ohm: tuple[Floats, Floats] | float  # of closed switches; 0 on a board without switches
    comparator_offset_V: dict[str, Floats]
    comparator_noise_V: float  # rms
    comparator_bias_V: float
    dac: dict[str, Floats] | None = None  # by DAC_VALUES, a value per node
    buffer_V: tuple[Floats, Floats] | float = 0.0
    averager: dict[str, Floats] | None = None  # by AVERAGERS, a value per edge: weight above a half
    adc_reference: Floats = ()  # true over nominal, by ADC
    diodes: DiodeTruth | None = None  # None: there are none
    temperature: TemperatureTruth | None = None  # None: everything is at 25 degrees and stays there

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> "GroundTruth":
        """Read the JSON form. Raises ValueError naming the key that is missing or wrong."""
        offsets_V = _value(data, "comparator_offset_V", dict)
        return cls(
            pot_ohm=_twins(data, "pot_ohm"),
            wiper_ohm=_twins(data, "wiper_ohm"),
            series_ohm=_twins(data, "series_ohm"),
            switch_ohm=_number_or_twins(data, "switch_ohm"),
            comparator_offset_V={name: _floats(values, "comparator_offset_V") for name, values in offsets_V.items()},
            comparator_noise_V=_number(data, "comparator_noise_V"),
            comparator_bias_V=_number(data, "comparator_bias_V"),
            dac=_lists(data, "dac", DAC_VALUES),
            buffer_V=_number_or_twins(data, "buffer_V") if "buffer_V" in data else 0.0,
            averager=_lists(data, "averager", AVERAGERS),
            adc_reference=_floats(data.get("adc_reference", []), "adc_reference"),
            diodes=DiodeTruth.parse(_value(data, "diodes", dict)) if data.get("diodes") else None,
            temperature=TemperatureTruth.parse(data["temperature"]) if data.get("temperature") else None,
        )

    def record(self) -> dict[str, Any]:
        """Return the JSON form."""
        form = asdict(self)
        for name in ("diodes", "temperature"):
            if form[name] is None:
                del form[name]
        return form


@dataclass(frozen=True, slots=True)
class TrueTick:
    """True node voltages at one tick, in task volts by node, and the number of limits that were broken by then."""

    tick: int  # since the board was powered on
    free_V: Floats
    clamped_V: Floats
    violations: int


@dataclass(frozen=True)
class Violation:
    """A limit of a part's datasheet that was broken. `t_us` is board time."""

    text: str
    t_us: int


@dataclass(frozen=True)
class Ready:
    """The board has shown its prompt for the first time."""


Message = GroundTruth | TrueTick | Violation | Ready


def encode(message: Message) -> str:
    """Return the line of a message, with its newline."""
    match message:
        case TrueTick():
            data: dict[str, Any] = {
                "tick": message.tick,
                "free_V": message.free_V,
                "clamped_V": message.clamped_V,
                "violations": message.violations,
            }
        case Violation():
            data = {"violation": message.text, "t_us": message.t_us}
        case GroundTruth():
            data = {"truth": message.record()}
        case Ready():
            data = {"ready": True}
    return json.dumps(data, separators=(",", ":")) + "\n"


def decode(line: bytes) -> Message | None:
    """Return the message of a line, None if the line is other text."""
    if not line.startswith(b"{"):
        return None
    try:
        data = json.loads(line)
    except ValueError:
        return None
    if "tick" in data:
        return TrueTick(data["tick"], tuple(data["free_V"]), tuple(data["clamped_V"]), data["violations"])
    if "violation" in data:
        return Violation(data["violation"], data["t_us"])
    if "truth" in data:
        return GroundTruth.parse(data["truth"])
    return Ready() if "ready" in data else None


class SideChannel:
    """Reads the lines on a thread, so that the board never waits for the host to read them."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._arrived = Arrivals()
        self._ticks: deque[TrueTick] = deque()  # the thread appends, others take: each step is atomic
        self._truth: GroundTruth | None = None
        self._violations: list[Violation] = []
        self._violation_count = 0  # at the last tick
        self._last_printed = ""
        self._ready = False
        self._ended = False
        threading.Thread(target=self._listen, args=(stream,), daemon=True).start()

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._receive(decode(line), line)
                self._arrived.notify()
        self._ended = True
        self._arrived.notify()

    def _receive(self, message: Message | None, line: bytes) -> None:
        match message:
            case TrueTick():
                self._ticks.append(message)
                self._violation_count = message.violations
            case Violation():
                self._violations.append(message)
            case GroundTruth():
                self._truth = message
            case Ready():
                self._ready = True
            case None:
                self._last_printed = line.decode(errors="replace").rstrip() or self._last_printed

    @property
    def truth(self) -> GroundTruth:
        """Component values. Raises LinkLost if the process, which sends them first, does not send them."""
        self._arrived.wait_for(lambda: self._truth is not None or self._ended, WAIT_S)
        if self._truth is None:
            raise LinkLost("the virtual board did not send its component values: " + self.last_output())
        return self._truth

    @property
    def violations(self) -> int:
        """Broken limits so far. The process describes the first ones as they happen and counts the rest by tick."""
        return max(self._violation_count, len(self._violations))

    @property
    def violation_texts(self) -> list[str]:
        """Return the descriptions of the first violations."""
        return [violation.text for violation in self._violations]

    def wait_ready(self, timeout_s: float) -> bool | None:
        """Return True once the board has shown its prompt, False if its process has ended, None after timeout_s."""
        self._arrived.wait_for(lambda: self._ready or self._ended, timeout_s)
        return True if self._ready else False if self._ended else None

    def take(self, count: int, timeout_s: float = WAIT_S) -> list[TrueTick]:
        """Return the next `count` ticks. Raises LinkLost if they do not arrive within timeout_s."""
        self._arrived.wait_for(lambda: len(self._ticks) >= count or self._ended, timeout_s)
        if len(self._ticks) < count:
            raise LinkLost(
                f"the virtual board sent true voltages of {len(self._ticks)} of {count} ticks: {self.last_output()}"
            )
        return [self._ticks.popleft() for _ in range(count)]

    def take_available(self) -> list[TrueTick]:
        """Return all ticks that have arrived and were not taken."""
        return [self._ticks.popleft() for _ in range(len(self._ticks))]

    def discard(self) -> None:
        """Drop the ticks that have arrived and were not taken, for example those made at the REPL."""
        self._ticks.clear()

    def last_output(self) -> str:
        """Return the last line that the process printed; the end of its traceback if it failed."""
        return self._last_printed or "its process printed nothing"


# -- parts of the parser -------------------------------------------------------------------------------------------


def _value(data: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    if key not in data:
        raise ValueError(f"{key} is missing")
    if not isinstance(value := data[key], kind):
        raise ValueError(f"{key} = {value!r} is not of type {kind.__name__}")
    return value


def _number(data: Mapping[str, Any], key: str) -> float:
    if isinstance(value := data.get(key), bool) or not isinstance(value, int | float):
        raise ValueError(f"{key} = {value!r} is not a number")
    return value


def _floats(values: Any, key: str) -> Floats:
    if not isinstance(values, list) or not all(isinstance(value, int | float) for value in values):
        raise ValueError(f"{key} is not a list of numbers")
    return tuple(values)


def _twins(data: Mapping[str, Any], key: str) -> tuple[Floats, Floats]:
    twins = _value(data, key, list)
    if len(twins) != 2:
        raise ValueError(f"{key} has {len(twins)} lists; it needs one for each of the two networks")
    return _floats(twins[0], key), _floats(twins[1], key)


def _number_or_twins(data: Mapping[str, Any], key: str) -> tuple[Floats, Floats] | float:
    return _twins(data, key) if isinstance(data.get(key), list) else _number(data, key)


def _lists(data: Mapping[str, Any], key: str, names: tuple[str, ...]) -> dict[str, Floats] | None:
    if data.get(key) is None:
        return None
    lists = _value(data, key, dict)
    if set(lists) != set(names):
        raise ValueError(f"{key} has {', '.join(lists) or 'nothing'}; it needs {', '.join(names)}")
    return {name: _floats(lists[name], key) for name in names}
