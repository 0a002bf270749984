"""Named imperfections of a virtual board. Quantisation is not one of them: it is always on."""

import dataclasses
from dataclasses import dataclass

from twinohm.errors import UsageError
from twinohm.model.number_text import parse_number

MOST_TWIN_SD = 0.2  # above, some twin of a large ensemble would be below 0 ohm


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

    def __post_init__(self) -> None:
        """Raise UsageError for numbers that could give a resistance of 0 ohm or less."""
        if self.edge_spread >= 1:
            raise UsageError(f"edge_spread = {self.edge_spread}: less than 1, the whole of a resistance")
        if self.twin_sd > MOST_TWIN_SD:
            raise UsageError(f"twin_sd = {self.twin_sd}: at most {MOST_TWIN_SD}")
        if self.wiper_low_ohm > self.wiper_high_ohm:
            raise UsageError(f"wiper_low_ohm = {self.wiper_low_ohm}: more than wiper_high_ohm = {self.wiper_high_ohm}")


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
