"""The tables of a board in boards.toml, each checked by itself. board_checks.py checks what concerns several."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from twinohm.model.dac_curve import CHANNELS
from twinohm.model.diodes import Diode
from twinohm.model.i2c_places import places_of
from twinohm.model.networks import NOT_A_CHANNEL, parse_channel
from twinohm.model.pins import Pin
from twinohm.model.pot_parts import DEFAULT_POT, POT_PARTS, PotPart

Taps = TypeVar("Taps", float, NDArray[np.floating])


def _line(value: object) -> Pin | int:
    if isinstance(value, str):
        return Pin.parse(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError('neither a pin nor a chain bit; write a pin such as "GP4" or a number from 0')


MOST_LETTERS = 40  # of a name of a board: files and folders of the host and of the Pico are named after it


MOST_NODE_LETTERS = 20  # of a name of a node: HELLO lists all nodes in one reply
AUTO = "auto"  # in place of a board's name: allotment.auto_board()


def is_auto(name: str) -> bool:
    """Return whether a name is kept for boards without pins: "auto", or "auto_6_3" with inputs and outputs."""
    return re.fullmatch(rf"{AUTO}(_\d+_\d+)?", name, re.ASCII) is not None


def is_name(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text) is not None


def _name(value: object) -> str:
    if isinstance(value, str) and is_name(value):
        return value
    raise ValueError("not a name; start with a letter, go on with letters, digits or _")


def is_node(text: str) -> bool:
    """Return whether a text can be the name of a node."""
    return is_name(text) and len(text) <= MOST_NODE_LETTERS


def _node(value: object) -> str:
    name = _name(value)
    if len(name) > MOST_NODE_LETTERS:
        raise ValueError(f"a name of {len(name)} letters; a node has {MOST_NODE_LETTERS} at most")
    return name


def _edge(value: object) -> str:
    if isinstance(value, str) and value.count("-") == 1 and all(map(is_name, value.split("-"))):
        return value
    raise ValueError('not an edge; join two nodes by a hyphen, for example "A-B"')


def _pot_part(value: object) -> str:
    if isinstance(value, str) and value in POT_PARTS:
        return value
    known = " or ".join(f'"{name}"' for name in POT_PARTS)
    raise ValueError(f"not known here; use {known}")


def _adc_channel(value: object) -> str:
    if isinstance(value, str) and value.count(".") == 1:
        if is_name(parse_channel(value)[0]):
            return value
    raise ValueError(NOT_A_CHANNEL)


DiodeText = Annotated[Diode, PlainValidator(Diode.parse), PlainSerializer(str)]
AnyPin = Annotated[Pin, PlainValidator(Pin.parse)]
AdcPin = Annotated[Pin, PlainValidator(Pin.parse_adc)]
Line = Annotated[Pin | int, PlainValidator(_line)]  # a pin, or a bit of a shift register chain
Lines = tuple[Line, ...]
Name = Annotated[str, PlainValidator(_name)]
NodeName = Annotated[str, PlainValidator(_node)]
Edge = Annotated[str, PlainValidator(_edge)]
PotName = Annotated[str, PlainValidator(_pot_part)]
AdcChannel = Annotated[str, PlainValidator(_adc_channel)]
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
SHIFT_CHIPS = 32  # of a chain
MOST_OHM = 1e9  # no part that a network could be built of has more
Flag = Annotated[bool, Field(strict=True)]


class Table(BaseModel):
    """Descriptions of fields go into the error about a missing key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values of some fields; what was computed from the fields is computed anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class Pots(Table):
    """Digital potentiometers, one in each network per edge."""

    part: PotName = Field(DEFAULT_POT, description="part number of the potentiometers")
    ohm: Number = Field(gt=0, le=MOST_OHM, description="resistance from end to end")
    tolerance: Number = Field(0.3, ge=0, lt=1, description="largest relative error of ohm (AD5220: 0.3)")
    wiper_ohm: Number = Field(gt=0, le=MOST_OHM, description="resistance of the wiper")
    series_ohm: Number = Field(ge=0, le=MOST_OHM, description="resistor in series with each pot")
    wiper_pF: Number = Field(105, ge=0, description="capacitance at the wiper's node, A open (AD5220: 60 + 45)")
    end_pF: Number = Field(45, ge=0, description="capacitance at the other node (AD5220: 45)")
    min_tap: Whole = Field(ge=0, description="smallest tap that learning may reach")
    start_tap: Whole = Field(ge=0, description="tap at which a run starts")
    pulse_us: Whole = Field(gt=0, le=1000, description="shortest time between changes of CLK, U/D and /CS, in us")
    clk: AnyPin = Field(description="pin whose edge steps every selected pot")
    updown: Lines | None = Field(None, min_length=1, description="U/D of each edge: pins or bits of shift_out")
    cs: Lines = Field((), description="/CS of each edge: pins or bits of shift_out; none: no edge can be held")

    @property
    def chip(self) -> PotPart:
        """Facts about the part."""
        return POT_PARTS[self.part]

    @property
    def top_tap(self) -> int:
        """The highest tap."""
        return self.chip.top_tap

    def edge_ohm(self, taps: Taps, scale: float = 1.0) -> Taps:
        """Return the nominal resistance of an edge in ohm at `taps`; `scale` multiplies the pot's end-to-end value."""
        return taps * self.chip.per_tap_ohm(self.ohm * scale) + (self.wiper_ohm + self.series_ohm)


