"""Serve the host's requests: one reply to each, and nothing unasked (docs/protocol.md).

The last two replies are kept, so a host may have two requests in flight: a request that is repeated because its reply
was lost is answered without doing its work again. A late copy of any other request is ignored, so the host sends HELLO
first, and each number is one more than the last. After SILENCE_MS without a request the board is made safe; it goes on
listening.
"""

import binascii
import random
import sys
import time

from machine import Timer, unique_id

from ..core.tick_record import read_example
from ..drivers import lamp
from ..drivers.ctrl_c import finish
from ..drivers.updown_pots import UNKNOWN
from . import frames, messages
from .line_reader import LineReader

SILENCE_MS = 5000
ROOM = 4096  # bytes of telemetry in one reply
BOOT = random.getrandbits(30)  # another one after every reset
CAN = (("switch", "switches"), ("compare", "cmp"), ("direct", "updown"), ("hold", "cs"))  # capability, wiring it needs


class Server:
    """The board's side of the protocol for a Twin. Its levers are off and its corrections none at first."""

    def __init__(self, twin):
        self._twin = twin
        self._last_seq = self._seq_before = -1
        self._last_line = self._line_before = b""
        self._past_hello = False  # a request other than HELLO was done
        self._frame = bytearray(
            frames.HEAD + messages.TRAIN_HEAD + ROOM + twin.n_edges + frames.TAIL
        )  # of a reply with telemetry
        self._idle_since = None
        self._serving = True
        twin.levers.off()
        twin.correct()

    def run(self):
        """Serve until BYE or the end of input. On any exception the board is made safe before it is raised."""
        lines = LineReader(sys.stdin.buffer)
        write = sys.stdout.buffer.write
        self._timer = Timer(period=500, mode=Timer.PERIODIC, callback=self._watch)
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
            finish(self._end)

    def _end(self):
        self._timer.deinit()
        self._twin.safe()

    def _watch(self, _):
        since = self._idle_since
        if since is not None and time.ticks_diff(time.ticks_ms(), since) > SILENCE_MS:
            self._twin.safe()
            self._idle_since = None

    def _answer(self, line):
        try:
            kind, seq, payload = frames.decode(line)
        except ValueError:
            return frames.encode(messages.RESEND, 0, b"") if bytes(line).strip() else b""
        if seq == self._last_seq:
            return self._last_line
        if seq == self._seq_before:
            return self._line_before
        hello = kind == messages.HELLO and not self._past_hello
        if not hello and (self._last_seq < 0 or seq != self._last_seq % 0xFFFF + 1):
            return b""
        self._past_hello = not hello
        try:
            reply = self._do(kind, payload)
            kind |= messages.REPLY
        except Exception as error:
            lamp.fail()
            self._twin.safe()
            kind = messages.ERROR
            reply = (str(error) or repr(error)).encode()
        self._seq_before, self._line_before = self._last_seq, self._last_line
        if isinstance(reply, int):
            self._last_line = frames.seal(self._frame, kind, seq, reply)
        else:
            self._last_line = frames.encode(kind, seq, reply)
        self._last_seq = seq
        return self._last_line

    def _do(self, kind, payload):
        """Carry out one request. Return the payload of its reply, or its size if it is in self._frame already."""
        twin = self._twin
        networks = twin.networks
        if kind == messages.TRAIN:
            return self._train(payload)
        if kind == messages.INFER:
            examples = messages.unpack_infer(payload, len(networks.inputs))
            return messages.pack_infer([networks.infer(codes) for codes in examples])
        if kind == messages.APPLY:
            networks.apply(messages.unpack_apply(payload, len(networks.inputs)))
        elif kind == messages.MEASURE:
            nodes = range(twin.n_nodes)
            codes = [[networks.read(node, clamped) for node in nodes] for clamped in (False, True)]
            return messages.pack_measure_reply(*codes)
        elif kind == messages.PLACE:
            eta, settle_us, inputs, outputs = messages.unpack_place(payload)
            twin.place(inputs, outputs, eta, settle_us)
        elif kind == messages.LEVERS:
            twin.levers.set(*messages.unpack_levers(payload))
        elif kind == messages.CORRECT:
            twin.correct(messages.unpack_correct(payload, twin.n_nodes))
        elif kind == messages.RESTORE:
            twin.restore(messages.unpack_restore(payload, twin.n_edges))
        elif kind == messages.HELLO:
            return self._hello()
        elif kind == messages.SAFE:
            failure = twin.safe()
            if failure:
                raise failure
        elif kind == messages.BYE:
            self._serving = False
        else:
            raise ValueError("request %d is not of protocol %d: update the firmware" % (kind, messages.PROTOCOL))
        return b""

    def _hello(self):
        twin = self._twin
        return messages.pack_hello_reply(
            {
                "firmware": twin.config["firmware"],
                "config": twin.config["key"],
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
        )

    def _train(self, payload):
        """Train on all examples, the telemetry into self._frame. Return the size of the reply's payload."""
        twin = self._twin
        networks = twin.networks
        n_in = len(networks.inputs)
        n_out = len(networks.outputs)
        if not n_out:
            raise ValueError("TRAIN without outputs: PLACE first")
        if not twin.known:
            raise OSError(UNKNOWN)
        first, ticks, examples = messages.unpack_train(payload, n_in + n_out)
        if first != twin.ticks:  # the request before it failed: the host must know first what happened
            ticks = 0
        count = ticks * len(examples)
        size = messages.record_size(n_out, twin.n_edges)
        if count * size > ROOM:
            raise ValueError("TRAIN asks for %d bytes of telemetry, %d at most" % (count * size, ROOM))
        frame = self._frame
        messages.pack_train_reply_head(frame, frames.HEAD, twin.ticks, count)
        at = frames.HEAD + messages.TRAIN_HEAD
        if count:
            codes, desired, drive = networks.codes, networks.desired, networks.drive_inputs
            tick = twin.tick
            for start in examples:
                read_example(payload, start, codes, n_in, desired, n_out)
                drive()
                for _ in range(ticks):
                    tick(frame, at)
                    at += size
        frame[at : at + twin.n_edges] = twin.taps
        return at + twin.n_edges - frames.HEAD
