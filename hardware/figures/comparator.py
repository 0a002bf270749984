"""The response time of CMP by overdrive, from the moment when the clamped node passes the tie."""

from hardware.figures.deck import Deck, crossed
from twinohm.model.board_file import load_board

OVERDRIVES_mV = (1, 2, 5, 10, 20, 100)
LOGIC_V = 1.65  # half of 3.3 V
STEP_US = 5.0


def decision_us(overdrive_mV: float, rising: bool) -> float:
    """Return the response time of CMP of edge TOP-MID of the divider, in us.

    MID of the clamped network steps from 100 mV (at the inputs of CMP, which see half of a node's change) on one side
    of the tie to `overdrive_mV` on the other; `rising` is the direction of the node.
    """
    deck = Deck(load_board("divider"))
    deck.dac({"TOP": 4.0, "BOT": 0.2})
    tie = deck.operating_point(["MID.free.sense"])["MID.free.sense"]
    sign = 1 if rising else -1
    before, after = tie - sign * 0.2, tie + sign * 2e-3 * overdrive_mV
    wave = f"PWL(0 {before} {STEP_US}u {before} {STEP_US + 0.05}u {after})"
    deck.change(r"^(Vdac_MID \S+ 0) .*", lambda found: f"{found[1]} {wave}")
    time, volts = deck.transient(["MID.clamped", "MID.free.sense", "CMP.TOP-MID"], "10n", "25u")
    passed = crossed(time, volts["MID.clamped"] - volts["MID.free.sense"], 0.0)
    return 1e6 * (crossed(time, volts["CMP.TOP-MID"], LOGIC_V) - passed)


def report() -> list[str]:
    """Return one line for each overdrive."""
    lines = []
    for overdrive in OVERDRIVES_mV:
        falls, rises = (decision_us(overdrive, rising) for rising in (True, False))
        lines.append(f"overdrive {overdrive} mV: CMP falls after {falls:.2f} us, rises after {rises:.2f} us")
    return lines
