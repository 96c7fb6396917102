"""mc@1 eta.v1: times of arrival (docs/formats/replay.md section 7.1.2)."""
import distribution
from chance import Chance, high, low, normal
from wire import Invalid, arguments, check_limit, encode, first_of, number

NAME = "mc", "eta.v1"
TAG = 0x6D630003


def parse(args):
    def source(name):
        return number(name + "_mean", -2**40, 2**40), number(name + "_std", 0, 2**36)

    return arguments(
        args, number("iterations", 1, 2**26), number("base_eta", 0, 2**40), *source("traffic"),
        number("weather_prob", 0, 2**32), *source("weather"),
        number("incident_prob", 0, 2**32), *source("incident"), first_of("first", 0))


def delay(mean, deviation, u):
    return mean + ((deviation * normal(u)) >> 24)


def outcome(chance, g, values):
    """The time of arrival in iteration g, Q16."""
    _, base, traffic, traffic_std, wet, weather, weather_std, bad, incident, incident_std, _ = values
    x, y = chance.block(g, 0), chance.block(g, 1)
    time = base + delay(traffic, traffic_std, low(x))
    if x[2] < wet:
        time += delay(weather, weather_std, low(y))
    if x[3] < bad:
        time += delay(incident, incident_std, high(y))
    return max(time, 0)


def run(seed, args, data, limit):
    values = parse(args)
    if data:
        raise Invalid("input")
    n, first = values[0], values[10]
    check_limit(3 * n, limit)
    chance = Chance(seed, TAG)
    outcomes = (outcome(chance, g, values) for g in range(first, first + n))
    return encode(distribution.Distribution(outcomes).value()), 3 * n


def merge(shards):
    return distribution.merge(shards, parse, 10)
