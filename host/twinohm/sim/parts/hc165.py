"""74HC165 chain (TI SCLS116): SH/LD low loads, a rising clock edge shifts out; the first bit is there at once.

Shortest pulse: 100 ns at 2.0 V, 20 ns at 4.5 V, 85 C (Nexperia 74HC165, table 7); 59 ns at 3.3 V on the line between.
"""

PULSE_NS = 59


class HC165:
    """inputs[k]: the net that arrives k-th at `data`, or None."""

    def __init__(self, fixture, load, clock, data, inputs):
        self._fixture = fixture
        self._load = load
        self._data = data
        self._inputs = inputs
        self._bits = [0] * len(inputs)
        self._at = 0
        load.listeners.append(self._loaded)
        clock.listeners.append(self._clocked)

    def _loaded(self, level, width):
        if level:
            if width < PULSE_NS:
                self._fixture.report_short("74HC165", "SH/LD low", width, PULSE_NS)
            self._bits = [net.read() if net else 0 for net in self._inputs]
            self._at = 0
            self._data.set(self._bits[0])

    def _clocked(self, level, width):
        if width < PULSE_NS:
            self._fixture.report_short("74HC165", "CLK low" if level else "CLK high", width, PULSE_NS)
        if not level:
            return
        if not self._load.level:
            self._fixture.violate("74HC165", "clocked while SH/LD is low")
            return
        self._at += 1
        self._data.set(self._bits[self._at] if self._at < len(self._bits) else 0)
