"""Stand-in for MicroPython's `time` on the fixture's clock: sleeping moves it, nothing waits."""

fixture = None  # set by the launcher
WRAP = (1 << 30) - 1


def sleep(seconds):
    fixture.now_ns += int(seconds * 1_000_000_000)


def sleep_ms(ms):
    fixture.now_ns += ms * 1_000_000


def sleep_us(us):
    fixture.now_ns += us * 1000


def ticks_us():
    return fixture.now_ns // 1000 & WRAP


def ticks_ms():
    return fixture.now_ns // 1_000_000 & WRAP


def ticks_diff(end, start):
    return ((end - start + (1 << 29)) & WRAP) - (1 << 29)


def ticks_add(ticks, delta):
    return (ticks + delta) & WRAP
