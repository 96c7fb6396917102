"""Valid args and inputs of every program, thrown with dice."""
import struct

from generators import TABLE, documents, graph, image, operation, rows, snapshot, u32s

SHORT = [b"", b"a", b"ab", b"b", b"\0", b"\xff"]


def path(dice):
    kind = dice.between(0, 1)
    n, steps = dice.between(1, 30), dice.between(1, 9)
    first = dice.between(0, 2**64 - n)
    bins = [dice.between(-2**24, 2**24), dice.between(1, 2**20), dice.between(1, 12)]
    return {1: n, 2: steps, 3: dice.between(0 if kind else -2**24, 2**24), 4: dice.between(-2**21, 2**21),
            5: dice.between(0, 2**22), 6: kind, 7: dice.between(-2**24, 2**24), 8: first, 9: bins}, b""


def insurance(dice):
    n = dice.between(1, 30)
    return {1: n, 2: dice.between(0, 2**35), 3: dice.between(-2**25, 2**27), 4: dice.between(0, 2**25),
            5: dice.between(0, 2**32), 6: dice.between(0, 2**28), 7: dice.between(0, 2**26),
            8: dice.between(1, 2**44), 9: dice.between(1, 2**45), 10: dice.between(0, 2**64 - n)}, b""


def eta(dice):
    n = dice.between(1, 40)
    args = {1: n, 2: dice.between(0, 2**27)}
    for key in (3, 6, 9):
        args[key], args[key + 1] = dice.between(-2**24, 2**26), dice.between(0, 2**25)
        if key > 3:
            args[key - 1] = dice.between(0, 2**32)
    # the probabilities stand before the means: 5 and 8
    return {1: args[1], 2: args[2], 3: args[3], 4: args[4], 5: args[5], 6: args[6], 7: args[7], 8: args[8],
            9: args[9], 10: args[10], 11: dice.between(0, 2**64 - n)}, b""


def graph_case(dice):
    n = dice.between(1, 12)
    table = [sorted({dice.between(0, n - 1) for _ in range(dice.between(0, 4))}) for _ in range(n)]
    seeds = sorted({dice.between(0, n - 1) for _ in range(dice.between(0, 3))})
    return {1: dice.between(1, 5), 2: dice.between(0, 65535), 3: seeds, 4: dice.between(0, 8)}, graph(table)


def media(dice):
    w, h, c = dice.between(1, 9), dice.between(1, 9), dice.between(0, 1) * 2 + 1
    data, ops = image(w, h, c, dice.bytes(w * h * c)), []
    for _ in range(dice.between(1, 4)):
        number = dice.between(1, 8)
        if number == 1 and c == 3:
            ops, c = ops + [[1]], 1
        elif number == 2:
            x, y = dice.between(0, w - 1), dice.between(0, h - 1)
            w, h = dice.between(1, w - x), dice.between(1, h - y)
            ops.append([2, x, y, w, h])
        elif number == 3:
            fx, fy = dice.between(1, min(3, w)), dice.between(1, min(3, h))
            ops, w, h = ops + [[3, fx, fy]], w // fx, h // fy
        elif number == 4:
            kernel = [dice.between(-20, 20) for _ in range(9)]
            ops.append([4, kernel, dice.between(1, 40), dice.between(-255, 255)])
        elif number == 5:
            ops.append([5, TABLE])
        elif number == 6:
            w, h = dice.between(1, 12), dice.between(1, 12)
            ops.append([6, w, h])
        elif number == 7:
            ops.append([7, dice.between(0, 255)])
        else:
            ops, w, h = ops + [[8]], h, w
    return {1: ops}, data


def search(dice):
    words = [b"alpha", b"Beta", b"x1", b"\xc3\xa9t\xc3\xa9", b"7", b"-", b"node", b"ALPHA!"]
    texts = [b" ".join(words[dice.between(0, 7)] for _ in range(dice.between(0, 14)))
             for _ in range(dice.between(1, 7))] + [b"alpha"]
    tokens = {(b"alpha", b"beta", b"x1", b"\xc3\xa9t\xc3\xa9", b"absent")[dice.between(0, 4)] for _ in range(3)}
    return {1: [[t, dice.between(0, 2**20)] for t in sorted(tokens)], 2: dice.between(0, 2**19),
            3: dice.between(0, 65536), 4: dice.between(256, 2**14), 5: dice.between(0, 6),
            6: dice.between(0, 2**63 - 1 - len(texts))}, documents(texts)


