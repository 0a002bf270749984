"""sim://BOARD?seed=0&profile=lab: a virtual board, firmware under this CPython."""

from twinohm.sim.process_port import ProcessPort


class Serial(ProcessPort):
    program = "twinohm.sim.virtual_board"
