"""Payloads of requests and replies, little-endian. The host loads this very file; docs/protocol.md explains it.

pack_x() returns a payload, unpack_x() its fields. Both raise ValueError saying which message and number is wrong.
A code is a voltage in 1/65536 of the DAC's full scale. In words of edges, bit i % 8 of byte i // 8 is edge i.
"""

import json
import struct

PROTOCOL = 4

# Types of requests.
HELLO = 1
PLACE = 2
RESTORE = 3
TRAIN = 4
MEASURE = 5
SAFE = 6
BYE = 7
APPLY = 8
INFER = 9
LEVERS = 10
CORRECT = 11
# Types of replies.
REPLY = 0x80  # this bit and the type of the request
ERROR = 0xFF  # in place of a reply: text for the user; the board is safe
RESEND = 0xFE  # seq 0, no payload: the board has received a line that is no frame

ETA_ONE = 4096  # eta of PLACE is in 1/4096
VOTES = ("majority", "unanimous", "up")  # by their number in LEVERS
OVERCLAMP = 1  # flags of LEVERS
WHOLE = 2
PAIRS = 4
HINGE = 8
MOST_DAC_GAIN = 1 << 14  # of CORRECT: with them no product exceeds 31 bits
MOST_DAC_OFFSET = 1 << 29
NOT_MEASURED = 0xFFFF  # the code of a node without an ADC channel

_PLACE = "<HHHBB"
_PLACE_HEAD = 8  # bytes
_TRAIN = "<IH"
TRAIN_HEAD = 6  # bytes before the examples of a request, and before the telemetry of a reply
_LEVERS = "<HHHBBBHHHH"
_LEVERS_SIZE = 17
_CORRECTION = "<ii"
_CORRECTION_SIZE = 8


# -- HELLO: no payload. Reply: one JSON object -------------------------------------------------------------------------


def pack_hello_reply(fields: dict[str, object]) -> bytes:
    """Return the reply to HELLO. fields: those of docs/protocol.md but `protocol`."""
    return json.dumps(dict(fields, protocol=PROTOCOL)).encode()


def unpack_hello_reply(payload: bytes) -> dict[str, object]:
    """Return the fields of the reply to HELLO, whatever protocol it has."""
    try:
        fields = json.loads(bytes(payload))
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ValueError("the reply to HELLO is not a JSON object")
    return fields


# -- PLACE: eta u16, us that the free and the clamped network take to settle u16, inputs u8, outputs u8, nodes u8.. ----


def pack_place(eta: int, settle_us: tuple[int, int], inputs: bytes, outputs: bytes) -> bytes:
    """Return a PLACE. eta: 1/4096. settle_us: of the free and the clamped network. inputs, outputs: node indices."""
    head = [_number("PLACE", "eta", eta)] + [_number("PLACE", "settle_us", us) for us in settle_us]
    counts = [_number("PLACE", "nodes of one role", len(nodes), 0xFF) for nodes in (inputs, outputs)]
    return struct.pack(_PLACE, *(head + counts)) + bytes(inputs) + bytes(outputs)


def unpack_place(payload: bytes) -> tuple[int, tuple[int, int], bytes, bytes]:
    """Return (eta, (us of the free network, us of the clamped one), inputs, outputs)."""
    if len(payload) < _PLACE_HEAD:
        raise ValueError("PLACE has %d bytes, %d at least" % (len(payload), _PLACE_HEAD))
    eta, free_us, clamped_us, n_in, n_out = struct.unpack_from(_PLACE, payload)
    _sized("PLACE", payload, _PLACE_HEAD + n_in + n_out)
    nodes = bytes(payload)[_PLACE_HEAD:]
    return eta, (free_us, clamped_us), nodes[:n_in], nodes[n_in:]


# -- RESTORE: tap u8 of each edge --------------------------------------------------------------------------------------


def pack_restore(taps: list[int]) -> bytes:
    """Return a RESTORE. taps: one for each edge."""
    return bytes([_number("RESTORE", "tap", tap, 0xFF) for tap in taps])


def unpack_restore(payload: bytes, n_edges: int) -> bytes:
    """Return the tap of each edge."""
    return _sized("RESTORE", payload, n_edges)


# -- TRAIN: first tick u32, ticks of each example u16, examples: input codes u16.., desired codes u16.. ----------------


def pack_train(first: int, ticks: int, examples: list[list[int]]) -> bytes:
    """Return a TRAIN. first: number of its first tick. ticks: of each example. examples: input, then desired codes."""
    head = struct.pack(_TRAIN, _number("TRAIN", "first", first, 0xFFFFFFFF), _number("TRAIN", "ticks", ticks))
    return head + b"".join([_codes("TRAIN", codes) for codes in examples])


