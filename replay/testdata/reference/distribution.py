"""Histograms, distributions and what follows from them (docs/determinism.md sections 7 and 8)."""
from wire import MAX_UINT, Malformed, NoResult, Reader, be128

BUCKETS, MOST, MOST_N = 44_033, 2**52, 2**38


def bucket(x):
    s = x.bit_length() - 11
    return x if x < 2**11 else 1024 * s + (x >> s)


def bounds(b):
    """The smallest and the largest number of a bucket."""
    if b < 2048:
        return b, b
    s = b // 1024 - 1
    low = (1024 + b % 1024) << s
    return low, low + 2**s - 1


def square(x):
    return (x * x) >> 16


class Distribution:
    def __init__(self, outcomes=()):
        self.n, self.sum, self.squares = 0, 0, 0
        self.min, self.max, self.counts = None, None, {}
        for x in outcomes:
            self.n, self.sum, self.squares = self.n + 1, self.sum + x, self.squares + square(x)
            self.min = x if self.min is None else min(self.min, x)
            self.max = x if self.max is None else max(self.max, x)
            self.counts[bucket(x)] = self.counts.get(bucket(x), 0) + 1

    def value(self):
        counts = [[b, self.counts[b]] for b in sorted(self.counts)]
        return [self.n, be128(self.sum), be128(self.squares), self.min, self.max, counts]

    def add(self, x):
        if self.n == 0:
            self.min, self.max = x.min, x.max
        self.n, self.sum, self.squares = self.n + x.n, self.sum + x.sum, self.squares + x.squares
        self.min, self.max = min(self.min, x.min), max(self.max, x.max)
        for b, count in x.counts.items():
            self.counts[b] = self.counts.get(b, 0) + count

    def within(self):
        """Count, low' and high' of each bucket, ascending."""
        for b in sorted(self.counts):
            low, high = bounds(b)
            yield self.counts[b], max(low, self.min), min(high, self.max)

    def check(self, n):
        """Raises NoResult if it has not the right shape for n outcomes."""
        good = self.n == n and self.counts and self.min <= self.max <= MOST
        good = good and sum(self.counts.values()) == n
        good = good and min(self.counts) == bucket(self.min) and max(self.counts) == bucket(self.max)
        if good:
            parts = list(self.within())
            good = sum(c * low for c, low, _ in parts) <= self.sum <= sum(c * high for c, _, high in parts)
            good = good and (sum(c * square(low) for c, low, _ in parts) <= self.squares
                             <= sum(c * square(high) for c, _, high in parts))
        if not good:
            raise NoResult("not a distribution of %d outcomes" % n)

    def quantile(self, level):
        rank, seen = (level * self.n + 999_999) // 1_000_000, 0
        for count, low, high in self.within():
            seen += count
            if seen >= rank:
                return [low, high]

    def tail_mean(self, level):
        rank = (level * self.n + 999_999) // 1_000_000
        left = t = max(self.n - rank, 1)
        lows = highs = 0
        for count, low, high in reversed(list(self.within())):
            here = min(count, left)
            left, lows, highs = left - here, lows + here * low, highs + here * high
        return [lows // t, -(-highs // t)]

    def mean(self):
        return self.sum // self.n

    def at_most(self, x):
        parts = list(self.within())
        return [sum(c for c, _, high in parts if high <= x), sum(c for c, low, _ in parts if low <= x)]


def read(data, n):
    """The distribution of n outcomes in an output; NoResult if it is none."""
    d, r = Distribution(), Reader(data)
    try:
        r.array(6, 6)
        d.n = r.int(0, MAX_UINT)
        d.sum, d.squares = (int.from_bytes(r.bytes(16, 16), "big") for _ in range(2))
        d.min, d.max = r.int(0, MAX_UINT), r.int(0, MAX_UINT)
        last = -1
        for _ in range(r.array(1, BUCKETS)):
            r.array(2, 2)
            last = r.int(last + 1, BUCKETS - 1)
            d.counts[last] = r.int(1, MAX_UINT)
        r.end()
    except Malformed:
        raise NoResult("not a distribution") from None
    d.check(n)
    return d


def merge(shards, parse, first):
    """The merge of insurance.v1 and eta.v1; `first` is the place of that argument, counts stand at 0."""
    total, before = Distribution(), None
    for args, output in shards:
        values = parse(args)
        rest = values[1:first]
        if before is not None and (rest != before[0] or values[first] != before[1]):
            raise NoResult("other arguments, or a gap")
        before = rest, values[first] + values[0]
        total.add(read(output, values[0]))
        if total.n > MOST_N:
            raise NoResult("too many outcomes")
    return total.value()
