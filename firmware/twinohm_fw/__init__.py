"""TwinOhm firmware: `from twinohm_fw import learner` gives the board's learner, ready and untouched."""

from twinohm_board import BOARD

from .learn import Learner
from .twin import Twin

learner = Learner(Twin(BOARD))
