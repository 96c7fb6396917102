"""Random bits and normal numbers (docs/formats/replay.md section 7.0)."""
import decimal
import functools
import statistics
import struct

from blake3 import blake3, domain

M32, M64 = 2**32 - 1, 2**64 - 1
TABLE_BLAKE3 = "ec09756283b0163fac4729e489a6c5978172f561131bbc57c853e82e807a79c7"


def philox(counter, key):
    """One block of Philox4x32-10: four words."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        p0, p1 = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & M32, (p0 >> 32) ^ c3 ^ k1, p0 & M32
        k0, k1 = (k0 + 0x9E3779B9) & M32, (k1 + 0xBB67AE85) & M32
    return c0, c1, c2, c3


def work_key(seed):
    return struct.unpack_from("<2I", domain(0x50, seed))


class Chance:
    """The random bits of one family under one seed: blocks of an iteration, as pairs of words."""

    def __init__(self, seed, tag):
        self.key, self.tag = work_key(seed), tag

    def block(self, g, j):
        return philox((g & M32, g >> 32, j, self.tag), self.key)


def low(block):
    return block[0] | block[1] << 32


def high(block):
    return block[2] | block[3] << 32


def phi(x):
    """The probability that a normal number is below x, and the density there."""
    term = total = x
    k = 3
    while abs(term) > decimal.Decimal("1e-45"):
        term = term * x * x / k
        total += term
        k += 2
    two_pi = decimal.Decimal("6.28318530717958647692528676655900576839433879875021")
    density = (-x * x / 2).exp() / two_pi.sqrt()
    return decimal.Decimal("0.5") + density * total, density


def quantile(p):
    """round(2^24 z(p)): a first value from the library, then a step of Newton in 50 digits."""
    with decimal.localcontext() as context:
        context.prec = 50
        z = decimal.Decimal(-statistics.NormalDist().inv_cdf(float(p)))
        below, density = phi(-z)
        z += (below - p) / density
        return int((z * 2**24).to_integral_value(decimal.ROUND_HALF_EVEN))


@functools.cache
def table():
    with decimal.localcontext() as context:
        context.prec = 50
        values = [quantile(decimal.Decimal(32 + s) / 2**(e + 7)) for e in range(32) for s in range(32)]
    values.append(0)
    if blake3(struct.pack("<1025i", *values)).hex() != TABLE_BLAKE3:
        raise AssertionError("the quantile table is not that of the text")
    return values


def normal(u):
    """A normal number in Q24 from 64 random bits."""
    t, v = table(), u % 2**63
    e = 63 - v.bit_length()
    if e > 31:
        z = t[992]
    else:
        m = (v << (e + 2)) & M64
        s, f = m >> 59, (m >> 35) % 2**24
        a = t[32 * e + s]
        if s < 31:
            b = t[32 * e + s + 1]
        else:
            b = t[32 * (e - 1)] if e > 0 else t[1024]
        z = a + (((b - a) * f) >> 24)
    return z if u >> 63 else -z
