#!/usr/bin/env python3
"""Writes families.json, trees.json and draws.json: questions with the answers of this implementation.

With --check it compares the files that are there. With edges it does so with edges.json instead: its shards are
so large that they take half a minute. A file is {about, cases: [{name, question, answer}]}.
"""
import json
import pathlib
import sys

import cases
import programs
from answers import answer
from generators import SEED, TABLE, Dice, image, rnd
from wire import be128, encode

HERE = pathlib.Path(__file__).parent
SPLIT = {"mc@1 path.v1": 8, "mc@1 insurance.v1": 10, "mc@1 eta.v1": 11}  # the key of the first


class File:
    def __init__(self, name, about):
        self.name, self.about, self.cases = name, about, []

    def add(self, name, ask, **question):
        question = {"ask": ask, **question}
        self.cases.append({"name": name, "question": question, "answer": answer(question)})
        return self.cases[-1]["answer"]

    def text(self):
        lines = ",\n".join(json.dumps(c) for c in self.cases)
        return '{"about": %s, "cases": [\n%s\n]}\n' % (json.dumps(self.about), lines)


def mistakes(args):
    """Maps that no family takes, from one that it does."""
    data = encode(args)
    yield "no args", b""
    yield "no map", b"\x80"
    yield "a key more", encode({**args, len(args) + 1: 0})
    yield "byte after the map", data + b"\0"
    yield "cut", data[:-1]
    if len(args) == 9:  # once is enough: it is long
        yield "65,537 bytes", data + bytes(65_537 - len(data))
    if args:
        yield "a key missing", encode({k: v for k, v in args.items() if k != len(args)})
        yield "key 0", encode({(0 if k == 1 else k): v for k, v in args.items()})
        yield "count not in shortest form", b"\xb8" + bytes([len(args)]) + data[1:]
        yield "key not in shortest form", data[:1] + b"\x18\x01" + data[2:]
        yield "no value", data[:2]


def invalid(file, program, dice):
    """Pairs that break a rule, and those at the limit beside them."""
    def add(name, args, data, limit=1):
        file.add("%s, %s" % (program, name), "run", seed=SEED.hex(), program=program, args=args.hex(),
                 input=data.hex(), limit=limit)

    args, data = cases.CASES[program](dice)
    for name, bad in mistakes(args):
        add(name, bad, data)
    for key in args:
        add("text at key %d" % key, encode({**args, key: "1"}), data)
        low, high = cases.RANGES[program].get(key, (0, 0))
        if low < high:
            for value in {low - 1, low, high, high + 1, -2**64} - {2**64}:
                add("%d at key %d" % (value, key), encode({**args, key: value}), data)
    for key, values in cases.values(program).items():
        for i, value in enumerate(values):
            add("other value %d at key %d" % (i, key), encode({**args, key: value}), data)
    for i, other in enumerate(cases.INPUTS[program]):
        add("other input %d" % i, encode(args), other, 0)


def merges(file, program, dice):
    """A workload in three shards, and what spoils it."""
    def shard(first, n, change={}):
        args = {**base, 1: n, SPLIT[program]: first, **change} if program in SPLIT else {**base, **change}
        if program == "search@1 rank.v1":
            args[6] = first
        elif program not in SPLIT:
            _, own = cases.CASES[program](dice)
            return [encode(args).hex(), own.hex()]
        return [encode(args).hex(), data.hex()]

    base, data = cases.CASES[program](dice)
    good = [shard(1000, 7), shard(1007, 1), shard(1008, 12)]
    if program == "search@1 rank.v1":
        good = [shard(1000, 0), shard(1100, 0), shard(2000, 0)]
    attempts = {"three shards": good, "one shard": good[:1], "no shard": [], "first missing in between": good[::2],
                "other order": good[::-1], "the same twice": [good[0], good[0]]}
    if 4 in base:
        attempts["another argument"] = [good[0], shard(1007, 1, {4: 301})]
    for name, shards in attempts.items():
        file.add("%s, merge: %s" % (program, name), "chain", seed=SEED.hex(), program=program, shards=shards)


def operations(file, program):
    """Every operation of media by itself, on an image of 7 x 5 pixels."""
    kernel = [1, -2, 3, 40, 5, -6, 7, 8, -9]
    for op in ([1], [2, 1, 2, 4, 3], [3, 2, 3], [4, kernel, 29, -7], [5, TABLE], [6, 16, 13], [6, 3, 2], [6, 1, 1],
               [7, 128], [8]):
        file.add("%s, operation %s" % (program, op[0]), "run", seed=SEED.hex(), program=program,
                 args=encode({1: [op]}).hex(), input=image(7, 5, 3, rnd(6, 105)).hex())