class Comparators(Table):
    """CMP and SGN of every edge (paper, eq. 6), read by the microcontroller."""

    part: str = Field(description="part number of the comparators")
    cmp: Lines = Field(min_length=1, description="CMP of each edge: pins or bits of shift_in")
    sgn: Lines = Field(min_length=1, description="SGN of each edge: pins or bits of shift_in")


class FlipFlops(Table):
    """XOR and D flip-flop on every edge, the paper's own arrangement."""

    part: str = Field(description="part numbers of XOR and flip-flop")
    latch: AnyPin = Field(description="pin whose rising edge stores every direction")
    preset: AnyPin = Field(description="pin that sets every direction up while low")
    clear: AnyPin = Field(description="pin that sets every direction down while low")
    readback: Lines | None = Field(None, min_length=1, description="direction of each edge: pins or bits of shift_in")


class ShiftIn(Table):
    """Chain of input shift registers."""

    part: Literal["74HC165"] = Field(description="part number of the input registers")
    chips: Whole = Field(gt=0, le=SHIFT_CHIPS, description="number of chips in the chain")
    load: AnyPin = Field(description="pin of SH/LD")
    clock: AnyPin = Field(description="pin of CLK")
    data: AnyPin = Field(description="pin that QH of the last chip is on")


class ShiftOut(Table):
    """Chain of output shift registers."""

    part: Literal["74HC595"] = Field(description="part number of the output registers")
    chips: Whole = Field(gt=0, le=SHIFT_CHIPS, description="number of chips in the chain")
    clock: AnyPin = Field(description="pin of SRCLK")
    data: AnyPin = Field(description="pin of SER of the first chip")
    latch: AnyPin = Field(description="pin of RCLK")
    enable: AnyPin = Field(description="pin of /OE")


class I2CMux(Table):
    """Multiplexer on the I2C bus: parts behind different channels may have one address."""

    part: Literal["TCA9548A"] = Field(description="part number of the multiplexer")
    address: Whole = Field(description="I2C address")


class I2C(Table):
    """The bus of DAC and switches."""

    sda: AnyPin = Field(description="pin of the data line")
    scl: AnyPin = Field(description="pin of the clock line")
    hz: Whole = Field(gt=0, le=1_000_000, description="clock frequency")
    mux: I2CMux | None = Field(None, description="multiplexer for more chips than a bus has addresses")


