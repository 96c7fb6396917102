"""Questions on shards of aggregate@1 at the limits of section 7, too large to write out, for edges.json.

No other family has an output of 2^26 bytes: an image is refused by its sides before that.
"""
from aggregate import MAX_KEYS
from wire import MAX_INPUT

WIDE = 2**46  # a value that takes nine bytes in an output


def edges(File):
    file = File("edges", "Shards of aggregate@1 at the limits of input and output, by SHA-256 (docs/formats/replay.md 7).")

    def add(name, rows, keys, size, last, value=WIDE, end=WIDE):
        file.add(name, "large", rows=rows, keys=keys, size=size, last=last, value=value, end=end)

    # 57 bytes of a group beside its key, and 7 or 11 of heads
    add("output of 2^26 bytes", 1024, 1024, 65_535, 8184)
    add("output of 2^26 + 1 bytes", 1024, 1024, 65_535, 8185)
    add("output of 2^26 bytes, many groups", 70_000, 70_000, 901, 49_754)
    add("output of 2^26 + 1 bytes, many groups", 70_000, 70_000, 901, 49_755)
    # 10 bytes of a row beside its key, and 4 of the head; few keys, so that the output is small
    add("input of 2^26 bytes", 1024, 3, 65_526, 65_522)
    add("input of 2^26 + 1 bytes", 1024, 3, 65_526, 65_523)
    assert 4 + 1023 * (10 + 65_526) + 10 + 65_522 == MAX_INPUT
    # the value is looked at before the keys are counted, and the row after a key too many is not looked at
    add("first key too many has a value too high", MAX_KEYS + 1, MAX_KEYS + 1, 4, 4, end=2**47)
    add("value too high after a key too many", MAX_KEYS + 2, MAX_KEYS + 2, 4, 4, end=2**47)
    return file
