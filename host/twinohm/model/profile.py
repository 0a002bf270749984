"""Named imperfections of a virtual board. Quantisation is not one of them: it is always on."""

import dataclasses
from dataclasses import dataclass

from twinohm.errors import UsageError
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.number_text import parse_number
from twinohm.model.temperature import MOST_K, drifted_K
from twinohm.model.unused_settings import refuse_unused

MOST = {  # of numbers, beyond which the model means nothing
    "edge_spread": 0.99,  # the whole of a resistance is 1
    "twin_sd": 0.2,  # above, some twin of a large ensemble would be below 0 ohm
    "averager_sd": 0.2,
    "adc_faults": 1.0,  # the part's errors; no part that is sold has more
    "dac_faults": 1.0,
    "switch_spread_ohm": 1e4,
    **dict.fromkeys(("wiper_low_ohm", "wiper_high_ohm"), 1e5),
    **dict.fromkeys(("diode_spread", "diode_twin"), 3.0),  # of ten diodes one would differ by a factor of 100
    **dict.fromkeys(("offset_sd_V", "noise_V", "bias_V", "buffer_sd_V"), float(TASK_SPAN_V)),
}


@dataclass(frozen=True)
class Profile:
    """Imperfections of a board. Voltages are task volts; *_sd is normal, spreads and low..high are uniform."""

    edge_spread: float = 0.0  # end-to-end resistance of an edge, +- (AD5220: 30 %)
    twin_sd: float = 0.0  # relative difference between the twins of an edge
    wiper_low_ohm: float = 40.0
    wiper_high_ohm: float = 40.0  # AD5220: 40 typ, 100 max
    offset_sd_V: float = 0.0  # each comparator's, at its input
    noise_V: float = 0.0  # rms at each comparator's input, new at every reading
    bias_V: float = 0.0  # at CMP's input, towards up: a resistor from the output of SGN (the paper biases its drift)
    adc_faults: float = 0.0  # 1: errors of reference, gain, INL and DNL of the part (model/adc_curve.py)
    dac_faults: float = 0.0  # 1: errors of reference, gain, offset and INL of the part (model/dac_curve.py)
    switch_spread_ohm: float = 0.0  # a closed switch has up to this more than on_ohm
    buffer_sd_V: float = 0.0  # offset of each node's buffer, which feeds ADC and averagers
    averager_sd: float = 0.0  # relative, of each resistor of the averagers before CMP
    diode_spread: float = 0.0  # sd of the logarithm of a diode's saturation current; no data sheet says it: assumed
    diode_twin: float = 0.0  # and of that of each of two diodes of a bag, so assumed too
    temperature_K: float = 0.0  # by which the board is warmer than 25 degrees Celsius at tick 0
    gradient_K: float = 0.0  # from the first edge's pots to the last one's; the mean over the edges is temperature_K
    drift_K: float = 0.0  # by which the board warms in 1,000 ticks; virtual boards alone

    def __post_init__(self) -> None:
        """Raise UsageError for numbers beyond MOST, or a range that ends below its beginning."""
        for name, most in MOST.items():
            if (value := getattr(self, name)) > most:
                raise UsageError(f"{name} = {value:g}: at most {most:g}")
        if self.wiper_low_ohm > self.wiper_high_ohm:
            raise UsageError(f"wiper_low_ohm = {self.wiper_low_ohm}: more than wiper_high_ohm = {self.wiper_high_ohm}")
        self.require_specified(0)

    @property
    def is_warm(self) -> bool:
        """Whether a part of the board is, or gets, another temperature than 25 degrees."""
        return bool(self.temperature_K or self.gradient_K or self.drift_K)

    def require_specified(self, ticks: int) -> None:
        """Raise UsageError if the board gets warmer in so many ticks than its parts are specified for."""
        hottest_K = self.temperature_K + self.gradient_K / 2 + drifted_K(self.drift_K, ticks)
        if hottest_K > MOST_K:
            given = {name: getattr(self, name) for name in TEMPERATURES if getattr(self, name)}
            settings = ", ".join(f"{name} = {value:g}" for name, value in given.items())
            after = f" after {ticks} ticks" if self.drift_K else ""
            raise UsageError(
                f"{settings}: a part is {hottest_K:g} K above 25 degrees{after}, and parts are specified to "
                f"{MOST_K:g} K; lower {'them' if len(given) > 1 else 'it'}"
            )

    def refuse_drift(self) -> None:
        """Raise UsageError if the board warms from tick to tick, which the boards of an ensemble do not."""
        refuse_unused({"drift_K": self.drift_K or None}, NOT_IN_ENSEMBLES)


NOT_IN_ENSEMBLES = {"drift_K": "the ensemble engine has no clock; a run of engine firmware warms its board"}
TEMPERATURES = ("temperature_K", "gradient_K", "drift_K")
# These are no part of a board's id: it is the same board when it is warmer, or has other diodes in its sockets.
PASSING = (*TEMPERATURES, "diode_spread", "diode_twin")
LAB = Profile(
    edge_spread=0.3,
    twin_sd=0.01,
    wiper_high_ohm=100.0,
    offset_sd_V=0.00135,  # 1 mV physical on lab16, LM393A typical
    noise_V=0.005,
    adc_faults=1.0,
    dac_faults=1.0,
    switch_spread_ohm=2.0,
    buffer_sd_V=0.0004,
    averager_sd=0.0006,
    diode_spread=0.3,
    diode_twin=0.1,
)
PROFILES = {"ideal": Profile(), "lab": LAB, "quiet": dataclasses.replace(LAB, noise_V=0.0005)}


def profile_from(name: str, changes: dict[str, str]) -> Profile:
    """Return a named profile with single numbers changed. Raises UsageError for an unknown name or a bad number."""
    if name not in PROFILES:
        raise UsageError(f"profile = {name!r}: no such profile; use {', '.join(PROFILES)}")
    values = {}
    known = [number.name for number in dataclasses.fields(Profile)]
    for key, text in changes.items():
        if key not in known:
            raise UsageError(f"no setting {key!r}; use {', '.join(known)}")
        try:
            values[key] = parse_number(text)
        except ValueError as error:
            raise UsageError(f"{key} = {text!r}: {error}") from None
        if values[key] < 0:
            raise UsageError(f"{key} = {text!r}: must be 0 or more")
    return dataclasses.replace(PROFILES[name], **values)
