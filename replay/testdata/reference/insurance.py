"""mc@1 insurance.v1: frequency and severity of losses (docs/formats/replay.md section 7.1.1)."""
import distribution
from chance import Chance, high, low
from fixed import Poisson, lognormal
from wire import Invalid, arguments, check_limit, encode, first_of, number

NAME = "mc", "insurance.v1"
TAG = 0x6D630002


def parse(args):
    return arguments(
        args, number("iterations", 1, 2**26), number("claim_freq", 0, 2**42),
        number("claim_severity_mu", -2**29, 2**29), number("claim_severity_sig", 0, 2**27),
        number("cat_prob", 0, 2**32), number("cat_mu", -2**29, 2**29), number("cat_sig", 0, 2**27),
        number("policy_limit", 1, 2**52), number("aggregate_limit", 1, 2**52), first_of("first", 0))


def outcome(chance, g, claims, values):
    """What iteration g costs."""
    _, _, mu, sigma, cat, cat_mu, cat_sigma, most, most_of_all, _ = values
    block, cost = chance.block(g, 0), 0
    if block[2] < cat:
        cost += min(lognormal(cat_mu, cat_sigma, low(chance.block(g, 1))), most)
    for c in range(claims.draw(low(block))):
        z = chance.block(g, 2 + c // 2)
        cost += min(lognormal(mu, sigma, high(z) if c % 2 else low(z)), most)
    return min(cost, most_of_all)


def run(seed, args, data, limit):
    values = parse(args)
    if data:
        raise Invalid("input")
    n, mean, first = values[0], values[1], values[9]
    units = n * (2 + -(-mean // 2**32))
    check_limit(units, limit)
    chance, claims = Chance(seed, TAG), Poisson(mean)
    outcomes = (outcome(chance, g, claims, values) for g in range(first, first + n))
    return encode(distribution.Distribution(outcomes).value()), units


def merge(shards):
    return distribution.merge(shards, parse, 9)