def unpack_train(payload: bytes, n_codes: int) -> tuple[int, int, range]:
    """Return (first tick, ticks of each example, where each example begins). n_codes: of one example."""
    size = len(payload) - TRAIN_HEAD
    if n_codes < 1 or size < 1 or size % (2 * n_codes):
        raise ValueError("TRAIN has %d bytes, not %d and examples of %d" % (len(payload), TRAIN_HEAD, 2 * n_codes))
    first, ticks = struct.unpack_from(_TRAIN, payload)
    return first, ticks, range(TRAIN_HEAD, len(payload), 2 * n_codes)


# -- Reply to TRAIN: first tick u32, ticks u16, a record of each tick, tap u8 of each edge -----------------------------


def pack_train_reply_head(frame: bytearray, at: int, first: int, count: int) -> None:
    """Write the head of a reply to TRAIN into frame[at:]. count: ticks whose records follow."""
    struct.pack_into(_TRAIN, frame, at, first, count)


def unpack_train_reply(payload: bytes, n_out: int, n_edges: int) -> tuple[int, int, bytes, bytes]:
    """Return (first tick, ticks, their records, tap of each edge)."""
    if len(payload) < TRAIN_HEAD:
        raise ValueError("the reply to TRAIN has %d bytes, %d at least" % (len(payload), TRAIN_HEAD))
    first, count = struct.unpack_from(_TRAIN, payload)
    end = TRAIN_HEAD + count * record_size(n_out, n_edges)
    _sized("the reply to TRAIN", payload, end + n_edges)
    return first, count, payload[TRAIN_HEAD:end], payload[end:]


# -- Record of a tick: time u32 (us), free codes u16.., clamped codes u16.., CMP, SGN, up, moved ----------------------


def record_size(n_out: int, n_edges: int) -> int:
    """Return the bytes of one tick's record."""
    return 4 + 4 * n_out + 4 * ((n_edges + 7) >> 3)


def pack_record(t_us: int, free: list[int], clamped: list[int], words: list[int], n_edges: int) -> bytes:
    """Return the record of a tick. free, clamped: codes of the outputs. words: CMP, SGN, up, moved; bit i is edge i."""
    n_bytes = (n_edges + 7) >> 3
    numbers = [_number("record", "word", word, (1 << n_edges) - 1).to_bytes(n_bytes, "little") for word in words]
    codes = _codes("record", free) + _codes("record", clamped)
    return struct.pack("<I", _number("record", "t_us", t_us, 0xFFFFFFFF)) + codes + b"".join(numbers)


def unpack_records(records: bytes, n_out: int, n_edges: int) -> list[tuple[int, tuple[int, ...], tuple[int, ...]]]:
    """Return (t_us, codes of free outputs then clamped ones, (CMP, SGN, up, moved)) of each tick, bit i for edge i."""
    size = record_size(n_out, n_edges)
    if len(records) % size:
        raise ValueError("telemetry has %d bytes, not records of %d" % (len(records), size))
    n_bytes = (n_edges + 7) >> 3
    layout = "<I%dH" % (2 * n_out) + 4 * ("%ds" % n_bytes)
    ticks = []
    for at in range(0, len(records), size):
        fields = struct.unpack_from(layout, records, at)
        words = tuple([int.from_bytes(word, "little") for word in fields[-4:]])
        ticks.append((fields[0], fields[1:-4], words))
    return ticks


# -- MEASURE: no payload. Reply: free codes u16 of each node, clamped codes u16 of each node ---------------------------


def pack_measure_reply(free: list[int | None], clamped: list[int | None]) -> bytes:
    """Return the reply to MEASURE: codes by node, None where there is no ADC channel."""
    return _codes("MEASURE", [NOT_MEASURED if code is None else code for code in free + clamped])


def unpack_measure_reply(payload: bytes, n_nodes: int) -> tuple[list[int | None], list[int | None]]:
    """Return (free codes, clamped codes) by node, None where there is no ADC channel."""
    numbers = _unpack_codes("the reply to MEASURE", payload, 2 * n_nodes)
    codes = [None if code == NOT_MEASURED else code for code in numbers]
    return codes[:n_nodes], codes[n_nodes:]


# -- APPLY: input codes u16.. ------------------------------------------------------------------------------------------


def pack_apply(codes: list[int]) -> bytes:
    """Return an APPLY. codes: of the inputs."""
    return _codes("APPLY", codes)


def unpack_apply(payload: bytes, n_in: int) -> tuple[int, ...]:
    """Return the codes of the inputs."""
    return _unpack_codes("APPLY", payload, n_in)


# -- INFER: examples: input codes u16.. Reply: output codes u16.. of each ----------------------------------------------


def pack_infer(examples: list[list[int]]) -> bytes:
    """Return an INFER, or the reply to one. examples: codes of the inputs, or of the free outputs."""
    return b"".join([_codes("INFER", codes) for codes in examples])


def unpack_infer(payload: bytes, n_codes: int) -> list[tuple[int, ...]]:
    """Return the codes of each example. n_codes: of one example, inputs in a request, outputs in a reply."""
    size = 2 * n_codes
    if not size or not len(payload) or len(payload) % size:
        raise ValueError("INFER has %d bytes, not examples of %d" % (len(payload), size))
    return [struct.unpack_from("<%dH" % n_codes, payload, at) for at in range(0, len(payload), size)]


