"""search@1 rank.v1: integer BM25 (docs/formats/replay.md section 7.4)."""
import re

from wire import (MAX_UINT, Input, Invalid, Malformed, NoResult, Reader, arguments, check_limit, encode,
                  number, top)

NAME = "search", "rank.v1"
TOKEN = re.compile(rb"[0-9A-Za-z\x80-\xff]+")
MAX_ID = 2**63 - 1


def query(r, _):
    tokens = []
    for _ in range(r.array(1, 64)):
        r.array(2, 2)
        token, idf = r.bytes(1, 64), r.int(0, 2**20)
        if not TOKEN.fullmatch(token) or token != lower(token) or token in (t for t, _ in tokens):
            raise Malformed
        tokens.append((token, idf))
    return tokens


def lower(token):
    """A-Z lowered, all other bytes as they are."""
    return bytes(b + 32 if 65 <= b <= 90 else b for b in token)


def parse(args):
    return arguments(args, ("tokens", query), number("k1", 0, 2**19), number("b", 0, 65536),
                     number("avgdl", 256, 2**32), number("topk", 0, 4096), number("first", 0, MAX_ID))


def score(values, tokens):
    """The score of one document."""
    asked, k1, b, avgdl, _, _ = values
    norm = (65536 - b) + b * len(tokens) * 256 // avgdl
    total = 0
    for token, idf in asked:
        tf = min(tokens.count(token), 65535)
        if tf > 0:
            total += idf * (((tf << 16) * (k1 + 65536)) >> 16) // ((tf << 16) + ((k1 * norm) >> 16))
    return total


def run(seed, args, data, limit):
    values, r = parse(args), Input(data, 4)
    topk, first = values[4:]
    ndocs = r.int(4, "documents")
    units = r.left() - 4 * ndocs
    if units < 0:
        raise Invalid("documents")
    if units == 0:
        raise Invalid("units")
    if first + ndocs > MAX_ID:
        raise Invalid("first")
    check_limit(units, limit)
    words, found = 0, []
    for i in range(ndocs):
        document = r.take(r.int(4, "documents"), "documents")
        tokens = [lower(t) for t in TOKEN.findall(document)]
        words += len(tokens)
        found.append((first + i, score(values, tokens)))
    r.end()
    return encode([ndocs, words, top((p for p in found if p[1] > 0), topk)]), units


def read(output, topk, first):
    r, found = Reader(output), []
    try:
        r.array(3, 3)
        ndocs, words = r.int(0, 2**24), r.int(0, MAX_UINT)
        for _ in range(r.array(0, topk)):
            r.array(2, 2)
            found.append([r.int(first, first + ndocs - 1), r.int(1, MAX_UINT)])
        r.end()
    except Malformed:
        raise NoResult("not the shape of an output") from None
    order = [(-s, i) for i, s in found]
    if first + ndocs > MAX_ID or any(a >= b for a, b in zip(order, order[1:])):
        raise NoResult("not the shape of an output")
    return ndocs, words, found


def merge(shards):
    before, docs, words, union = None, 0, 0, []
    for args, output in shards:
        *rest, topk, first = parse(args)
        if before is not None and ([rest, topk] != before[0] or first < before[1]):
            raise NoResult("other arguments, or an id twice")
        n, more, found = read(output, topk, first)
        before = [rest, topk], first + n
        docs, words, union = docs + n, words + more, top(union + found, topk)
        if docs > MAX_UINT or words > MAX_UINT:
            raise NoResult("a counter leaves its 64 bits")
    return [docs, words, union]
