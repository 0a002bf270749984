"""The board's end of the wire: one request, one reply, nothing unasked.

The last two replies are kept, so a host may send a request while the one before it is done: one that comes again (its
reply was lost) is answered without doing the work twice. A late copy of any other request is passed over, so HELLO
comes first and each number is one more than the last.
After SILENCE_MS without a request the board is made safe; it goes on listening.
"""

import binascii
import json
import random
import struct
import sys
import time

from machine import Timer, unique_id

from ..core.tick_record import read_example
from . import frames
from .line_reader import LineReader

SILENCE_MS = 5000
ROOM = 4096  # bytes of telemetry in one reply
BOOT = random.getrandbits(30)  # another one after every reset
CAN = (("switch", "switches"), ("compare", "cmp"), ("direct", "updown"), ("hold", "cs"))  # capability, wiring it needs


class Server:
    def __init__(self, twin):
        self._twin = twin
        self._last_seq = self._seq_before = -1
        self._last_line = self._line_before = b""
        self._greeted = False  # something was asked after HELLO
        self._frame = bytearray(frames.HEAD + 6 + ROOM + twin.n_edges + frames.TAIL)  # of a reply with telemetry
        self._idle_since = None
        self._serving = True
        twin.levers.off()
        twin.correct()

    def run(self):
        """Returns after BYE; on any exception the board is safe before it goes up."""
        lines = LineReader(sys.stdin.buffer)
        write = sys.stdout.buffer.write
        timer = Timer(period=500, mode=Timer.PERIODIC, callback=self._watch)
        try:
            while self._serving:
                self._idle_since = time.ticks_ms()
                line = lines.next()
                self._idle_since = None
                if line is None:
                    return
                answer = self._answer(line)
                if answer:
                    write(answer)
        finally:
            timer.deinit()
            self._twin.safe()
            self._twin.keep()

    def _watch(self, _):
        since = self._idle_since
        if since is not None and time.ticks_diff(time.ticks_ms(), since) > SILENCE_MS:
            self._idle_since = None
            self._twin.safe()

    def _answer(self, line):
        try:
            kind, seq, payload = frames.decode(line)
        except ValueError:
            return frames.encode(frames.RESEND, 0, b"") if bytes(line).strip() else b""
        if seq == self._last_seq:
            return self._last_line
        if seq == self._seq_before:
            return self._line_before
        hello = kind == frames.HELLO and not self._greeted
        if not hello and (self._last_seq < 0 or seq != self._last_seq % 0xFFFF + 1):
            return b""
        self._greeted = not hello
        try:
            reply = self._do(kind, payload)
            kind |= frames.REPLY
        except Exception as error:
            self._twin.safe()
            kind = frames.ERROR
            reply = (str(error) or repr(error)).encode()
        self._seq_before, self._line_before = self._last_seq, self._last_line
        if isinstance(reply, int):
            self._last_line = frames.seal(self._frame, kind, seq, reply)
        else:
            self._last_line = frames.encode(kind, seq, reply)
        self._last_seq = seq
        return self._last_line

    def _do(self, kind, payload):
        twin = self._twin
        if kind == frames.TRAIN:
            return self._train(payload)
        if kind == frames.INFER:
            return self._infer(payload)
        if kind == frames.APPLY:
            twin.apply(struct.unpack("<%dH" % len(twin.inputs), payload))
        elif kind == frames.MEASURE:
            return b"".join([self._codes(clamped) for clamped in (False, True)])
        elif kind == frames.PLACE:
            eta, free_us, clamped_us, n_in, n_out = struct.unpack("<HHHBB", payload[:8])
            if len(payload) != 8 + n_in + n_out:
                raise ValueError("PLACE has %d bytes, not %d" % (len(payload), 8 + n_in + n_out))
            twin.place(payload[8 : 8 + n_in], payload[8 + n_in :], eta, (free_us, clamped_us))
        elif kind == frames.LEVERS:
            twin.levers.set(*struct.unpack("<HHHBBBHHH", payload))
        elif kind == frames.CORRECT:
            if len(payload) not in (0, 16 * twin.n_nodes):
                raise ValueError("CORRECT has %d bytes, not %d" % (len(payload), 16 * twin.n_nodes))
            twin.correct([struct.unpack_from("<ii", payload, at) for at in range(0, len(payload), 8)])
        elif kind == frames.RESTORE:
            twin.restore(payload)
        elif kind == frames.HELLO:
            return self._hello()
        elif kind == frames.SAFE:
            twin.safe()
        elif kind == frames.BYE:
            self._serving = False
        else:
            raise ValueError("request %d is not of protocol %d: update the firmware" % (kind, frames.PROTOCOL))
        return b""

    def _hello(self):
        twin = self._twin
        return json.dumps(
            {
                "protocol": frames.PROTOCOL,
                "firmware": twin.config["firmware"],
                "board": twin.config["board"],
                "id": binascii.hexlify(unique_id()).decode(),
                "boot": BOOT,
                "can": [name for name, key in CAN if twin.config[key]],
                "nodes": twin.config["nodes"],
                "edges": twin.n_edges,
                "taps": list(twin.taps) if twin.known else None,
                "ticks": twin.ticks,
                "room": ROOM,
            }
        ).encode()

    def _codes(self, clamped):
        codes = [self._twin.read(node, clamped) for node in range(self._twin.n_nodes)]
        return struct.pack("<%dH" % len(codes), *[frames.NOT_MEASURED if code is None else code for code in codes])

    def _infer(self, payload):
        twin = self._twin
        size = 2 * len(twin.inputs)
        if not size or not payload or len(payload) % size:
            raise ValueError("INFER has %d bytes, not a multiple of %d" % (len(payload), size))
        codes = []
        for at in range(0, len(payload), size):
            codes += twin.infer(struct.unpack("<%dH" % len(twin.inputs), payload[at : at + size]))
        return struct.pack("<%dH" % len(codes), *codes)

    def _train(self, payload):
        """Run all examples. Reply: first tick u32, ticks u16, telemetry, then the tap of every edge; returns its bytes
        in the frame.
        """
        twin = self._twin
        n_in = len(twin.inputs)
        n_out = len(twin.outputs)
        example = 2 * (n_in + n_out)
        if not n_out or len(payload) <= 6 or (len(payload) - 6) % example:
            raise ValueError("TRAIN has %d bytes, not 6 and a multiple of %d" % (len(payload), example))
        first, ticks = struct.unpack_from("<IH", payload)
        if first != twin.ticks:  # the request before it failed: the host must know first what happened
            ticks = 0
        count = ticks * ((len(payload) - 6) // example)
        size = twin.record_size()
        if count * size > ROOM:
            raise ValueError("TRAIN asks for more than %d bytes of telemetry" % ROOM)
        frame = self._frame
        struct.pack_into("<IH", frame, frames.HEAD, twin.ticks, count)
        at = frames.HEAD + 6
        if count:
            codes, desired, drive, tick = twin.codes, twin.desired, twin.drive, twin.tick
            for start in range(6, len(payload), example):
                read_example(payload, start, codes, n_in, desired, n_out)
                drive()
                for _ in range(ticks):
                    tick(frame, at)
                    at += size
        frame[at : at + twin.n_edges] = twin.taps
        return at + twin.n_edges - frames.HEAD
