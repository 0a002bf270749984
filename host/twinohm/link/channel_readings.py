"""What the ADC channels of a board read while no current flows, so that every node has the voltage of its driver."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinohm.link.board_client import BoardClient
from twinohm.model.calibration import Calibration
from twinohm.model.networks import channel_name, parse_channel

Array = NDArray[np.floating]

CHECK_LEVELS_V = (0.5, 1.5, 2.5, 3.5, 4.5)
REPEATS = 3  # readings of each channel at each level
TOLERANCE = 1.5  # a calibration fits if it leaves no more than so many times the rms that it left when it was made


def read_channels(client: BoardClient, levels_V: Sequence[float]) -> tuple[Array, dict[str, Array]]:
    """Return the task volts (levels,) that the DACs were asked for, and what each channel read (levels,), by channel.

    levels_V: task volts. Each node is driven alone, by its own DAC, so no current flows and no two DACs are compared;
    on a board without switches all are driven together. Channels of nodes without a DAC are left out. The corrections
    that the board has stay. It is safe afterwards, and no node has a role.
    """
    board = client.board
    driven = [name for name in board.nodes if name in board.dac.channels]
    read: dict[str, Array] = {}
    for inputs in [[name] for name in driven] if board.switches else [list(board.wired_free)]:
        client.place(inputs, [])
        rows = []
        for level_V in levels_V:
            client.apply(dict.fromkeys(inputs, float(level_V)))
            sweeps = [_by_channel(client.measure()) for _ in range(REPEATS)]
            rows.append({name: np.mean([sweep[name] for sweep in sweeps]) for name in sweeps[0]})
        nodes = inputs if board.switches else board.nodes
        read |= {name: np.array([row[name] for row in rows]) for name in rows[0] if parse_channel(name)[0] in nodes}
    client.safe()
    return np.array([board.dac_volts(float(level_V)) for level_V in levels_V]), read


def _by_channel(sweep: tuple[dict[str, float], dict[str, float]]) -> dict[str, float]:
    """Return the voltages of BoardClient.measure() by channel name."""
    return {channel_name(node, network): volts for network, part in enumerate(sweep) for node, volts in part.items()}


def measured_misfit(client: BoardClient, calibration: Calibration) -> str | None:
    """Correct the board, and return why its channels say that the calibration is another board's, None if it fits.

    A Pico keeps its id when it is moved to another board; only a measurement tells. No pot moves.
    """
    client.correct(calibration.adc, calibration.dac)
    driven_V, read = read_channels(client, CHECK_LEVELS_V)
    rms_V = float(np.sqrt(np.mean([np.square(read_V - driven_V) for read_V in read.values()])))
    most_V = max(TOLERANCE * calibration.rms_V[1], client.board.count_V)
    if rms_V <= most_V:
        return None
    client.correct(None)
    made_mV = 1000 * calibration.rms_V[1]
    return (
        f"with it ADC and DACs are {1000 * rms_V:.1f} mV rms apart, and were {made_mV:.1f} mV when it was "
        "made, so the Pico was moved to another board, or parts were changed or have drifted"
    )
