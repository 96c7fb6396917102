"""aggregate@1 group.v1: group reduction (docs/formats/replay.md section 7.5)."""
from wire import (MAX_OUTPUT, MAX_UINT, SIGNED, Input, Invalid, Malformed, NoResult, Reader, arguments,
                  be128, check_limit, encode)

NAME = "aggregate", "group.v1"
BOUND = 2**47
MAX_ROWS, MAX_KEYS = 6_710_886, MAX_OUTPUT // 39


def parse(args):
    return arguments(args)


def value(rows, groups):
    return [rows, [[key, n, be128(total, signed=True), low, high, be128(squares)]
                   for key, (n, total, low, high, squares) in sorted(groups.items())]]


def add(groups, key, more):
    if key in groups:
        n, total, low, high, squares = groups[key]
        more = (n + more[0], total + more[1], min(low, more[2]), max(high, more[3]), squares + more[4])
    groups[key] = more


def run(seed, args, data, limit):
    parse(args)
    r = Input(data, 4)
    rows, groups = r.int(4, "rows"), {}
    if rows > r.left() // 10:
        raise Invalid("rows")
    if rows == 0:
        raise Invalid("input" if r.left() else "units")
    check_limit(rows, limit)
    for _ in range(rows):
        key = r.take(r.int(2, "rows"), "rows")
        x = r.int(8, "rows", signed=True)
        if abs(x) >= BOUND:
            raise Invalid("value")
        add(groups, key, (1, x, x, x, x * x))
        if len(groups) > MAX_KEYS:
            raise Invalid("output")
    r.end()
    return encode(value(rows, groups)), rows


def read(output):
    r, groups, last = Reader(output), {}, None
    try:
        r.array(2, 2)
        rows = r.int(0, MAX_ROWS)
        for _ in range(r.array(0, MAX_KEYS)):
            r.array(6, 6)
            key, n = r.bytes(0, 65535), r.int(0, MAX_UINT)
            total = int.from_bytes(r.bytes(16, 16), "big", signed=True)
            low, high = r.int(*SIGNED), r.int(*SIGNED)
            squares = int.from_bytes(r.bytes(16, 16), "big")
            if last is not None and key <= last:
                raise Malformed
            last, groups[key] = key, (n, total, low, high, squares)
        r.end()
    except Malformed:
        raise NoResult("not the shape of an output") from None
    return rows, groups


def merge(shards):
    rows, groups = 0, {}
    for args, output in shards:
        parse(args)
        more, read_groups = read(output)
        rows += more
        for key, part in read_groups.items():
            add(groups, key, part)
            be128(groups[key][1], signed=True)  # after each shard, and not at the end alone
        if rows > MAX_UINT or any(g[0] > MAX_UINT for g in groups.values()):
            raise NoResult("a counter leaves its 64 bits")
    return value(rows, groups)
