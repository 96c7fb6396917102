"""graph@1 pagerank.v1: mass-conserving propagation (docs/formats/replay.md section 7.2)."""
import struct

from blake3 import blake3
from wire import Input, Invalid, arguments, check_limit, encode, number, top

NAME = "graph", "pagerank.v1"
MASS = 2**46
merge = None  # the list of output hashes


def seeds(r, _):
    chosen, last = [], -1
    for _ in range(r.array(0, 4096)):
        last = r.int(last + 1, 2**24 - 1)
        chosen.append(last)
    return chosen


def parse(args):
    return arguments(args, number("steps", 1, 256), number("damp", 0, 65535), ("seeds", seeds),
                     number("topk", 0, 4096))


def read(data, steps, chosen, limit):
    """The out-neighbours of each vertex."""
    r = Input(data, 8)
    n, m = r.int(4, "input"), r.int(4, "input")
    if not 1 <= n <= 2**24:
        raise Invalid("vertices")
    if r.left() != 4 * (n + 1 + m):
        raise Invalid("input")
    if chosen and chosen[-1] >= n:
        raise Invalid("seeds")
    check_limit(steps * (n + m), limit)
    off = struct.unpack("<%dI" % (n + 1), r.take(4 * (n + 1), "input"))
    dst = struct.unpack("<%dI" % m, r.take(4 * m, "input"))
    if off[0] != 0 or off[n] != m:
        raise Invalid("offsets")
    rows = []
    for u in range(n):
        if not off[u] <= off[u + 1] <= m:
            raise Invalid("offsets")
        row = dst[off[u]:off[u + 1]]
        if any(v >= n for v in row) or any(a >= b for a, b in zip(row, row[1:])):
            raise Invalid("targets")
        rows.append(row)
    return rows, steps * (n + m)


def run(seed, args, data, limit):
    steps, damp, chosen, topk = parse(args)
    rows, units = read(data, steps, chosen, limit)
    n = len(rows)
    places = chosen or range(n)

    def spread(r, x):
        q, e = divmod(x, len(places))
        for i, v in enumerate(places):
            r[v] += q + (1 if i < e else 0)
        return r

    rank = spread([0] * n, MASS)
    for _ in range(steps):
        got = [0] * n
        for u, row in enumerate(rows):
            for v in row:
                got[v] += rank[u] // len(row)
        rank = [(x * damp) >> 16 for x in got]
        rank = spread(rank, MASS - sum(rank))
    digest = blake3(struct.pack("<%dQ" % n, *rank))
    best = top(((v, x) for v, x in enumerate(rank) if x > 0), topk)
    return encode([n, digest, best]), units