def aggregate(dice):
    pairs = [(SHORT[dice.between(0, 5)], dice.between(1 - 2**47, 2**47 - 1)) for _ in range(dice.between(1, 20))]
    return {}, rows(pairs)


def memory(dice):
    def text(most):
        return dice.bytes(dice.between(0, most))

    start = sorted({SHORT[dice.between(0, 5)] for _ in range(3)})
    operations = []
    for _ in range(dice.between(1, 14)):
        number, key = dice.between(1, 6), SHORT[dice.between(0, 5)]
        body = {1: [(4, text(80))], 4: [dice.bytes(8)], 5: [(4, bytes(dice.between(0, 2))), (4, text(8))],
                6: [(2, SHORT[dice.between(0, 5)]), u32s(dice.between(0, 4))]}
        operations.append(operation(number, key, *body.get(number, ())))
    data = snapshot([(k, (text(8), bytes(2), bytes(8))[dice.between(0, 2)]) for k in start])
    return {}, data + u32s(len(operations)) + b"".join(operations)


CASES = {"mc@1 path.v1": path, "mc@1 insurance.v1": insurance, "mc@1 eta.v1": eta, "graph@1 pagerank.v1": graph_case,
         "media@1 raster.v1": media, "search@1 rank.v1": search, "aggregate@1 group.v1": aggregate,
         "memory@1 kv.v1": memory}

# The ranges of integer arguments: what lies just outside names the argument.
RANGES = {
    "mc@1 path.v1": {1: (1, 2**26), 2: (1, 4096), 3: (-2**36, 2**36), 4: (-2**23, 2**23), 5: (0, 2**23),
                     6: (0, 1), 7: (-2**36, 2**36), 8: (0, 2**64 - 1)},
    "mc@1 insurance.v1": {1: (1, 2**26), 2: (0, 2**42), 3: (-2**29, 2**29), 4: (0, 2**27), 5: (0, 2**32),
                          6: (-2**29, 2**29), 7: (0, 2**27), 8: (1, 2**52), 9: (1, 2**52), 10: (0, 2**64 - 1)},
    "mc@1 eta.v1": {1: (1, 2**26), 2: (0, 2**40), 3: (-2**40, 2**40), 4: (0, 2**36), 5: (0, 2**32),
                    6: (-2**40, 2**40), 7: (0, 2**36), 8: (0, 2**32), 9: (-2**40, 2**40), 10: (0, 2**36),
                    11: (0, 2**64 - 1)},
    "graph@1 pagerank.v1": {1: (1, 256), 2: (0, 65535), 4: (0, 4096)},
    "search@1 rank.v1": {2: (0, 2**19), 3: (0, 65536), 4: (256, 2**32), 5: (0, 4096), 6: (0, 2**63 - 1)},
    "media@1 raster.v1": {}, "aggregate@1 group.v1": {}, "memory@1 kv.v1": {},
}


def values(program):
    """Other values of the arguments that are no integers: most of them break a rule."""
    pixels = [[1], [7, 1]]
    return {
        "mc@1 path.v1": {9: [[0, 0, 1], [0, 1, 0], [0, 1, 1025], [2**36 + 1, 1, 1], [0, 2**37 + 1, 1], [0, 1], [],
                             [0, 2**37, 1024], [-2**36, 1, 1]]},
        "graph@1 pagerank.v1": {3: [[1, 1], [2, 1], [2**24], [-1], list(range(4097))]},
        "search@1 rank.v1": {1: [[], [[b"a", 1]] * 2, [[b"", 1]], [[b"A", 1]], [[b"a b", 1]], [[b"a", 2**20 + 1]],
                                 [[b"a"]], [[b"a" * 65, 1]], [[b"a", -1]], [["a", 1]], [[b"%d" % i, 1] for i in range(65)],
                                 [[b"%d" % i, 2**20] for i in range(64)], [[b"\x80" * 64, 0]]]},
        "media@1 raster.v1": {1: [[], [[7, 1]] * 33, [[7, 1]] * 32, [[1], [1]], [[0]], [[9]], [[]], [[7]], [[7, 256]],
                                  [[7, -1]], [[8, 0]], [[5, b"x"]], [[5, bytes(257)]], [[6, 0, 1]], [[6, 16385, 1]],
                                  [[6, 16384, 16384]], [[2, 0, 0, 0, 1]], [[2, 0, 0, 99, 1]], [[2, 16385, 0, 1, 1]],
                                  [[3, 0, 1]], [[3, 99, 1]], [[4, [0] * 8, 1, 0]], [[4, [0] * 9, 0, 0]],
                                  [[4, [0] * 9, 2**31, 0]], [[4, [2**15 + 1] + [0] * 8, 1, 0]], [[4, [0] * 9, 1, 256]],
                                  [[4, [-2**15] * 9, 2**31 - 1, -255]], pixels, [1], [[7, "1"]]]},
    }.get(program, {})


