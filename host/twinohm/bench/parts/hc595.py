"""74HC595 chain (TI SCLS041): a rising SRCLK shifts, a rising RCLK shows, /OE high floats the outputs."""

MIN_NS = 20


class HC595:
    """outputs[k]: the net at which the k-th of a full train of bits ends, or None."""

    def __init__(self, bench, clock, data, latch, enable, outputs):
        self._bench = bench
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
        if level:
            self._shift = (self._shift << 1 | self._data.level) & self._mask

    def _latched(self, level, width):
        if not level:
            if width < MIN_NS:
                self._bench.violate("74HC595", "RCLK high for %d ns; %d ns is the limit" % (width, MIN_NS))
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
