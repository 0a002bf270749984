"""sim://BOARD?seed=0&profile=lab: a virtual board, firmware under this CPython."""

from twinohm.bench.process_port import ProcessPort


class Serial(ProcessPort):
    program = "twinohm.bench.virtual"
