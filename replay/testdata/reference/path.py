"""mc@1 path.v1: simulation of paths (docs/formats/replay.md section 7.1)."""
from chance import Chance, high, low, normal
from wire import (MAX_UINT, SIGNED, Invalid, Malformed, NoResult, Reader, arguments, be128, check_limit,
                  encode, first_of, number)

NAME = "mc", "path.v1"
TAG = 0x6D630001
M36 = 2**36


def kind(r, values):
    value = r.int(0, 1)
    if value == 1 and values[2] < 0:
        raise Invalid("start")
    return value


def bins(r, _):
    r.array(3, 3)
    return [r.int(-M36, M36), r.int(1, 2**37), r.int(1, 1024)]


def parse(args):
    return arguments(args, number("paths", 1, 2**26), number("steps", 1, 4096), number("start", -M36, M36),
                     number("drift", -2**23, 2**23), number("vol", 0, 2**23), ("kind", kind),
                     number("strike", -M36, M36), first_of("first", 0), ("bins", bins))


def walk(chance, g, values):
    """The end of path g."""
    _, steps, s, drift, vol, geometric, *_ = values
    for t in range(steps):
        if t % 2 == 0:
            block = chance.block(g, t // 2)
        u = high(block) if t % 2 else low(block)
        inc = drift + ((vol * normal(u)) >> 24)
        s += (s * inc) >> 24 if geometric else inc
        s = max(0 if geometric else -M36, min(s, M36))
    return s


def run(seed, args, data, limit):
    values = parse(args)
    if data:
        raise Invalid("input")
    n, steps, strike, first, (lo, width, count) = values[0], values[1], values[6], values[7], values[8]
    check_limit(n * steps, limit)
    chance, ends, counters = Chance(seed, TAG), [], [0] * (count + 2)
    for g in range(first, first + n):
        s = walk(chance, g, values)
        ends.append(s)
        counters[0 if s < lo else min((s - lo) // width, count) + 1] += 1
    pays = [max(s - strike, 0) for s in ends]
    output = [n, be128(sum(pays)), be128(sum(p * p for p in pays)), min(ends), max(ends), counters]
    return encode(output), n * steps


def read(output, values):
    r = Reader(output)
    try:
        r.array(6, 6)
        n = r.int(values[0], values[0])
        sums = [int.from_bytes(r.bytes(16, 16), "big") for _ in range(2)]
        ends = [r.int(*SIGNED), r.int(*SIGNED)]
        width = values[8][2] + 2
        r.array(width, width)
        counters = [r.int(0, MAX_UINT) for _ in range(width)]
        r.end()
    except Malformed:
        raise NoResult("not the shape of an output") from None
    return [n, sums, ends, counters]


def merge(shards):
    total = before = None
    for args, output in shards:
        values = parse(args)
        rest = values[1:7] + values[8:]
        if before is not None and (rest != before[0] or values[7] != before[1]):
            raise NoResult("other arguments, or a gap")
        before = rest, values[7] + values[0]
        n, sums, ends, counters = read(output, values)
        if total is None:
            total = [n, sums, ends, counters]
            continue
        total = [total[0] + n, [a + b for a, b in zip(total[1], sums)],
                 [min(total[2][0], ends[0]), max(total[2][1], ends[1])],
                 [a + b for a, b in zip(total[3], counters)]]
        if max(total[3]) > MAX_UINT:
            raise NoResult("a counter leaves its 64 bits")
    return [total[0], *map(be128, total[1]), *total[2], total[3]]
