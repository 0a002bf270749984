"""The sheets of supply, drivers and nodes of a board whose parts have leads. Positions are in steps of 1.27 mm."""

from hardware.generator.circuit import Circuit
from hardware.generator.draw import lamp, row
from hardware.generator.draw_analog import PITCH_Y, followers, keys_of, supplies
from hardware.generator.sheet import Sheet


def power(sheet: Sheet, circuit: Circuit) -> None:
    sheet.frame("5 V: the USB of the Pico (its pin VBUS)", 10, 14, 140, 40)
    row(sheet, ["c_5v", "c_5v_fast", "c_edges_5v"], 24, 34, 16)
    sheet.wire((94, 30), (94, 36))
    sheet.power("PWR_FLAG", 94, 30)
    sheet.power("GND", 94, 36)
    lamp(sheet, 60)
    sheet.frame("To measure at", 78, 60, 110, 28)
    row(sheet, [part.key for part in circuit.on("/power") if part.key.startswith("point_")], 92, 74, 22)
    sheet.text(
        "Comparators at 5 V compare up to V+ - 2 V over temperature; nodes stay below 2.4 V.\n"
        "The DAC runs from 3.3 V, so that I2C needs no level shifter.",
        78, 96,
    )  # fmt: skip
    sheet.name_open_pins()


def drive(sheet: Sheet, circuit: Circuit) -> None:
    sheet.frame("Board with the DAC, at 3.3 V. LDAC low: outputs follow each write", 10, 14, 148, 58)
    sheet.place("dac_bus", 44, 44)
    sheet.place("dac_outputs", 96, 44)
    sheet.place("c_dac", 132, 44)
    sheet.frame("I2C", 162, 14, 60, 58)
    row(sheet, ["r_SCL", "r_SDA"], 180, 44, 20)
    chips = keys_of(circuit, "driver")
    sheet.frame("A driver for every node; buffers for the nodes without one", 10, 78, 310, 34 + PITCH_Y * len(chips))
    followers(sheet, chips, 44, 94, 4)
    supplies(sheet, chips, 36, 94 + PITCH_Y * len(chips) + 6)
    points = [part.key for part in circuit.on("/drive") if part.key.startswith("point_")]
    row(sheet, points, 240, 44, 20)
    sheet.name_open_pins()


def sense(sheet: Sheet, circuit: Circuit) -> None:
    sheet.frame("To the Pico's ADC: nodes stay below 3.3 V; 1 kohm keeps its pins safe", 10, 14, 180, 50)
    channels = [part.key.removeprefix("r_") for part in circuit.on("/sense") if part.key.startswith("r_")]
    for i, channel in enumerate(channels):
        sheet.place(f"r_{channel}", 30 + 56 * i, 36)
        sheet.place(f"c_{channel}", 48 + 56 * i, 36)
    sheet.frame("Nodes, to measure at", 10, 70, 108, 50)
    sheet.place("header", 64, 94)
    sheet.name_open_pins()
