"""74HC595 chain (TI SCLS041): a rising SRCLK shifts, a rising RCLK shows, /OE high floats the outputs.

Shortest pulse: 100 ns at 2.0 V, 20 ns at 4.5 V, 85 C; 59 ns at 3.3 V on the line between.
"""

PULSE_NS = 59


class HC595:
    """outputs[k]: the net at which the k-th of a full train of bits ends, or None."""

    def __init__(self, fixture, clock, data, latch, enable, outputs):
        self._fixture = fixture
        self._data = data
        self._enable = enable
        self._outputs = outputs[::-1]
        self._mask = (1 << len(outputs)) - 1
        self._shift = 0
        self._shown = 0
        clock.listeners.append(self._clocked)
        latch.listeners.append(self._latched)
        enable.listeners.append(self._enabled)

    def _clocked(self, level, width):
        if width < PULSE_NS:
            self._fixture.report_short("74HC595", "SRCLK low" if level else "SRCLK high", width, PULSE_NS)
        if level:
            self._shift = (self._shift << 1 | self._data.level) & self._mask

    def _latched(self, level, width):
        if width < PULSE_NS:
            self._fixture.report_short("74HC595", "RCLK low" if level else "RCLK high", width, PULSE_NS)
        if not level:
            return
        changed = self._shown ^ self._shift
        self._shown = self._shift
        if not self._enable.level:
            self._drive(changed)

    def _enabled(self, level, width):
        if level:
            for net in self._outputs:
                if net:
                    net.release()
        else:
            self._drive(self._mask)

    def _drive(self, changed):
        shown = self._shown
        for i, net in enumerate(self._outputs):
            if changed >> i & 1 and net:
                net.set(shown >> i & 1)
