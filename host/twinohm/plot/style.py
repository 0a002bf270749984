"""Colours, fonts and number formats that all figures share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twinohm.runlog.score_text import orders_text

# Okabe and Ito's colours, which colour-blind eyes can tell apart, strongest first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK, QUIET, FAINT = "#1a1a1a", "#6b6b6b", "#c9c9c9"
STYLE: Any = {  # its type differs between releases of matplotlib
    "font.size": 12,
    "text.parse_math": False,  # a name may have dollar signs
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.solid_capstyle": "round",
}


@contextmanager
def our_style() -> Iterator[None]:
    """Draw in the style of all figures, whatever settings of matplotlib the user has."""
    from matplotlib import rc_context, rcdefaults, rcParams

    with rc_context():
        rcdefaults()
        rcParams.update(STYLE)
        yield


def count(number: float) -> str:
    """Return 1234 as "1 234", with a thin space."""
    return f"{int(number):,}".replace(",", "\u2009")


def rms(mean_square_V2: float, step_V: float) -> str:
    """Return the root of a mean squared error as text, with two or three figures; "< 1.6 mV" below `step_V`."""
    volt, less = max((mean_square_V2**0.5, ""), (step_V, "< "))
    size, unit = (1.0, "V") if volt >= 1 else (1e-3, "mV")
    return f"{less}{volt / size:.{0 if volt >= 10 * size else 1}f} {unit}"


def orders(first_V2: float, mean_square_V2: float, step_V: float) -> str:
    """Return orders of magnitude as text with one decimal."""
    return f"{orders_text(first_V2, mean_square_V2, step_V, 1)} orders".replace("-", "\u2212")


def volts(volt: float) -> str:
    """Return a voltage in V as text, to 10 mV."""
    return f"{round(volt, 2) + 0.0:.2f} V".replace("-", "\u2212")


def percent(share: float) -> str:
    """Return 0.95 as "95 %" and 0.958 as "95.8 %"."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"
