"""ADG715 on I2C (Analog Devices, Rev. E): a data byte sets all eight switches, bit 0 is S1; /RESET low opens them."""


class ADG715:
    """One chip. `switched(switch, closed)` is called for each change."""

    def __init__(self, fixture, name, reset, switched):
        self.name = name
        self._fixture = fixture
        self._reset = reset
        self._switched = switched
        self._closed = 0
        reset.listeners.append(self._reset_moved)

    def _reset_moved(self, level, width):
        if not level:
            self._set(0)

    def start(self, read):
        if not self._reset.level:
            self._fixture.violate(self.name, "addressed while /RESET is low")
        return True

    def write(self, byte):
        if self._reset.level:
            self._set(byte)
        return True

    def read(self):
        return self._closed

    def stop(self):
        pass

    def _set(self, closed):
        changed = closed ^ self._closed
        self._closed = closed
        for switch in range(8):
            if changed >> switch & 1:
                self._switched(switch, closed >> switch & 1)
