"""Sum trees and their proofs (docs/formats/sum-trees.md)."""
from blake3 import domain

KEY_LENGTHS = {1: 17, 2: 10, 3: 2, 4: 8, 5: 21}
COLUMNS = {1: 2, 2: 2, 3: 2, 4: 2, 5: 1}
BOUND = 2**63


class Refused(Exception):
    pass


def u8(n):
    return n.to_bytes(1, "big")


def u64(n):
    if not 0 <= n < BOUND:
        raise Refused("a count or sum of 2^63 or more")
    return n.to_bytes(8, "big")


def amounts(count, sums):
    return u64(count) + u8(len(sums)) + b"".join(map(u64, sums))


class Node:
    """What a node commits to: the smallest key, leaves, count, sums, and the hash."""

    def __init__(self, min_key, leaves, count, sums, digest):
        self.min, self.leaves, self.count, self.sums, self.hash = min_key, leaves, count, tuple(sums), digest

    def desc(self):
        return u8(len(self.min)) + self.min + u64(self.leaves) + amounts(self.count, self.sums) + self.hash


class Leaf:
    def __init__(self, key, count, sums, payload):
        self.key, self.count, self.sums, self.payload = key, count, tuple(sums), payload

    def head(self):
        return u8(len(self.key)) + self.key + amounts(self.count, self.sums)

    def node(self, tt):
        return Node(self.key, 1, self.count, self.sums, domain(0x20, u8(tt) + self.head() + self.payload))


def join(tt, left, right):
    if not left.min < right.min or len(left.sums) != len(right.sums):
        raise Refused("order of the keys")
    digest = domain(0x21, u8(tt) + left.desc() + right.desc())
    sums = [a + b for a, b in zip(left.sums, right.sums)]
    node = Node(left.min, left.leaves + right.leaves, left.count + right.count, sums, digest)
    node.desc()  # refuses what does not fit
    return node


class Tree:
    """A tree over leaves that ascend by key. The length of keys is checked where it is told."""

    def __init__(self, tt, leaves, key_length=None):
        length = key_length or KEY_LENGTHS[tt]
        for leaf in leaves:
            if len(leaf.key) != length or len(leaf.sums) != COLUMNS[tt]:
                raise Refused("length of a key, or columns")
            if tt in (2, 3, 5) and leaf.count != 1:
                raise Refused("a count other than 1")
        self.tt, self.leaves = tt, leaves
        self.levels = [[leaf.node(tt) for leaf in leaves]]
        while len(self.levels[-1]) > 1:
            row = self.levels[-1]
            above = [join(tt, *row[i:i + 2]) if i + 1 < len(row) else row[i] for i in range(0, len(row), 2)]
            self.levels.append(above)

    def top(self):
        return self.levels[-1][0] if self.leaves else None

    def root(self):
        if not self.leaves:
            return domain(0x22, u8(self.tt))
        return domain(0x23, u8(self.tt) + self.top().desc())

    def siblings(self, i):
        """From the bottom up; a level without a sibling is left out."""
        for level, row in enumerate(self.levels[:-1]):
            if (i >> level) ^ 1 < len(row):
                yield row[(i >> level) ^ 1]

    def proof(self, i):
        leaf = self.leaves[i]
        head = u64(i) + u64(len(self.leaves)) + leaf.head() + leaf.payload
        return head + b"".join(s.desc() for s in self.siblings(i))

    def locate(self, u, column):
        """The number of the leaf that holds u, and the sum before it."""
        before = 0
        for i, leaf in enumerate(self.leaves):
            if u < before + leaf.sums[column]:
                return i, before
            before += leaf.sums[column]
        raise Refused("beyond the sum")


class Parts:
    """Reads a proof (section 3)."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if n > len(self.data) - self.at:
            raise Refused("too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def u64(self):
        n = int.from_bytes(self.take(8), "big")
        if n >= BOUND:
            raise Refused("a number of 2^63 or more")
        return n

    def key(self, length):
        if self.take(1)[0] != length:
            raise Refused("length of a key")
        return self.take(length)

    def sums(self, columns):
        if self.take(1)[0] != columns:
            raise Refused("columns")
        return [self.u64() for _ in range(columns)]


def verify(tt, root, data, key_length=None):
    """What a proof shows: leaf, position, prefix sums, the mins to its right, totals. Refused if nothing."""
    length, columns, r = key_length or KEY_LENGTHS[tt], COLUMNS[tt], Parts(data)
    i, n = r.u64(), r.u64()
    if i >= n:
        raise Refused("position")
    leaf = Leaf(r.key(length), r.u64(), r.sums(columns), r.take(32))
    if tt in (2, 3, 5) and leaf.count != 1:
        raise Refused("a count other than 1")
    node, before, rights, level = leaf.node(tt), [0] * columns, [], 0
    while (n - 1) >> level > 0:
        number = (i >> level) ^ 1
        covered = min(2**level, n - (number << level))
        if covered > 0:
            sibling = Node(r.key(length), r.u64(), r.u64(), r.sums(columns), r.take(32))
            if sibling.leaves != covered or tt in (2, 3, 5) and sibling.count != covered:
                raise Refused("leaves of a sibling")
            if (i >> level) & 1:
                node, before = join(tt, sibling, node), [a + b for a, b in zip(before, sibling.sums)]
            else:
                node, rights = join(tt, node, sibling), rights + [sibling.min]
        level += 1
    if r.at != len(data):
        raise Refused("bytes left")
    if domain(0x23, u8(tt) + node.desc()) != root:
        raise Refused("another root")
    return {"leaf": leaf, "i": i, "before": before, "rights": rights, "top": node}


def shows_member(shown, key):
    return shown["leaf"].key == key and all(key < right for right in shown["rights"])


def shows_absent(shown, key):
    leaf = shown["leaf"].key
    return (all(key < right for right in shown["rights"]) and leaf != key
            and (leaf < key or shown["i"] == 0 and key < leaf))


def shows_locate(shown, u, column):
    low = shown["before"][column]
    leaf = shown["leaf"]
    return low <= u < low + leaf.sums[column] and all(leaf.key < right for right in shown["rights"])
