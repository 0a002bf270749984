"""TwinOhm firmware: `from twinohm_fw import learner` gives the learner of this board. Importing moves no pot."""

from twinohm_board import BOARD

from .core.twin import Twin
from .prompt import Learner

learner = Learner(Twin(BOARD))
