"""Decimals, the exponential and Poisson numbers (docs/determinism.md sections 3 to 5)."""
import functools
import re
import struct

from blake3 import blake3
from chance import normal

EXP_BLAKE3 = "fba61597800fad4b85b8b71a72104d2acfefa4d40004635197f691937ff0dee1"
MOST = 2**52
NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")


def decimal(text, k):
    """Qk of a decimal, or None if it is refused."""
    m = NUMBER.fullmatch(text)
    if m is None or len(text) > 64:
        return None
    sign, whole, fraction, exponent = m.groups()
    fraction, exponent = fraction or "", int(exponent or "0")
    if abs(exponent) > 99:
        return None
    up, down = int(whole + fraction) << k, 10 ** (len(fraction) + 99)
    value = (2 * up * 10 ** (exponent + 99) + down) // (2 * down)
    if value >= 2**63:
        return None
    return -value if sign else value


@functools.cache
def powers():
    """E[i] = round(2^31 * 2^(i/256)), by integers alone."""
    values = []
    for i in range(256):
        guess = int(2 ** (31 + i / 256))
        low, high = guess - 4, guess + 4  # the largest n with n - 1/2 not above the number
        while high - low > 1:
            middle = (low + high) // 2
            if (2 * middle - 1) ** 256 <= 2 ** (256 * 32 + i):
                low = middle
            else:
                high = middle
        values.append(low)
    if blake3(struct.pack("<256I", *values)).hex() != EXP_BLAKE3:
        raise AssertionError("the table of powers is not that of the text")
    return values


def exp(y):
    """e^y in Q16, at most 2^52, of y in Q24."""
    y = max(-2**29, min(y, 2**29))
    t = (y * 12392656037) >> 25
    e, f = t >> 32, t % 2**32
    if e >= 36:
        return MOST
    if e < -17:
        return 0
    m, r = powers()[f >> 24], f % 2**24
    x = (r * 2977044472) >> 32
    x += (x * x) >> 33
    m += (m * x) >> 32
    return m << (e - 15) if e >= 15 else m >> (15 - e)


def lognormal(mu, sigma, u):
    return exp(mu + ((sigma * normal(u)) >> 24))


class Poisson:
    """The numbers of one mean, Q32."""

    def __init__(self, mean):
        mode = mean >> 32
        up, k, w = [], mode, 2**56
        while w:
            up.append(w)
            w, k = w * mean // ((k + 1) << 32), k + 1
        down, k, w = [], mode, 2**56
        while k > 0:
            w, k = (w * k << 32) // mean, k - 1
            if w == 0:
                break
            down.append(w)
        self.first, self.weights = mode - len(down), down[::-1] + up
        self.sum = sum(self.weights)

    def draw(self, u):
        v, k = (u * self.sum) >> 64, self.first
        for w in self.weights:
            if v < w:
                return k
            v, k = v - w, k + 1
        raise AssertionError("beyond the sum of the weights")
