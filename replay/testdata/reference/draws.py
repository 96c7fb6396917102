"""Seeds, draws, and the way from a micro-Credit to a work unit (docs/formats/sampling.md)."""
from blake3 import domain
from sumtree import Leaf, Tree
from wire import encode

MILLION = 10**6
VOUCHING, TRACING = 0x41, 0x42
PROVIDER = 1


def u16(n):
    return n.to_bytes(2, "big")


def u32(n):
    return n.to_bytes(4, "big")


def u64(n):
    return n.to_bytes(8, "big")


def first64(digest):
    return int.from_bytes(digest[:8], "big")


def sample_size(c, f):
    """Section 1: the smallest number of draws that misses a share f with at most 1 - c."""
    missed, n = MILLION, 0
    while missed > (MILLION - c) * MILLION**n:
        missed, n = missed * (MILLION - f), n + 1
    return n


def commitment(auditor, cycle, secret):
    return domain(0x64, auditor + u64(cycle) + secret)


def seed(origin, size, root, close_index, secret, beacon_round, beacon_hash):
    name = origin.encode()
    return domain(0x40, u16(len(name)) + name + u64(size) + root + u64(close_index) + secret
                  + u64(beacon_round) + beacon_hash)


def draw(s, i, value, kind=VOUCHING):
    """A number below value; for tracing, value is the debit of the journal."""
    bound = (2**64 - 1) // value * value
    t = 0
    while True:
        x = first64(domain(kind, s + u64(i) + u32(t)))
        if x < bound:
            return x % value
        t += 1


def unit(s, i, j, amount, units, base=0):
    r = first64(domain(0x43, s + u64(i))) % units
    return base + (j * units + r) // amount


def executed_twice(nonce, workload, shard, valid):
    """Section 5: whether a second agent executes the shard."""
    x = first64(domain(0x66, nonce + workload + u32(shard)))
    return valid < 10 or x * valid < 2**64


def answer(agent_key_id, nonce, output_hash):
    return domain(0x67, agent_key_id + nonce + output_hash)


CREDIT = 1


def posting_hash(p):
    """Of a posting, a map with the keys of records.md section 6.1."""
    return domain(0x31, encode(p))


def posting_tree(postings):
    """Type 2: of one party. A posting is (index of the settlement, map)."""
    ordered = sorted(postings, key=lambda x: (x[0], x[1][1]))
    leaves = []
    for index, p in ordered:
        sums = (p[5], 0) if p[4] == CREDIT else (0, p[5])
        leaves.append(Leaf(u64(index) + u16(p[1]), 1, sums, posting_hash(p)))
    return ordered, Tree(2, leaves)


class Frame:
    """The trees over the postings of a range (section 3)."""

    def __init__(self, postings):
        parties = {}
        for index, p in postings:
            parties.setdefault(bytes([p[2]]) + p[3], []).append((index, p))
        self.parties, leaves = [], []
        for key in sorted(parties):
            ordered, tree = posting_tree(parties[key])
            self.parties.append((key, ordered, tree))
            leaves.append(Leaf(key, tree.top().count, tree.top().sums, tree.root()))
        self.tree = Tree(1, leaves)
        self.value = sum(leaf.sums[0] for leaf in leaves if leaf.key[0] == PROVIDER)

    def draw(self, s, i):
        """Where draw i leads: u, party, settlement, line and work unit."""
        u = draw(s, i, self.value)
        place, before = self.tree.locate(u, 0)
        key, postings, tree = self.parties[place]
        j = u - before
        place, before = tree.locate(j, 0)
        (index, p), j = postings[place], j - before
        return {"u": u, "party": key[1:], "settlement": index, "line": p[1], "unit": unit(s, i, j, p[5], p[6], p[7])}
