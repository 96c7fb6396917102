"""media@1 raster.v1: pipeline on an image (docs/formats/replay.md section 7.3)."""
from wire import Input, Invalid, Malformed, arguments, check_limit

NAME = "media", "raster.v1"
MAX_SIDE, MAX_SAMPLES = 16_384, 2**26 - 12
LUMA, CROP, BOX, CORRELATION, TABLE, RESIZE, THRESHOLD, ROTATE = range(1, 9)
merge = None  # the list of output hashes


def operation(r):
    """[number, operands...] of one operation."""
    length, number = r.array(1, 5), r.int(1, 8)
    if length != (None, 1, 5, 3, 4, 2, 3, 2, 1)[number]:
        raise Malformed
    def side():
        return r.int(1, MAX_SIDE)
    def place():
        return r.int(0, MAX_SIDE)
    if number == CROP:
        return [number, place(), place(), side(), side()]
    if number in (BOX, RESIZE):
        return [number, side(), side()]
    if number == CORRELATION:
        r.array(9, 9)
        kernel = [r.int(-2**15, 2**15) for _ in range(9)]
        return [number, kernel, r.int(1, 2**31 - 1), r.int(-255, 255)]
    if number == TABLE:
        return [number, r.bytes(256, 256)]
    if number == THRESHOLD:
        return [number, r.int(0, 255)]
    return [number]


def parse(args):
    return arguments(args, ("ops", lambda r, _: [operation(r) for _ in range(r.array(1, 32))]))[0]


def plan(op, w, h, c):
    """Width, height, channels after an operation, and the weight of its samples."""
    number = op[0]
    if number == LUMA:
        if c != 3:
            raise Invalid("ops")
        return w, h, 1, 1
    if number == CROP:
        _, x0, y0, w2, h2 = op
        if x0 + w2 > w or y0 + h2 > h:
            raise Invalid("ops")
        return w2, h2, c, 1
    if number == BOX:
        _, fx, fy = op
        if fx > w or fy > h:
            raise Invalid("ops")
        return w // fx, h // fy, c, fx * fy
    if number == RESIZE:
        return op[1], op[2], c, 4
    if number == ROTATE:
        return h, w, c, 1
    return w, h, c, 9 if number == CORRELATION else 1


def resize(a, w, h, w2, h2):
    def axis(n, n2):
        for x in range(n2):
            p = ((2 * x + 1) * n * 65536) // (2 * n2) - 32768
            p = max(0, min(p, (n - 1) * 65536))
            yield p >> 16, min((p >> 16) + 1, n - 1), (p >> 8) % 256

    columns = list(axis(w, w2))
    result = []
    for k, l, f in axis(h, h2):
        row = []
        for i, j, g in columns:
            t0 = a[k][i] * (256 - g) + a[k][j] * g
            t1 = a[l][i] * (256 - g) + a[l][j] * g
            row.append((t0 * (256 - f) + t1 * f + 32768) >> 16)
        result.append(row)
    return result


def correlate(a, w, h, kernel, d, bias):
    def at(x, y):
        return a[max(0, min(y, h - 1))][max(0, min(x, w - 1))]

    def sample(x, y):
        total = sum(kernel[3 * j + i] * at(x + i - 1, y + j - 1) for j in range(3) for i in range(3))
        return max(0, min(total // d + bias, 255))

    return [[sample(x, y) for x in range(w)] for y in range(h)]


def box(a, w2, h2, fx, fy):
    area = fx * fy

    def sample(x, y):
        total = sum(sum(row[x * fx:(x + 1) * fx]) for row in a[y * fy:(y + 1) * fy])
        return (total + area // 2) // area

    return [[sample(x, y) for x in range(w2)] for y in range(h2)]


def channel(op, a, w, h, w2, h2):
    """One channel, rows of samples, after any operation but luma."""
    number = op[0]
    if number == CROP:
        return [row[op[1]:op[1] + w2] for row in a[op[2]:op[2] + h2]]
    if number == BOX:
        return box(a, w2, h2, op[1], op[2])
    if number == CORRELATION:
        return correlate(a, w, h, *op[1:])
    if number == TABLE:
        return [[op[1][x] for x in row] for row in a]
    if number == RESIZE:
        return resize(a, w, h, w2, h2)
    if number == THRESHOLD:
        return [[255 if x >= op[1] else 0 for x in row] for row in a]
    return [[a[h - 1 - x][y] for x in range(w2)] for y in range(h2)]


def luma(planes):
    return [[(77 * r + 150 * g + 29 * b + 128) >> 8 for r, g, b in zip(*rows)] for rows in zip(*planes)]


def run(seed, args, data, limit):
    ops, r = parse(args), Input(data, 12)
    w, h, c = r.int(4, "input"), r.int(4, "input"), r.int(4, "input")
    for value, name in ((w, "width"), (h, "height")):
        if not 1 <= value <= MAX_SIDE:
            raise Invalid(name)
    if c not in (1, 3):
        raise Invalid("channels")
    if r.left() != w * h * c:
        raise Invalid("input")
    sizes, units = [(w, h, c)], 0
    for op in ops:
        *size, weight = plan(op, *sizes[-1])
        samples = size[0] * size[1] * size[2]
        if samples > MAX_SAMPLES:
            raise Invalid("ops")
        sizes.append(tuple(size))
        units += samples * weight
    check_limit(units, limit)
    planes = [[list(data[12 + y * w * c + k:12 + (y + 1) * w * c:c]) for y in range(h)] for k in range(c)]
    for op, (w, h, _), (w2, h2, _) in zip(ops, sizes, sizes[1:]):
        planes = [luma(planes)] if op[0] == LUMA else [channel(op, a, w, h, w2, h2) for a in planes]
    w, h, c = sizes[-1]
    head = b"".join(x.to_bytes(4, "little") for x in (w, h, c))
    return head + bytes(plane[y][x] for y in range(h) for x in range(w) for plane in planes), units
