"""Args and inputs of the vectors, and dice (docs/formats/replay.md section 7.8)."""
import struct

from chance import philox

SEED = bytes(range(32))
WORDS = ["verify", "Ledger", "node", "credit", "shard", "naïve", "x1"]
TABLE = bytes(255 - i for i in range(256))


def rnd(k, n):
    blocks = (struct.pack("<4I", *philox((i, 0, 0, 0x74737431), (k, 0))) for i in range(-(-n // 16)))
    return b"".join(blocks)[:n]


class Dice:
    """Numbers for cases beyond those of the text, from the same generator."""

    def __init__(self, k, n=1 << 16):
        self.data, self.at = rnd(k, n), 0

    def bytes(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def between(self, low, high):
        return low + int.from_bytes(self.bytes(8), "little") % (high - low + 1)


def u32s(*numbers):
    return struct.pack("<%dI" % len(numbers), *numbers)


def graph(rows):
    off = [0]
    for row in rows:
        off.append(off[-1] + len(row))
    return u32s(len(rows), off[-1], *off, *(v for row in rows for v in sorted(row)))


def graph_200():
    data, rows = rnd(1, 12800), [set() for _ in range(200)]
    for i in range(1600):
        a, b = struct.unpack_from("<2I", data, 8 * i)
        u, v = a % 200, ((b % 200) * ((b % 7) + 1)) // 7
        if u % 11:
            rows[u].add(v)
    return graph(rows)


def image(w, h, c, samples):
    return u32s(w, h, c) + samples


def documents(texts):
    return u32s(len(texts)) + b"".join(u32s(len(t)) + t for t in texts)


def search_60(first=0, end=60):
    data, texts = rnd(3, 4800), []
    for i in range(first, end):
        count = data[80 * i] % 70 + 1
        words = [WORDS[x % 7] + ("," if x & 64 else "") for x in data[80 * i + 1:80 * i + 1 + count]]
        texts.append(" ".join(words).encode())
    return documents(texts)


def search_ties():
    texts = ["x1 7,7 A7", "A7!x1 7 7", "", "...", "zz", "7 " * 65600, "a7ï a7", "a7"]
    return documents([t.encode() for t in texts])


def rows(pairs):
    return u32s(len(pairs)) + b"".join(struct.pack("<H", len(k)) + k + struct.pack("<q", v) for k, v in pairs)


def aggregate_3000(first=0, end=3000):
    numbers, pairs = struct.unpack("<3000q", rnd(4, 24000)), []
    for x in numbers[first:end]:
        pairs.append((b"k%d" % (x % 97) if x % 5 else b"", x >> 17))
    return rows(pairs)


def large_rows(count, keys, size, last, value, end):
    """Row i has key i mod keys, a little-endian u32 and zeros up to size; the last row has a key of last bytes and value end."""
    def row(i, size, value):
        return struct.pack("<HI", size, i % keys) + bytes(size - 4) + struct.pack("<q", value)

    return u32s(count) + b"".join(row(i, size, value) for i in range(count - 1)) + row(count - 1, last, end)


def snapshot(pairs):
    return u32s(len(pairs)) + b"".join(
        struct.pack("<H", len(k)) + k + u32s(len(v)) + v for k, v in pairs)


def operation(number, key, *body):
    """Bodies are made of bytes as they stand and of (size, bytes) with a length before them."""
    parts = [x if isinstance(x, bytes) else len(x[1]).to_bytes(x[0], "little") + x[1] for x in body]
    return bytes([number]) + struct.pack("<H", len(key)) + key + b"".join(parts)


def memory_800():
    data, operations = rnd(5, 12800), []
    for i in range(800):
        r = data[16 * i:16 * i + 16]
        number, key = r[1] % 6 + 1, b"a%d" % (r[0] % 40)
        body = {1: [(4, r[2:10] if r[2] % 2 else r[2:2 + r[3] % 12])],
                4: [r[4:12]],
                5: [(4, bytes(r[5] % 3)), (4, r[8:12])],
                6: [(2, b"a%d" % (r[6] % 40) if r[7] % 2 else b""), u32s(r[8] % 9)]}
        operations.append(operation(number, key, *body.get(number, ())))
    start = snapshot([(b"a1", b"\1" + bytes(7)), (b"zz", b"end")])
    return start + u32s(len(operations)) + b"".join(operations)


INPUTS = {
    "graph-200": graph_200,
    "media-37x29": lambda: image(37, 29, 3, rnd(2, 3219)),
    "search-60": search_60,
    "search-60, documents 0 to 24": lambda: search_60(0, 25),
    "search-60, documents 25 to 59": lambda: search_60(25, 60),
    "search-ties": search_ties,
    "aggregate-3000": aggregate_3000,
    "aggregate-3000, rows 0 to 999": lambda: aggregate_3000(0, 1000),
    "aggregate-3000, rows 1000 to 2999": lambda: aggregate_3000(1000, 3000),
    "memory-800": memory_800,
}
