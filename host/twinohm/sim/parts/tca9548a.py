"""TCA9548A on I2C (Texas Instruments, SCPS207F, 8.5.4): the last byte before a STOP says which channels connect."""


class TCA9548A:
    """One chip; no channel is connected after power-on. Its /RESET is tied high."""

    def __init__(self):
        self.connected = 0  # bit n: channel n
        self._byte = 0

    def start(self, read):
        self._byte = self.connected
        return True

    def write(self, byte):
        self._byte = byte
        return True

    def read(self):
        return self.connected

    def stop(self):
        self.connected = self._byte
