"""I2C parts by (bus, place), several of them at one."""


class SharedAddress:
    """Parts of one address: all receive every byte; a bit that any of them sends as 0 reads 0 (open drain)."""

    def __init__(self, parts):
        self.parts = parts

    def start(self, read):
        return sum([bool(part.start(read)) for part in self.parts]) > 0

    def write(self, byte):
        return sum([bool(part.write(byte)) for part in self.parts]) > 0

    def read(self):
        byte = 255
        for part in self.parts:
            byte &= part.read()
        return byte

    def stop(self):
        for part in self.parts:
            part.stop()


def parts_at(i2c, key):
    """Return all parts of a bus and place."""
    part = i2c.get(key)
    return part.parts if isinstance(part, SharedAddress) else [] if part is None else [part]


def move_part(i2c, part, key, to):
    """Move one part from its bus and place to another, where others may be."""
    for where, parts in (
        (key, [one for one in parts_at(i2c, key) if one is not part]),
        (to, parts_at(i2c, to) + [part]),
    ):
        i2c.pop(where, None)
        if parts:
            i2c[where] = parts[0] if len(parts) == 1 else SharedAddress(parts)
