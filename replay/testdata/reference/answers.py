#!/usr/bin/env python3
"""Answers questions: a JSON array on standard input, the array of answers on standard output.

Byte strings are hex. The vectors beside this file are such questions with their answers.
"""
import hashlib
import json
import sys

import distribution
import draws
import fixed
import generators
import programs
import sumtree
from blake3 import blake3
from wire import NoResult, encode


def named(data):
    """Bytes by size and hash."""
    return {"bytes": len(data), "blake3": blake3(data).hex()}


def run(seed, program, args, input, limit=0):
    """One shard."""
    status, output, units, field = programs.run(
        program, bytes.fromhex(seed), bytes.fromhex(args), bytes.fromhex(input), limit)
    return {"status": status, "units": units, "field": field, "output": named(output)}


def large(rows, keys, size, last, value, end):
    """One shard of aggregate@1 with input and output too large for this BLAKE3."""
    data = generators.large_rows(rows, keys, size, last, value, end)
    status, output, units, field = programs.run("aggregate@1 group.v1", generators.SEED, encode({}), data)
    hashes = [{"bytes": len(x), "sha256": hashlib.sha256(x).hexdigest()} for x in (data, output)]
    return {"status": status, "units": units, "field": field, "input": hashes[0], "output": hashes[1]}


def result(program, shards):
    """The result of a workload of given outputs; no bytes if there is none."""
    data = programs.result(program, [[bytes.fromhex(x) for x in shard] for shard in shards])
    return {"output": named(data or b"")}


def chain(seed, program, shards):
    """The result of a workload whose shards, args and inputs, are executed first."""
    outputs = []
    for args, data in shards:
        status, output, _, _ = programs.run(program, bytes.fromhex(seed), bytes.fromhex(args), bytes.fromhex(data))
        if status != "ok":
            return {"status": status, "output": named(b"")}
        outputs.append((bytes.fromhex(args), output))
    return {"status": "ok", "output": named(programs.result(program, outputs) or b"")}


def token(program, seed, args, shards, planner):
    data = programs.token(programs.program_id(program), bytes.fromhex(seed), bytes.fromhex(args),
                          [(bytes.fromhex(a), map(bytes.fromhex, inputs)) for a, inputs in shards],
                          bytes.fromhex(planner))
    return {"token": data.hex()}


def arithmetic(exp, means, draws):
    """Numbers of docs/determinism.md: e^y, sums of weights and Poisson numbers."""
    poisson = [fixed.Poisson(mean) for mean in means]
    return {"exp": [fixed.exp(y) for y in exp],
            "sums": [p.sum for p in poisson],
            "poisson": [[p.draw(u) for u in draws] for p in poisson]}


def statistics(output, n, levels, values):
    """What follows from a distribution of n outcomes."""
    try:
        d = distribution.read(bytes.fromhex(output), n)
    except NoResult:
        return {"refused": True}
    return {"refused": False, "mean": d.mean(), "quantiles": [d.quantile(q) for q in levels],
            "tails": [d.tail_mean(q) for q in levels], "shares": [d.at_most(x) for x in values]}


def leaf(key, count, sums, payload):
    return sumtree.Leaf(bytes.fromhex(key), count, sums, bytes.fromhex(payload))


def tree(type, leaves, locate=()):
    """A sum tree: root, totals, all proofs, and the leaves that hold (u, column)."""
    try:
        t = sumtree.Tree(type, [leaf(*x) for x in leaves])
    except sumtree.Refused:
        return {"refused": True}
    top = t.top()
    return {"refused": False, "root": t.root().hex(), "count": top.count if top else 0,
            "sums": list(top.sums) if top else [0] * sumtree.COLUMNS[type],
            "proofs": [t.proof(i).hex() for i in range(len(leaves))],
            "located": [t.locate(*x)[0] for x in locate]}


def proof(type, root, sums, proof, key, u, column):
    """What a proof shows of a key and of a micro-Credit or unit, of a tree with these totals."""
    try:
        shown = sumtree.verify(type, bytes.fromhex(root), bytes.fromhex(proof))
        if list(shown["top"].sums) != sums:
            raise sumtree.Refused("other totals")
    except sumtree.Refused:
        return {"member": False, "absent": False, "located": False}
    return {"member": sumtree.shows_member(shown, bytes.fromhex(key)),
            "absent": sumtree.shows_absent(shown, bytes.fromhex(key)),
            "located": sumtree.shows_locate(shown, u, column)}


def seed(origin, size, root, close, secret, round, beacon, auditor, cycle):
    s = draws.seed(origin, size, bytes.fromhex(root), close, bytes.fromhex(secret), round, bytes.fromhex(beacon))
    return {"seed": s.hex(), "commitment": draws.commitment(bytes.fromhex(auditor), cycle, bytes.fromhex(secret)).hex()}


def draw(seed, value, count):
    """The first draws of both kinds below a value."""
    s = bytes.fromhex(seed)
    return {"vouching": [draws.draw(s, i, value) for i in range(count)],
            "tracing": [draws.draw(s, i, value, draws.TRACING) for i in range(count)]}


def unit(seed, i, residual, amount, units):
    return {"unit": draws.unit(bytes.fromhex(seed), i, residual, amount, units)}


def size(confidence, fault):
    return {"draws": draws.sample_size(confidence, fault)}


def choice(nonce, workload, shard, valid):
    return {"twice": draws.executed_twice(bytes.fromhex(nonce), bytes.fromhex(workload), shard, valid)}


def commit(agent, nonce, output):
    """An agent's commitment to an output."""
    return {"commitment": draws.answer(*map(bytes.fromhex, (agent, nonce, output))).hex()}


def frame(seed, postings, count):
    """The trees over postings, and where the first draws lead. A posting is [index, [key, value]...]."""
    made = []
    for index, *pairs in postings:
        p = dict(pairs)
        made.append((index, {**p, 3: bytes.fromhex(p[3]), 13: bytes.fromhex(p[13])}))
    f = draws.Frame(made)
    drawn = [f.draw(bytes.fromhex(seed), i) for i in range(count if f.value else 0)]
    return {"root": f.tree.root().hex(), "value": f.value, "parties": len(f.parties),
            "draws": [{**d, "party": d["party"].hex()} for d in drawn]}


QUESTIONS = {f.__name__: f for f in (run, large, result, chain, token, arithmetic, statistics, tree, proof, seed, draw,
                                     unit, size, choice, commit, frame)}


def answer(question):
    return QUESTIONS[question["ask"]](**{k: v for k, v in question.items() if k != "ask"})


if __name__ == "__main__":
    json.dump([answer(q) for q in json.load(sys.stdin)], sys.stdout)