INPUTS = {
    "mc@1 path.v1": [b"x"], "mc@1 insurance.v1": [b"x"], "mc@1 eta.v1": [b"x"],
    "graph@1 pagerank.v1": [
        b"", bytes(7), u32s(0, 0), u32s(0, 0, 0), u32s(2**24 + 1, 0), u32s(1, 0, 0), u32s(1, 0, 0) + b"x",
        u32s(1, 1, 0, 1, 0), u32s(1, 1, 0, 1, 1), u32s(2, 2, 0, 2, 2, 1, 0), u32s(2, 2, 0, 2, 2, 0, 0),
        u32s(2, 1, 1, 1, 1, 0), u32s(2, 1, 0, 0, 0, 0), u32s(3, 2, 0, 2, 1, 2, 0, 1), u32s(3, 1, 0, 2, 2, 1, 0),
        u32s(3, 2, 0, 3, 1, 2, 2, 1), u32s(1, 2**32 - 1, 0, 0)],
    "media@1 raster.v1": [
        b"", bytes(11), u32s(0, 1, 1), u32s(1, 0, 1) + b"x", u32s(1, 1, 2) + b"xx", u32s(16385, 1, 1), u32s(1, 16385, 4),
        u32s(1, 1, 1), u32s(1, 1, 1) + b"xx", u32s(1, 1, 3) + b"xyz", u32s(2, 2, 1) + b"wxyz"],
    "search@1 rank.v1": [
        b"", bytes(3), u32s(0), u32s(0) + b"x", u32s(1), u32s(1, 0), u32s(1, 1), u32s(1, 2) + b"x", u32s(1, 1) + b"xy",
        u32s(2, 1) + b"abcd", u32s(2, 8) + b"abcd", u32s(2**32 - 1, 1), u32s(1, 2**32 - 1) + b"a", u32s(2, 0, 1) + b"a"],
    "aggregate@1 group.v1": [
        b"", bytes(3), u32s(0), u32s(0) + b"x", u32s(1), u32s(1) + bytes(9), u32s(1) + bytes(10), u32s(1) + bytes(11),
        u32s(1) + b"\1\0" + bytes(8), u32s(1) + b"\1\0" + bytes(9), u32s(1) + bytes(2) + struct.pack("<q", 2**47),
        u32s(1) + bytes(2) + struct.pack("<q", -2**47), u32s(1) + bytes(2) + struct.pack("<q", 1 - 2**47),
        u32s(2) + bytes(2) + struct.pack("<q", 2**62) + bytes(10), u32s(2) + bytes(19), u32s(2) + b"\xff\xff" + bytes(30)],
    "memory@1 kv.v1": [
        b"", bytes(3), bytes(4), bytes(8), u32s(0, 0) + b"x", u32s(1), u32s(1) + bytes(5), u32s(1) + bytes(6),
        u32s(1) + bytes(10), snapshot([(b"a", b""), (b"a", b"")]) + u32s(0), snapshot([(b"b", b""), (b"a", b"")]),
        snapshot([(b"", b""), (b"a", b"x")]) + u32s(0), u32s(0, 1), u32s(0, 1) + b"\2", u32s(0, 1) + b"\2\0\0",
        u32s(0, 1) + b"\0\0\0", u32s(0, 1) + b"\7\0\0", u32s(0, 1) + b"\2\1\0", u32s(0, 1) + b"\2\0\0\0",
        u32s(0, 2) + b"\2\0\0\2\0\0", u32s(0, 2) + b"\2\0\0\2\0", u32s(0, 1) + b"\4\0\0" + bytes(7),
        u32s(0, 1) + b"\1\0\0" + u32s(2) + b"x", u32s(0, 1) + b"\5\0\0" + u32s(0), u32s(0, 1) + b"\6\0\0\0\0" + bytes(3)],
}
