"""All built-in programs: names, ids, runs, merges and the replay token (docs/formats/replay.md)."""
import aggregate
import eta
import graph
import insurance
import media
import memory
import path
import search
from blake3 import blake3, domain
from wire import MAX_OUTPUT, Invalid, NoResult, OverLimit, encode

ALL = {"%s@1 %s" % m.NAME: m for m in (path, insurance, eta, graph, media, search, aggregate, memory)}
MAX_RESULT, MAX_SHARDS = 2**30, 4096


def program_id(name):
    family, profile = ALL[name].NAME
    return domain(0x62, encode({1: family, 2: 1, 3: profile, 4: 0}))


def run(name, seed, args, data, limit=0):
    """(status, output, units, field) of a shard."""
    try:
        output, units = ALL[name].run(seed, args, data, limit)
        if len(output) > MAX_OUTPUT:
            raise Invalid("output")
        return "ok", output, units, ""
    except Invalid as e:
        return "invalid", b"", 0, e.args[0]
    except OverLimit:
        return "over-limit", b"", 0, ""


def result(name, shards):
    """The result of a workload of (args, output) in idx order, or None if there is none."""
    merge = ALL[name].merge
    if not 1 <= len(shards) <= MAX_SHARDS:
        return None
    try:
        merged = merge(shards) if merge else [blake3(output) for _, output in shards]
    except (Invalid, NoResult):
        return None
    data = encode([program_id(name), merged])
    return data if len(data) <= MAX_RESULT else None


def token(program, seed, args, shards, planner=bytes(32)):
    """The replay token; shards are (args hash, input hashes)."""
    return domain(0x65, encode([program, seed, args, [[a, list(i)] for a, i in shards], planner]))
