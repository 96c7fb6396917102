"""Questions on sum trees and draws for trees.json and draws.json."""
from blake3 import blake3
from generators import SEED, Dice
from sumtree import COLUMNS, KEY_LENGTHS

SIZES = (0, 1, 2, 3, 7, 11)


def leaves(dice, tt, n, most=2**40):
    keys = sorted({dice.bytes(KEY_LENGTHS[tt]) for _ in range(n)})
    counts = [dice.between(0, 1000) if tt in (1, 4) else 1 for _ in keys]
    return [[key.hex(), count, [dice.between(0, most) for _ in range(COLUMNS[tt])], blake3(key).hex()]
            for key, count in zip(keys, counts)]


def places(given, column):
    """Every border between leaves with a sum, from both sides."""
    total, borders = 0, []
    for leaf in given:
        if leaf[2][column]:
            borders += [[total, column], [total + leaf[2][column] - 1, column]]
        total += leaf[2][column]
    return borders


def trees(File):
    file, dice = File("trees", "Sum trees and proofs (docs/formats/sum-trees.md)."), Dice(300)
    for tt in KEY_LENGTHS:
        for n in SIZES:
            given = leaves(dice, tt, n)
            locate = [p for column in range(COLUMNS[tt]) for p in places(given, column)]
            t = file.add("type %d, %d leaves" % (tt, n), "tree", type=tt, leaves=given, locate=locate)
            if n == 7:
                proofs(file, dice, tt, given, t)
        refused(file, dice, tt)
    return file


def proofs(file, dice, tt, given, t):
    """Proofs as they are, asked for their own key and for others, and with a bit changed."""
    for i, proof in enumerate(t["proofs"]):
        own = given[i][0]
        file.add("type %d, proof of leaf %d, other totals" % (tt, i), "proof", type=tt, root=t["root"],
                 sums=[s + 1 for s in t["sums"]], proof=proof, key=own, u=0, column=0)
        for key in (own, "00" * KEY_LENGTHS[tt], "ff" * KEY_LENGTHS[tt], own[:-2] + "%02x" % (int(own[-2:], 16) ^ 1)):
            file.add("type %d, proof of leaf %d" % (tt, i), "proof", type=tt, root=t["root"], sums=t["sums"],
                     proof=proof, key=key, u=dice.between(0, t["sums"][0]), column=0)
        bad = bytearray.fromhex(proof)
        bad[dice.between(0, len(bad) - 1)] ^= 1 << dice.between(0, 7)
        for name, data in (("a bit changed", bad.hex()), ("cut", proof[:-2]), ("a byte more", proof + "00")):
            file.add("type %d, proof of leaf %d, %s" % (tt, i, name), "proof", type=tt, root=t["root"],
                     sums=t["sums"], proof=data, key=own, u=0, column=0)


def refused(file, dice, tt):
    def add(name, given):
        file.add("type %d, %s" % (tt, name), "tree", type=tt, leaves=given, locate=[])

    good = leaves(dice, tt, 4)
    add("keys not ascending", good[::-1])
    add("a key twice", [good[0], good[0]])
    add("a key too short", [[good[0][0][2:], *good[0][1:]]])
    add("a sum of 2^63", [[good[0][0], 1, [2**63] * COLUMNS[tt], good[0][3]]])
    half = [[k, 1, [2**62] * COLUMNS[tt], p] for k, _, _, p in good]
    add("a total of 2^63", half[:2])
    add("the largest total", [half[0], [half[1][0], 1, [2**62 - 1] * COLUMNS[tt], half[1][3]]])
    if tt not in (1, 4):
        add("a count of 2", [[good[0][0], 2, *good[0][2:]]])


def seeds(file, dice):
    zero = "00" * 32
    question = dict(origin="forge.example/ledger", size=1000, root="01" + zero[2:], close=999, secret="02" + zero[2:],
                    round=77, beacon="03" + zero[2:], auditor="07" * 16, cycle=202609)
    all_seeds = [file.add("the seed of the text", "seed", **question)["seed"]]
    for i in range(5):
        other = {**question, "origin": "o" * dice.between(1, 200), "size": dice.between(0, 2**63 - 1),
                 "root": dice.bytes(32).hex(), "close": dice.between(0, 2**63 - 1) if i else 0,
                 "secret": dice.bytes(32).hex(), "round": 0 if i == 1 else dice.between(0, 2**63 - 1),
                 "beacon": zero if i == 1 else dice.bytes(32).hex(), "auditor": dice.bytes(16).hex(), "cycle": i}
        all_seeds.append(file.add("seed %d" % i, "seed", **other)["seed"])
    return all_seeds


def postings(dice, n):
    """Providers and others over a few settlements; every credit of a provider is for units."""
    parties, rows, base = [dice.bytes(16).hex() for _ in range(6)], [], 0
    for i in range(n):
        role, side = (1, 1) if i % 2 else (dice.between(2, 4), dice.between(1, 2))
        row = [5 + i // 4, [1, i % 4], [2, role], [3, parties[dice.between(0, 5)]], [4, side], [5, dice.between(1, 10**7)],
               [13, dice.bytes(16).hex()]]
        if role == 1:
            units = dice.between(1, 10**6)
            row += [[6, units], [7, base]]
            base += units
        rows.append(row)
    return rows


def draws(File):
    file, dice = File("draws", "Seeds, draws, units and choices (docs/formats/sampling.md)."), Dice(400)
    all_seeds = seeds(file, dice)
    for s, value in zip(all_seeds, (385001155, 1, 2**63 - 1, 2**63, 2**64 - 1, 10**6)):
        file.add("draws below %d" % value, "draw", seed=s, value=value, count=12)
    for i in range(24):
        amount, units = dice.between(1, 2**62 >> dice.between(0, 61)), dice.between(1, 2**62 >> dice.between(0, 61))
        residual = (0, amount - 1, dice.between(0, amount - 1))[i % 3]
        file.add("unit %d" % i, "unit", seed=all_seeds[i % 6], i=i, residual=residual, amount=amount, units=units)
    for c, f in ((800_000, 100_000), (950_000, 50_000), (990_000, 10_000), (1, 1), (999_999, 500_000), (950_000, 999_999),
                 (999_000, 1_000)):
        file.add("size for %d, %d" % (c, f), "size", confidence=c, fault=f)
    for valid in (0, 9, 10, 11, 1000, 2**40):
        for shard in (0, 7, 4095):
            file.add("choice after %d" % valid, "choice", nonce=SEED.hex(), workload="05" * 16, shard=shard, valid=valid)
    for k in range(3):
        file.add("commitment %d" % k, "commit", agent=dice.bytes(32).hex(), nonce=dice.bytes(32).hex(),
                 output=dice.bytes(32).hex())
    for i, n in enumerate((1, 2, 3, 8, 40)):
        file.add("frame of %d postings" % n, "frame", seed=all_seeds[i], postings=postings(dice, n), count=20)
    return file