# -- LEVERS: p, p_floor, error_full u16, readings, vote, flags u8, margin u16, seeds u16 u16 u16 ----------------------


def pack_levers(
    p: int,
    p_floor: int,
    error_full: int,
    readings: int,
    vote: str,
    overclamp: bool,
    whole: bool,
    pairs: bool,
    hinge: bool,
    margin: int,
    seeds: list[int],
) -> bytes:
    """Return a LEVERS. p, p_floor: 1/32768. error_full, margin: codes. vote: one of VOTES. seeds: three numbers."""
    if vote not in VOTES or len(seeds) != 3:
        raise ValueError("LEVERS: vote = %r, %d seeds; a vote of %s, 3 seeds" % (vote, len(seeds), ", ".join(VOTES)))
    words = [_number("LEVERS", *pair) for pair in (("p", p), ("p_floor", p_floor), ("error_full", error_full))]
    flags = OVERCLAMP * overclamp | WHOLE * whole | PAIRS * pairs | HINGE * hinge
    small = [_number("LEVERS", "readings", readings, 0xFF), VOTES.index(vote), flags]
    small.append(_number("LEVERS", "margin", margin))
    return struct.pack(_LEVERS, *(words + small + [_number("LEVERS", "seed", seed) for seed in seeds]))


def unpack_levers(
    payload: bytes,
) -> tuple[int, int, int, int, str, bool, bool, bool, bool, int, tuple[int, int, int]]:
    """Return (p, p_floor, error_full, readings, vote, overclamp, whole, pairs, hinge, margin, seeds)."""
    _sized("LEVERS", payload, _LEVERS_SIZE)
    p, p_floor, error_full, readings, vote, flags, margin, x, y, z = struct.unpack_from(_LEVERS, payload)
    if vote >= len(VOTES):
        raise ValueError("LEVERS: vote = %d, not 0..%d" % (vote, len(VOTES) - 1))
    on = [bool(flags & flag) for flag in (OVERCLAMP, WHOLE, PAIRS, HINGE)]
    return (p, p_floor, error_full, readings, VOTES[vote], on[0], on[1], on[2], on[3], margin, (x, y, z))


# -- CORRECT: gain, offset i32 of each node's DAC, of each free node's ADC channel, of each clamped one's; or nothing -


def pack_correct(corrections: list[tuple[int, int]]) -> bytes:
    """Return a CORRECT. corrections: (gain, offset) of each node's DAC, then of the ADC channel of each free node and
    of each clamped one; or none.

    A DAC's gain and offset are in 2^-16: of 1, at most 1/4 either way, and of a code, at most 8192 codes.
    """
    n_nodes = len(corrections) // 3
    for at, pair in enumerate(corrections):
        tops = (0x7FFFFFFF, 0x7FFFFFFF) if at >= n_nodes else (MOST_DAC_GAIN, MOST_DAC_OFFSET)
        for number, top in zip(pair, tops):
            _number("CORRECT", "gain or offset", abs(number), top)
    return b"".join([struct.pack(_CORRECTION, gain, offset) for gain, offset in corrections])


def unpack_correct(payload: bytes, n_nodes: int) -> list[tuple[int, int]]:
    """Return (gain, offset) of each node's DAC, of each free node's ADC channel and of each clamped one's; or none."""
    if len(payload):
        _sized("CORRECT", payload, 3 * n_nodes * _CORRECTION_SIZE)
    return [struct.unpack_from(_CORRECTION, payload, at) for at in range(0, len(payload), _CORRECTION_SIZE)]


# -- SAFE, BYE and the replies to PLACE, RESTORE, APPLY, LEVERS, CORRECT, SAFE, BYE: nothing ---------------------------


def unpack_nothing(payload: bytes) -> None:
    """Check that a payload is empty."""
    _sized("a message without a payload", payload, 0)


# -- what they are made of ---------------------------------------------------------------------------------------------


def _number(message: str, name: str, value: int, top: int = 0xFFFF) -> int:
    if not 0 <= value <= top:
        raise ValueError("%s: %s = %d, not 0..%d" % (message, name, value, top))
    return value


def _sized(message: str, payload: bytes, size: int) -> bytes:
    if len(payload) != size:
        raise ValueError("%s has %d bytes, not %d" % (message, len(payload), size))
    return payload


def _codes(message: str, codes: list[int]) -> bytes:
    if codes and not 0 <= min(codes) <= max(codes) <= 0xFFFF:
        raise ValueError("%s: codes = %s, not 0..%d" % (message, list(codes), 0xFFFF))
    return struct.pack("<%dH" % len(codes), *codes)


def _unpack_codes(message: str, payload: bytes, n: int) -> tuple[int, ...]:
    _sized(message, payload, 2 * n)
    return struct.unpack_from("<%dH" % n, payload)
