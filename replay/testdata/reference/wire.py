"""Deterministic CBOR and what makes a shard invalid (docs/formats/README.md, replay.md 7 and 7.9)."""

UINT, NINT, BYTES, TEXT, ARRAY, MAP = range(6)
MAX_ARGS, MAX_INPUT, MAX_OUTPUT = 65_536, 2**26, 2**26
MAX_UINT = 2**64 - 1
SIGNED = -2**63, 2**63 - 1


class Invalid(Exception):
    """The shard is invalid; the argument is the name of the field."""


class OverLimit(Exception):
    """The shard needs more units than the limit."""


class NoResult(Exception):
    """The outputs do not make a result."""


class Malformed(Exception):
    """The bytes are not the CBOR that was looked for."""


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * size:
            return bytes([major << 5 | info]) + n.to_bytes(size, "big")
    raise ValueError(n)


def encode(x):
    if isinstance(x, int):
        return head(UINT, x) if x >= 0 else head(NINT, -1 - x)
    if isinstance(x, bytes):
        return head(BYTES, len(x)) + x
    if isinstance(x, str):
        return head(TEXT, len(x.encode())) + x.encode()
    if isinstance(x, dict):
        pairs = sorted((encode(k), encode(v)) for k, v in x.items())
        return head(MAP, len(x)) + b"".join(k + v for k, v in pairs)
    return head(ARRAY, len(x)) + b"".join(map(encode, x))


class Reader:
    """Reads one canonical item after the other; Malformed is all that goes wrong."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if n > len(self.data) - self.at:
            raise Malformed
        self.at += n
        return self.data[self.at - n:self.at]

    def head(self, *majors):
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major not in majors or info > 27:
            raise Malformed
        if info < 24:
            return major, info
        size = 1 << (info - 24)
        n = int.from_bytes(self.take(size), "big")
        if n < (24 if size == 1 else 1 << 4 * size):
            raise Malformed  # a shorter head would have done
        return major, n

    def int(self, low, high):
        major, n = self.head(UINT, NINT)
        value = n if major == UINT else -1 - n
        if not low <= value <= high:
            raise Malformed
        return value

    def bytes(self, low, high):
        n = self.head(BYTES)[1]
        if not low <= n <= high:
            raise Malformed
        return self.take(n)

    def array(self, low, high):
        n = self.head(ARRAY)[1]
        if not low <= n <= high:
            raise Malformed
        return n

    def end(self):
        if self.at != len(self.data):
            raise Malformed


def arguments(data, *fields):
    """The values of an arguments map with the keys 1, 2, ...: a list.

    A field is (name, read); read takes the reader and the values so far, raises
    Malformed for what is wrong with this key and Invalid for another name.
    """
    values, r, name = [], Reader(data), "args"
    try:
        if len(data) > MAX_ARGS or r.head(MAP)[1] != len(fields):
            raise Malformed
        for key, (own, read) in enumerate(fields, 1):
            name = "args"
            r.int(key, key)
            name = own
            values.append(read(r, values))
        name = "args"
        r.end()
    except Malformed:
        raise Invalid(name) from None
    return values


def number(name, low, high):
    return name, lambda r, _: r.int(low, high)


def first_of(name, count):
    """The first path, iteration or document: the value before it must fit in 64 bits."""
    def read(r, values):
        first = r.int(0, MAX_UINT)
        if first + values[count] > 2**64:
            raise Malformed
        return first
    return name, read


def check_limit(units, limit):
    if limit and units > limit:
        raise OverLimit


def be128(x, signed=False):
    try:
        return x.to_bytes(16, "big", signed=signed)
    except OverflowError:
        raise NoResult("a sum leaves its 16 bytes") from None


def top(pairs, k):
    """The first k of (name, weight) by weight descending, then name ascending."""
    return [list(p) for p in sorted(pairs, key=lambda p: (-p[1], p[0]))[:k]]


class Input:
    """A shard's input: little-endian integers and bytes, read in order."""

    def __init__(self, data, least):
        if not least <= len(data) <= MAX_INPUT:
            raise Invalid("input")
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, n, name):
        if n > self.left():
            raise Invalid(name)
        self.at += n
        return self.data[self.at - n:self.at]

    def int(self, size, name, signed=False):
        return int.from_bytes(self.take(size, name), "little", signed=signed)

    def end(self):
        if self.left():
            raise Invalid("input")
