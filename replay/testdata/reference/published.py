#!/usr/bin/env python3
"""Computes every published vector of replay again: replay-families.json and mc-profiles.json."""
import json
import pathlib

import chance
import distribution
import fixed
import programs
from blake3 import blake3
from generators import INPUTS, rnd

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
FAMILIES = {name.split("@")[0]: name for name in reversed(programs.ALL)}
failures = []


def expect(what, got, want):
    if got != want:
        failures.append("%s: got %s, want %s" % (what, got, want))


def name_of(case):
    return "mc@1 " + case["profile"] if "family" not in case else FAMILIES[case["family"]]


def load(case):
    given = case.get("input", {"hex": ""})
    data = bytes.fromhex(given["hex"]) if "hex" in given else INPUTS[given["generator"]]()
    if "blake3" in given:
        expect("input of " + str(case.get("name")), blake3(data).hex(), given["blake3"])
    return data


def run(seed, case):
    """The output of a case or of a shard of a merge, compared."""
    args, what = bytes.fromhex(case["args_hex"]), case.get("name", "shard")
    status, output, units, field = programs.run(name_of(case), seed, args, load(case))
    expect(what, (status, units, blake3(output).hex()), ("ok", case["units"], case["output_blake3"]))
    return args, output


def words(text):
    return tuple(int(w, 16) for w in text.split())


def cases(vectors):
    seed, outputs = bytes.fromhex(vectors["seed_hex"]), {}
    for case in vectors["cases"]:
        outputs[case["name"]] = run(seed, case)
    for pair in vectors["invalid"]:
        args, data = bytes.fromhex(pair["args_hex"]), bytes.fromhex(pair["input_hex"])
        status, _, _, field = programs.run(name_of(pair), seed, args, data)
        expect(pair["why"], (status, field), ("invalid", pair.get("field", field)))
    for merge in vectors["merges"]:
        keys = {k: merge[k] for k in ("family", "profile") if k in merge}
        result = programs.result(name_of(merge), [run(seed, {**s, **keys}) for s in merge["shards"]])
        expect(merge["name"], blake3(result or b"").hex(), merge["result_blake3"])
    return outputs


def families():
    v = json.loads((VECTORS / "replay-families.json").read_text())
    for block in v["philox"]:
        expect("philox", chance.philox(words(block["counter"]), words(block["key"])), words(block["output"]))
    expect("work key", chance.work_key(bytes.fromhex(v["seed_hex"])), tuple(int(w, 16) for w in v["wkey"]))
    expect("rnd", rnd(1, 16).hex(), v["rnd_1_16_hex"])
    for u, z in v["normal"]:
        expect("normal of " + u, chance.normal(int(u, 16)), z)
    for p in v["programs"]:
        expect("program id", programs.program_id(FAMILIES[p["family"]]).hex(), p["program_id"])
    t = v["replay_token"]
    shards = [(blake3(bytes.fromhex(a)), [bytes.fromhex(i) for i in inputs])
              for a, inputs in zip(t["shard_args_hex"], t["shard_inputs"])]
    token = programs.token(programs.program_id(FAMILIES["mc"]), bytes.fromhex(v["seed_hex"]),
                           blake3(bytes.fromhex(t["workload_args_hex"])), shards, bytes.fromhex(t["planner_hex"]))
    expect("token", token.hex(), t["replay_token"])
    cases(v)


def profiles():
    v = json.loads((VECTORS / "mc-profiles.json").read_text())
    for y, e in v["exp"]:
        expect("exp of %d" % y, fixed.exp(y), e)
    for row in v["poisson"]:
        p = fixed.Poisson(row["mean"])
        expect("poisson", (p.first, p.first + len(p.weights) - 1, p.sum), (row["first"], row["last"], row["sum"]))
        for u, k in row["draws"]:
            expect("poisson of " + u, p.draw(int(u, 16)), k)
    for x, *want in v["buckets"]:
        b = distribution.bucket(x)
        expect("bucket of %d" % x, [b, *distribution.bounds(b)], want)
    for text, k, value in v["decimals"] + [[*d, None] for d in v["decimals_refused"]]:
        expect("decimal " + text, fixed.decimal(text, k), value)
    outputs = cases(v)
    for row in v["statistics"]:
        args, output = outputs[row["case"]]
        n = {c["name"]: c for c in v["cases"]}[row["case"]]
        d = distribution.read(output, programs.ALL[name_of(n)].parse(args)[0])
        expect("mean", d.mean(), row["mean"])
        for level in row["levels"]:
            got = {"level": level["level"], "quantile": d.quantile(level["level"]), "tail_mean": d.tail_mean(level["level"])}
            expect(row["case"], got, level)
        for x, *want in row["at_most"]:
            expect("share", d.at_most(x), want)


if __name__ == "__main__":
    families()
    profiles()
    if failures:
        raise SystemExit("\n".join(failures))
    print("every published vector of replay is computed again")
