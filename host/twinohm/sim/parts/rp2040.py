"""What the Pico's own pins see of the analogue side: its ADC channels (RP2040 datasheet 4.9), bare or behind a 4067."""


class AnalogPin:
    """`sample(channel)` returns counts 0..4095. With select nets, they choose the channel."""

    def __init__(self, sample, channel=0, select=()):
        self._sample = sample
        self._channel = channel
        self._select = select

    def read(self):
        channel = self._channel
        for bit, net in enumerate(self._select):
            channel |= net.level << bit
        return self._sample(channel)