def ties(file, program):
    """Sums in resize that are an exact half, which goes up: the result is not that of the nearest even, nor of a cut."""
    columns = b"".join(bytes(p) for p in ((0, 1), (1, 2), (1, 0), (254, 255)))
    rows = bytes((0, 1, 1, 254, 1, 2, 0, 255))
    for name, op, data in (
            ("side by side", [6, 1, 4], image(2, 4, 1, columns)),
            ("above each other", [6, 4, 1], image(4, 2, 1, rows)),
            ("of four", [6, 1, 1], image(2, 2, 3, bytes((0, 0, 255, 0, 1, 255, 0, 2, 254, 2, 3, 254)))),
            ("in quarters", [6, 4, 1], image(2, 1, 3, bytes((0, 2, 253, 2, 0, 255)))),
            ("in quarters, downwards", [6, 1, 4], image(1, 2, 1, bytes((0, 2))))):
        file.add("%s, resize, halves %s" % (program, name), "run", seed=SEED.hex(), program=program,
                 args=encode({1: [op]}).hex(), input=data.hex())


def sums(file, program):
    """Outputs whose sums leave their 16 bytes after a shard, and come back after the next or do not leave them at all."""
    def shard(total=0, squares=0, count=1):
        group = [b"k", count, be128(total, signed=True), 0, 0, be128(squares)]
        return [encode({}).hex(), encode([1, [group]]).hex()]

    high, low = 2**127 - 1, -2**127
    for name, shards in {
            "highest sum": [shard(high)], "lowest sum": [shard(low)],
            "sum beyond and back": [shard(high), shard(1), shard(-1)],
            "sum beyond and back, other order": [shard(high), shard(-1), shard(1)],
            "sum below and back": [shard(low), shard(-1), shard(1)],
            "sum below and back, other order": [shard(low), shard(1), shard(-1)],
            "sum beyond": [shard(high), shard(1)], "sum below": [shard(-1), shard(low)],
            "lowest and highest sum": [shard(low), shard(high)],
            "highest sum of squares": [shard(0, 2**128 - 2), shard(0, 1)],
            "sum of squares beyond": [shard(0, 2**128 - 1), shard(0, 1)],
            "highest count": [shard(count=2**64 - 2), shard()], "count beyond": [shard(count=2**64 - 1), shard()],
    }.items():
        file.add("%s, merge: %s" % (program, name), "result", program=program, shards=shards)


def families():
    file = File("families", "Shards and results of every program (docs/formats/replay.md).")
    for k, (program, throw) in enumerate(cases.CASES.items()):
        dice = Dice(100 + k)
        for i in range(5):
            args, data = throw(dice)
            question = {"seed": SEED.hex() if i < 3 else rnd(i, 32).hex(), "program": program,
                        "args": encode(args).hex(), "input": data.hex()}
            units = file.add("%s, dice %d" % (program, i), "run", **question)["units"]
            if i == 0:
                file.add("%s, dice %d, limit reached" % (program, i), "run", **question, limit=units)
                file.add("%s, dice %d, over the limit" % (program, i), "run", **question, limit=units - 1)
        if program == "media@1 raster.v1":
            operations(file, program)
            ties(file, program)
        if program == "aggregate@1 group.v1":
            sums(file, program)
        invalid(file, program, dice)
        merges(file, program, dice)
    arithmetic(file)
    return file


def arithmetic(file):
    dice = Dice(200)
    file.add("numbers", "arithmetic", exp=[dice.between(-2**29, 2**29) for _ in range(64)],
             means=[0, 1, 2**32, 2**42] + [dice.between(0, 2**36) for _ in range(8)],
             draws=[0, 2**63, 2**64 - 1] + [dice.between(0, 2**64 - 1) for _ in range(5)])
    args = {1: 40, 2: 2**33, 3: 2**26, 4: 2**25, 5: 2**30, 6: 2**27, 7: 2**24, 8: 2**52, 9: 2**52, 10: 5}
    output = programs.run("mc@1 insurance.v1", SEED, encode(args), b"")[1]
    file.add("statistics", "statistics", output=output.hex(), n=40,
             levels=[1, 250_000, 500_000, 975_000, 999_999, 1_000_000], values=[0, 2**24, 2**30, 2**52])


def main():
    import edges
    import tree_cases
    checking = "--check" in sys.argv[1:]
    if "edges" in sys.argv[1:]:
        files = [edges.edges(File)]
    else:
        files = [families(), tree_cases.trees(File), tree_cases.draws(File)]
    for file in files:
        place, text = HERE / (file.name + ".json"), file.text()
        if not checking:
            place.write_text(text)
            print("%s: %d cases, %d bytes" % (place.name, len(file.cases), len(text)))
        elif place.read_text() != text:
            raise SystemExit(place.name + " is not what this implementation writes")


if __name__ == "__main__":
    main()
