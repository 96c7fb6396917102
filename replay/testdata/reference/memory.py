"""memory@1 kv.v1: ordered key-value memory (docs/formats/replay.md section 7.6)."""
from blake3 import blake3, domain
from wire import Input, Invalid, arguments, check_limit, encode

NAME = "memory", "kv.v1"
PUT, GET, DEL, ADD, CAS, SCAN = range(1, 7)
merge = None  # the list of output hashes


def parse(args):
    return arguments(args)


def entry(key, value):
    return len(key).to_bytes(2, "little") + key + len(value).to_bytes(4, "little") + value


def read_snapshot(r):
    n, memory, last = r.int(4, "entries"), {}, None
    if n > (len(r.data) - 4) // 6:
        raise Invalid("entries")
    for _ in range(n):
        key = r.take(r.int(2, "entries"), "entries")
        value = r.take(r.int(4, "entries"), "entries")
        if last is not None and key <= last:
            raise Invalid("keys")
        last, memory[key] = key, value
    return memory


def read_operation(r):
    """(number, key, operands...)."""
    def text(size):
        return r.take(r.int(size, "ops"), "ops")

    number, key = r.int(1, "ops"), text(2)
    if number == PUT:
        return number, key, text(4)
    if number == ADD:
        return number, key, r.int(8, "ops")
    if number == CAS:
        return number, key, text(4), text(4)
    if number == SCAN:
        return number, key, text(2), r.int(4, "ops")
    if number in (GET, DEL):
        return number, key
    raise Invalid("ops")


def scan(memory, start, end, limit):
    keys = [k for k in sorted(memory) if k >= start and (not end or k < end)]
    return b"".join(entry(k, memory[k]) for k in keys[:limit])


def apply(memory, number, key, *operands):
    """Status, answer and bytes touched of one operation."""
    old = memory.get(key)
    if number == PUT:
        memory[key] = operands[0]
        return 0, b"", len(operands[0])
    if number == GET:
        return (1, b"", 0) if old is None else (0, old, len(old))
    if number == DEL:
        return (1, b"", 0) if memory.pop(key, None) is None else (0, b"", 0)
    if number == ADD:
        old = bytes(8) if old is None else old
        if len(old) != 8:
            return 3, b"", 0
        new = (int.from_bytes(old, "little") + operands[0]) % 2**64
        memory[key] = new.to_bytes(8, "little")
        return 0, memory[key], 8
    if number == CAS:
        if old is None:
            return 1, b"", 0
        if old != operands[0]:
            return 2, old, len(old)
        memory[key] = operands[1]
        return 0, b"", len(operands[1])
    out = scan(memory, key, *operands)
    return 0, out, len(out)


def run(seed, args, data, limit):
    parse(args)
    r = Input(data, 4)
    memory = read_snapshot(r)
    nops = r.int(4, "ops")
    if nops > r.left() // 3:
        raise Invalid("ops")
    check_limit(nops, limit)
    operations = [read_operation(r) for _ in range(nops)]
    r.end()
    if nops == 0:
        raise Invalid("units")
    units, chain = nops, bytes(32)
    for operation in operations:
        status, out, touched = apply(memory, *operation)
        units += -(-touched // 64)
        check_limit(units, limit)
        chain = domain(0x52, chain + bytes([status]) + len(out).to_bytes(4, "little") + out)
    snapshot = len(memory).to_bytes(4, "little") + b"".join(entry(k, memory[k]) for k in sorted(memory))
    stored = sum(map(len, memory.values()))
    return encode([nops, chain, len(memory), stored, blake3(snapshot)]), units