class Dac(Table):
    """One driver per node; channels count on from chip to chip."""

    part: Literal["MCP4728"] = Field(description="part number of the DAC")
    addresses: tuple[Whole, ...] = Field(min_length=1, description="I2C address of each chip")
    behind: tuple[Whole, ...] = Field((), description="channel of i2c.mux that each chip is behind")
    channels: tuple[str, ...] = Field(description='node that each channel drives, "" where it drives none')
    full_scale_V: Number = Field(gt=0, description="voltage of 4096 steps")
    ldac: AnyPin | None = Field(None, description="pin that lowers /LDAC of one chip while it takes a new address")

    @property
    def places(self) -> tuple[int, ...]:
        """Place of each chip (model/i2c_places.py)."""
        return places_of(self.addresses, self.behind)

    def nodes_of(self, place: int) -> tuple[str, ...]:
        """Return the node of each channel of the chip at a place, "" where it drives none."""
        first = CHANNELS * self.places.index(place)
        return self.channels[first : first + CHANNELS]

    def output_of(self, node: str) -> tuple[int, int]:
        """Return the place of the chip that drives a node, and the number of its channel there."""
        chip, channel = divmod(self.channels.index(node), CHANNELS)
        return self.places[chip], channel


class Switches(Table):
    """Analog switches between drivers and nodes; switches count on from chip to chip."""

    part: Literal["ADG715"] = Field(description="part number of the switches")
    addresses: tuple[Whole, ...] = Field(min_length=1, description="I2C address of each chip")
    behind: tuple[Whole, ...] = Field((), description="channel of i2c.mux that each chip is behind")
    reset: AnyPin = Field(description="pin of /RESET, which opens all switches")
    on_ohm: Number = Field(gt=0, le=MOST_OHM, description="resistance of a closed switch")
    free: tuple[Whole, ...] = Field(description="switch of each node in the free network")
    clamped: tuple[Whole, ...] = Field(description="switch of each node in the clamped network")

    @property
    def places(self) -> tuple[int, ...]:
        """Place of each chip (model/i2c_places.py)."""
        return places_of(self.addresses, self.behind)


class SpiAdc(Table):
    """ADC on SPI: 16 channels of 12 bits."""

    part: Literal["ADS7953", "AD7490"] = Field(description="part number of the ADC")
    sck: AnyPin = Field(description="pin of the SPI clock")
    mosi: AnyPin = Field(description="pin to SDI (AD7490: DIN)")
    miso: AnyPin = Field(description="pin from SDO (AD7490: DOUT)")
    cs: AnyPin = Field(description="pin of /CS")
    hz: Whole = Field(gt=0, le=20_000_000, description="clock frequency")
    channels: tuple[AdcChannel, ...] = Field(min_length=1, max_length=16, description="what each channel measures")
    full_scale_V: Number = Field(gt=0, description="voltage of 4096 counts, at the node")


class Mux(Table):
    """Analog multiplexer in front of one ADC pin."""

    part: Literal["CD74HCT4067"] = Field(description="part number of the multiplexer")
    select: tuple[AnyPin, ...] = Field(min_length=4, max_length=4, description="pins of S0..S3")


class RP2040(Table):
    """The microcontroller's own ADC."""

    part: Literal["RP2040"] = Field(description="the chip whose ADC it is")
    pins: tuple[AdcPin, ...] = Field(min_length=1, max_length=3, description="ADC pin of each channel")
    channels: tuple[AdcChannel, ...] = Field(min_length=1, max_length=16, description="what each channel measures")
    full_scale_V: Number = Field(gt=0, description="voltage of 4096 counts, at the node")
    mux: Mux | None = Field(None, description="multiplexer that puts up to 16 channels on one pin")


Adc = Annotated[SpiAdc | RP2040, Field(discriminator="part")]
