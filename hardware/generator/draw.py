"""The sheets of supply and controller. Positions are in steps of 1.27 mm."""

from hardware.generator.circuit import Circuit
from hardware.generator.sheet import Sheet


def row(sheet: Sheet, keys: list[str], x: float, y: float, pitch: float = 14) -> None:
    """Place two-ended parts upright, side by side."""
    for i, key in enumerate(keys):
        sheet.place(key, x + pitch * i, y)


def lamp(sheet: Sheet, y: float) -> None:
    """Draw the lamp that shows 5 V in a frame from y downwards."""
    sheet.frame("5 V lamp", 10, y, 60, 50)
    sheet.place("r_led", 30, y + 20)
    sheet.place("led", 27, y + 30)
    sheet.wire(sheet.pin("r_led", "2"), sheet.pin("led", "A"))
    sheet.label("/power/LED", 30, y + 27)
    cathode = sheet.pin("led", "K")
    sheet.wire(cathode, (cathode[0] - 4, cathode[1]), (cathode[0] - 4, cathode[1] + 4))
    sheet.power("GND", cathode[0] - 4, cathode[1] + 4)


def power(sheet: Sheet, circuit: Circuit) -> None:
    sheet.frame("Supply: 9 to 12 V in, 5 V out; USB alone also powers the logic", 10, 14, 212, 74)
    y = 40.0
    sheet.place("jack", 24, y + 2)
    plus, ground = sheet.pin("jack", "+"), sheet.pin("jack", "GND")
    y = plus[1]
    sheet.place("fuse", 52, y, 90)
    sheet.place("polarity", 74, y, 180)
    sheet.place("regulator", 116, y + 2)
    sheet.place("c_9v", 86, y + 12)
    sheet.place("c_9v_fast", 98, y + 12)
    sheet.place("c_5v", 138, y + 12)
    sheet.place("c_5v_fast", 150, y + 12)
    sheet.place("to_pico", 176, y, 180)
    sheet.place("c_vsys", 188, y + 12)
    sheet.place("from_usb", 176, y + 30, 180)
    regulator_in, regulator_out = sheet.pin("regulator", "IN"), sheet.pin("regulator", "OUT")
    sheet.wire(plus, sheet.pin("fuse", "1"))
    sheet.label("/power/JACK", plus[0] + 4, y)
    sheet.wire(sheet.pin("fuse", "2"), sheet.pin("polarity", "A"))
    sheet.label("/power/FUSED", 57, y)
    sheet.wire(sheet.pin("polarity", "K"), (98, y), regulator_in)
    sheet.wire(regulator_out, (150, y), sheet.pin("to_pico", "A"))
    sheet.wire(sheet.pin("to_pico", "K"), (188, y), (196, y))
    sheet.label("VSYS", 196, y)
    for key, x in (("c_9v", 86), ("c_9v_fast", 98), ("c_5v", 138), ("c_5v_fast", 150), ("c_vsys", 188)):
        sheet.wire((x, y), sheet.pin(key, "1"))
        sheet.junction(x, y)
    for name, x in (("+9V", 92), ("PWR_FLAG", 104), ("+5V", 158)):
        sheet.wire((x, y), (x, y - 6))
        sheet.junction(x, y)
        sheet.power(name, x, y - 6)
    sheet.wire((182, y), (182, y - 6))
    sheet.junction(182, y)
    sheet.power("PWR_FLAG", 182, y - 6)
    sheet.wire(ground, (ground[0] + 8, ground[1]), (ground[0] + 8, ground[1] + 6))
    sheet.power("GND", ground[0] + 8, ground[1] + 6)
    sheet.wire((ground[0] + 8, ground[1]), (ground[0] + 12, ground[1]))
    sheet.junction(ground[0] + 8, ground[1])
    sheet.power("PWR_FLAG", ground[0] + 12, ground[1])
    sheet.place("surge", 63, y + 10, 270)
    sheet.wire((63, y), sheet.pin("surge", "K"))
    sheet.junction(63, y)
    sheet.place("discharge", 116, y - 14)
    for pin, x in (("K", 108), ("A", 130)):
        sheet.wire(sheet.pin("discharge", pin), (x, y - 14), (x, y))
        sheet.junction(x, y)
    usb = sheet.pin("from_usb", "A")
    sheet.wire(usb, (166, usb[1]))
    sheet.label("VBUS", 166, usb[1], 180)
    usb = sheet.pin("from_usb", "K")
    sheet.wire(usb, (186, usb[1]), (186, usb[1] - 4))
    sheet.power("+5V", 186, usb[1] - 4)
    lamp(sheet, 94)
    sheet.text(
        "The comparators run from 9 V: they compare up to V+ - 1.5 V, and nodes reach 3.9 V.\n"
        "On USB alone they stand still and their outputs are high.\n"
        "7805: 2 V more than 5 V at its input; a heat sink from 12 V on.",
        24, 74,
    )  # fmt: skip
    sheet.frame("Between the edges, and to measure at", 78, 94, 144, 34)
    points = [part.key for part in circuit.on("/power") if part.key.startswith("point_")]
    row(sheet, ["c_edges_9v", "c_edges_5v", *points], 92, 110, 18)
    sheet.name_open_pins()


def controller(sheet: Sheet, circuit: Circuit) -> None:
    sheet.frame("Raspberry Pi Pico", 10, 14, 212, 66)
    sheet.place("pico", 108, 46)
    switches = ", all switches open" if any(circuit.on("/switches")) else ""
    sheet.frame(f"Safe while the Pico's pins float: no pot selected, clock low{switches}", 10, 84, 212, 46)
    pulls = [part.key for part in circuit.on("/controller") if part.key.startswith("pull_")]
    row(sheet, pulls, 24, 104, 20)
    sheet.frame("3.3 V of the Pico, and to measure at", 10, 132, 130, 28)
    points = [part.key for part in circuit.on("/controller") if part.key.startswith("point_")]
    row(sheet, ["c_3v3", "c_3v3_fast", *points], 24, 146, 22)
    if "r_clk" in sheet.parts:
        sheet.place("r_clk", 160, 104, 90)
    sheet.name_open_pins()
