"""lab16 with a CD74HCT4067 before one pin of the Pico instead of the ADS7953: the wiring decides, no code changes."""

from pathlib import Path

import twinohm
from twinohm.paths import boards_file
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task

MUX = """\
[[muxed.adc]]
part = "RP2040"
pins = ["GP26"]
mux = { part = "CD74HCT4067", select = ["GP6", "GP7", "GP8", "GP9"] }
channels ="""


def muxed_board(tmp_path: Path) -> Path:
    text = boards_file().read_text()
    text = (
        text[text.index("[lab16]") : text.index("[edge16]")]
        .replace("lab16", "muxed")
        .replace('"ADS7953"', '"RP2040"', 1)
    )
    start = text.index("[[muxed.adc]]")
    end = text.index("channels =", start) + len("channels =")
    rest = text[end:].replace("full_scale_V = 5.0 # 2 x 2.5 V reference", "full_scale_V = 5.133", 1)
    text = text[:start] + MUX + rest
    text = text.replace('GP13 = "up", ', "").replace("GP26", "GP10")  # /LDAC takes another pin
    text = text.replace('pins = ["GP10"]', 'pins = ["GP26"]')
    path = tmp_path / "boards.toml"
    path.write_text(text)
    return path


def test_it_trains(tmp_path: Path) -> None:
    boards = muxed_board(tmp_path)
    plan = plan_run(find_task("allostery"), "muxed", placement="B,D,I,F,G,H", boards=boards)
    summary = run(plan, tmp_path).summary()
    assert summary.violations == 0 and summary.true_orders_best > 3.5


def test_every_channel_sees_its_own_node(tmp_path: Path) -> None:
    boards = muxed_board(tmp_path)
    with twinohm.open(f"sim://muxed?profile=ideal&boards={boards}", boards) as client:
        inputs = {name: 0.5 * (i + 1) for i, name in enumerate("ABCDEFGH")}
        client.apply(inputs)
        free, clamped = client.measure()
    for name, volts in inputs.items():
        assert abs(free[name] - volts) < 0.02 and abs(clamped.get(name, volts) - volts) < 0.02
