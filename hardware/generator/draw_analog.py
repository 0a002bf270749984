"""The sheets of drivers, switches and ADCs. Positions are in steps of 1.27 mm."""

from hardware.generator.circuit import Circuit
from hardware.generator.draw import row
from hardware.generator.sheet import Sheet
from twinohm.model.networks import NETWORKS

PITCH_X, PITCH_Y = 76, 18  # of followers


def follower(sheet: Sheet, key: str, unit: int, x: float, y: float) -> None:
    """Draw an op amp whose output is on its inverting input."""
    sheet.place(key, x, y, unit=unit)
    plus, minus, out = (sheet.pin(key, f"{name}{unit}") for name in ("+", "-", "out"))
    part = sheet.parts[key][0]
    sheet.wire(plus, (x - 10, plus[1]))
    sheet.tag(part.nets[part.kind.number(f"+{unit}")], x - 10, plus[1], 180)
    sheet.wire(out, (x + 8, y), (x + 10, y))
    sheet.wire((x + 8, y), (x + 8, y + 7), (x - 8, y + 7), (x - 8, minus[1]), minus)
    sheet.junction(x + 8, y)
    sheet.tag(part.nets[part.kind.number(f"out{unit}")], x + 10, y)


def followers(sheet: Sheet, keys: list[str], x: float, y: float, columns: int) -> None:
    """Draw all amplifiers of these chips."""
    units = [(key, unit) for key in keys for unit in range(1, sheet.parts[key][0].kind.n_units)]
    for i, (key, unit) in enumerate(units):
        follower(sheet, key, unit, x + PITCH_X * (i % columns), y + PITCH_Y * (i // columns))


def supplies(sheet: Sheet, keys: list[str], x: float, y: float) -> None:
    """Draw the power units of these chips and their capacitors."""
    for i, key in enumerate(keys):
        sheet.place(key, x + 28 * i, y, unit=sheet.parts[key][0].kind.n_units)
        sheet.place(f"c_{key}", x + 28 * i + 13, y)


def keys_of(circuit: Circuit, start: str) -> list[str]:
    return [part.key for part in circuit.parts if part.key.startswith(start) and part.key[len(start) :].isdigit()]


def drive(sheet: Sheet, circuit: Circuit) -> None:
    chips = keys_of(circuit, "dac")
    sheet.frame("I2C from 3.3 V to 5 V", 10, 14, 148, 58)
    sheet.place("shifter", 40, 44)
    sheet.pin("shifter", "EN")
    vref2, enable = sheet.pin("shifter", "VREF2"), sheet.pin("shifter", "EN")
    sheet.wire(enable, (enable[0], enable[1] - 2), (vref2[0], vref2[1] - 2), vref2)
    sheet.wire((enable[0], enable[1] - 2), (enable[0] + 24, enable[1] - 2))
    sheet.junction(enable[0], enable[1] - 2)
    y = enable[1] - 2
    x = enable[0] + 14
    sheet.label("/drive/VREF2", enable[0] + 2, y)
    sheet.place("r_vref2", x, y - 5)
    sheet.wire(sheet.pin("r_vref2", "2"), (x, y))
    sheet.junction(x, y)
    sheet.place("c_vref2", x + 10, y + 5)
    sheet.wire((x + 10, y), sheet.pin("c_vref2", "1"))
    row(sheet, ["r_SCL", "r_SDA", "r_SCL_5V", "r_SDA_5V"], 98, 36, 14)
    sheet.frame("DACs: address in the order code, LDAC low: outputs follow each write", 162, 14, 158, 58)
    for i, key in enumerate(chips):
        sheet.place(key, 188 + 52 * i, 40)
        sheet.place(f"c_{key}", 176 + 52 * i, 60)
        sheet.place(f"r_ldac{i}", 206 + 52 * i, 60)
    ops = keys_of(circuit, "driver")
    rows = len(ops) * 4 // 4
    sheet.frame("A driver for every node", 10, 78, 310, 12 + PITCH_Y * rows + 26)
    followers(sheet, ops, 44, 94, 4)
    supplies(sheet, ops, 36, 94 + PITCH_Y * rows + 6)
    sheet.text(
        "Driver current: at most source_limit_mA of boards.toml;\n"
        "1 kohm in series with every pot keeps any fault below.",
        200, 94 + PITCH_Y * rows + 2,
    )  # fmt: skip
    y = 94 + PITCH_Y * rows + 28
    sheet.frame("To measure at; /LDAC of each DAC, which must fall while the chip takes a new address", 10, y, 200, 40)
    points = [part.key for part in circuit.on("/drive") if part.key.startswith("point_")]
    row(sheet, ["c_drive", *points], 24, y + 20, 24)
    if "header_ldac" in sheet.parts:
        sheet.place("header_ldac", 150, y + 20)
    sheet.name_open_pins()


def switches(sheet: Sheet, circuit: Circuit) -> None:
    sheet.frame(
        "A switch from each driver to each network: inputs close both, outputs the clamped one, hidden nodes none",
        10, 14, 310, 90,
    )  # fmt: skip
    for i, key in enumerate(keys_of(circuit, "switches")):
        sheet.place(key, 52 + 102 * i, 56)
        sheet.place(f"c_{key}", 26 + 102 * i, 84)
    sheet.frame("Nodes, to measure at", 10, 110, 160, 56)
    for i, network in enumerate(NETWORKS):
        sheet.place(f"header_{network}", 56 + 70 * i, 138)
    row(sheet, ["c_switches", "point_SWITCH_ON"], 190, 146, 20)
    sheet.frame("100 ohm to each socket, so that what is plugged there cannot hurt a switch", 10, 170, 230, 52)
    resistors = [part.key for part in circuit.on("/switches") if part.key.startswith("r_")]
    row(sheet, resistors, 22, 197, 12)
    sheet.text(
        "Power-on and SWITCH_ON low: all open. The Pico's pin has a pull-down, so a board without a\n"
        "running program drives nothing. SCL, SDA and /RESET swing to 5 V: the part wants 0.7 VDD.",
        176, 112,
    )  # fmt: skip
    sheet.name_open_pins()


def sense(sheet: Sheet, circuit: Circuit) -> None:
    buffers = keys_of(circuit, "buffer")
    dividers = [part.key.removeprefix("r_top_") for part in circuit.parts if part.key.startswith("r_top_")]
    if buffers:
        sheet.frame("A buffer on every node: bare averagers would tie the networks together", 10, 14, 310, 132)
        followers(sheet, buffers, 44, 30, 4)
        supplies(sheet, buffers, 36, 134)
        sheet.frame("ADC: 16 nodes", 10, 150, 198, 70)
        sheet.place("adc", 66, 186)
        sheet.place("reference", 140, 160)
        row(sheet, ["c_reference", "c_vref"], 130, 204, 16)
        row(sheet, ["c_adc", "c_adc2", "c_adc_io", "c_sense"], 160, 204, 12)
        row(sheet, [f"r_adc{i}" for i in range(4)], 130, 182, 18)
        sheet.place("point_VREF", 180, 160)
        x0, y0 = 212, 150
        sheet.frame("3.3 V of the Pico's ADC is 5.133 V at a node", x0, y0, 108, 44)
    else:
        x0, y0 = 10, 14
        sheet.frame("3.3 V of the Pico's ADC is 5.133 V at a node", x0, y0, 108, 48)
        sheet.frame("Nodes, to measure at", x0, 68, 108, 44)
        sheet.place("header", 64, 90)
    for i, channel in enumerate(dividers):
        _divider(sheet, channel, x0 + 22 + 50 * i, y0 + 18)
    sheet.name_open_pins()


def _divider(sheet: Sheet, channel: str, x: float, y: float) -> None:
    top, bottom, capacitor = f"r_top_{channel}", f"r_bottom_{channel}", f"c_{channel}"
    sheet.place(top, x, y, flip=True)
    sheet.place(bottom, x, y + 12, flip=True)
    sheet.place(capacitor, x + 8, y + 12)
    sheet.wire(sheet.pin(top, "2"), sheet.pin(bottom, "1"))
    sheet.wire((x, y + 6), (x + 8, y + 6), sheet.pin(capacitor, "1"))
    sheet.wire((x + 8, y + 6), (x + 10, y + 6))
    sheet.junction(x, y + 6)
    sheet.junction(x + 8, y + 6)
    part = sheet.parts[top][0]
    sheet.tag(part.nets["2"], x + 10, y + 6)
    end = sheet.pin(top, "1")
    sheet.wire(end, (x, end[1] - 2), (x + 2, end[1] - 2))
    sheet.tag(part.nets["1"], x + 2, end[1] - 2)
