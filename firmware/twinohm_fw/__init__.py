"""TwinOhm firmware: `from twinohm_fw import learner` gives the board's learner, ready and untouched."""

from twinohm_board import BOARD

from .core.twin import Twin
from .prompt import Learner

learner = Learner(Twin(BOARD))
