#!/usr/bin/env python3
"""Verifies receipt and consistency files offline, with a trust policy alone.

    verify.py POLICY FILE...

A second implementation, written from docs/formats (transparency.md, records.md)
with the Python standard library alone. It shares no code with the Go packages or
with generate.py, so that a proof is not checked only by what made it. One line
for each file: what is now known, or what is false. Exit code 0: all verified,
1: one is false, 2: wrong call or unusable policy.
"""
import base64
import binascii
import hashlib
import sys
import unicodedata


class Wrong(Exception):
    """What is wrong with a file."""


def demand(holds, reason):
    if not holds:
        raise Wrong(reason)


# --------------------------------------------------------------------- BLAKE3

WORDS = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
         0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)


def quarter(s, a, b, c, d, x, y):
    for word, high, low in ((x, 16, 12), (y, 8, 7)):
        s[a] = s[a] + s[b] + word & 0xFFFFFFFF
        t = s[d] ^ s[a]
        s[d] = (t >> high | t << 32 - high) & 0xFFFFFFFF
        s[c] = s[c] + s[d] & 0xFFFFFFFF
        t = s[b] ^ s[c]
        s[b] = (t >> low | t << 32 - low) & 0xFFFFFFFF


def squeeze(chain, block, counter, flags):
    size, block = len(block), block + bytes(64 - len(block))
    m = [int.from_bytes(block[i:i + 4], "little") for i in range(0, 64, 4)]
    s = [*chain, *WORDS[:4], counter & 0xFFFFFFFF, counter >> 32, size, flags]
    for _ in range(7):
        for i in range(4):
            quarter(s, i, 4 + i, 8 + i, 12 + i, m[2 * i], m[2 * i + 1])
        for i in range(4):
            quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[8 + 2 * i], m[9 + 2 * i])
        m = [m[i] for i in ORDER]
    return [s[i] ^ s[i + 8] for i in range(8)]


def blake3(data, key=None):
    """Plain BLAKE3, or keyed with 32 bytes; chunks first, then pairs of them."""
    words = WORDS if key is None else [int.from_bytes(key[i:i + 4], "little") for i in range(0, 32, 4)]
    mode = 0 if key is None else 16
    chunks = [data[i:i + 1024] for i in range(0, len(data), 1024)] or [b""]
    level = []
    for number, chunk in enumerate(chunks):
        chain = words
        for at in range(0, max(len(chunk), 1), 64):
            last = at + 64 >= len(chunk)
            flags = mode | (1 if at == 0 else 0) | (2 if last else 0) | (8 if last and len(chunks) == 1 else 0)
            chain = squeeze(chain, chunk[at:at + 64], number, flags)
        level.append(chain)
    while len(level) > 1:
        root = 8 if len(level) == 2 else 0
        pairs = [b"".join(w.to_bytes(4, "little") for w in level[i] + level[i + 1])
                 for i in range(0, len(level) - 1, 2)]
        level = [squeeze(words, p, 0, mode | 4 | root) for p in pairs] + level[2 * len(pairs):]
    return b"".join(w.to_bytes(4, "little") for w in level[0])


# ------------------------------------------- Ed25519 (RFC 8032 section 5.1.7)

Q = 2**255 - 19
GROUP = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, -1, Q) % Q


def unpack(data):
    """The point that 32 bytes encode, as (x : y : z : t), or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= Q:
        return None
    u, v = (y * y - 1) % Q, (CURVE * y * y + 1) % Q
    x = u * pow(v, 3, Q) * pow(u * pow(v, 7, Q), (Q - 5) // 8, Q) % Q
    if v * x * x % Q != u:
        x = x * pow(2, (Q - 1) // 4, Q) % Q
    if v * x * x % Q != u or x == 0 and sign:
        return None
    if x & 1 != sign:
        x = Q - x
    return x, y, 1, x * y % Q


def plus(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * CURVE * p[3] * q[3], 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % Q, g * h % Q, f * g % Q, e * h % Q


def combine(m, p, n, q):
    """m times p plus n times q, both walked at once."""
    both, out = plus(p, q), (0, 1, 1, 0)
    for bit in range(max(m.bit_length(), n.bit_length()) - 1, -1, -1):
        out = plus(out, out)
        add = (None, p, q, both)[m >> bit & 1 | (n >> bit & 1) << 1]
        out = plus(out, add) if add else out
    return out


BASE = unpack((4 * pow(5, -1, Q) % Q).to_bytes(32, "little"))


def ed25519(public, message, signature):
    """Whether a signature verifies: S < L, no cofactor."""
    point, s = unpack(public), int.from_bytes(signature[32:], "little")
    if point is None or len(signature) != 64 or s >= GROUP:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % GROUP
    minus = (Q - point[0], point[1], 1, Q - point[3])
    x, y, z, _ = combine(s, BASE, k, minus)
    inverse = pow(z, -1, Q)
    x, y = x * inverse % Q, y * inverse % Q
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# ------------------------------------------- the two log trees (transparency 1)

LEAF_KEY, NODE_KEY = blake3(b"settle/v1 record leaf"), blake3(b"settle/v1 tree node")


class TreeA:
    empty = blake3(b"settle/v1 empty tree")

    @staticmethod
    def leaf(data):
        return blake3(data, LEAF_KEY)

    @staticmethod
    def node(left, right):
        return blake3(left + right, NODE_KEY)


class TreeB:
    empty = hashlib.sha256(b"").digest()

    @staticmethod
    def node(left, right):
        return hashlib.sha256(b"\1" + left + right).digest()


def climb(tree, index, size, node, path):
    """Root from a leaf hash and its path (RFC 9162 section 2.1.3.2)."""
    demand(index < size, "index %d of a log of %d records" % (index, size))
    last, rest = size - 1, list(path)
    while last:
        if index & 1 or index == last:
            demand(rest, "path too short")
            node = tree.node(rest.pop(0), node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            demand(rest, "path too short")
            node = tree.node(node, rest.pop(0))
        index, last = index >> 1, last >> 1
    demand(not rest, "path too long")
    return node


def joined(tree, older, newer, path):
    """Checks RFC 9162 section 2.1.4.2 between two checkpoints (size, root)."""
    first, second = older[0], newer[0]
    demand(first <= second, "the newer checkpoint is smaller")
    if first == second or first == 0:
        demand(not path, "a proof where none is needed")
        demand(first == 0 or older[1] == newer[1], "FORK: one size, two roots")
        return
    path = list(path) if first & (first - 1) else [older[1], *path]
    demand(path, "path too short")
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path.pop(0)
    for sibling in path:
        demand(last, "path too long")
        if at & 1 or at == last:
            old, new = tree.node(sibling, old), tree.node(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = tree.node(new, sibling)
        at, last = at >> 1, last >> 1
    demand(last == 0, "path too short")
    demand(old == older[1], "the proof does not lead to the older root")
    demand(new == newer[1], "the proof does not lead to the newer root")


# ----------------------------------------------------- text forms (transparency)

def unbase64(text):
    """Standard padded base64 in its one form."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Wrong("not base64: %.40r" % text) from None
    demand(base64.b64encode(data).decode() == text, "base64 in another form")
    return data


def decimal(text):
    demand(text.isascii() and text.isdigit() and str(int(text)) == text, "not a number: %.24r" % text)
    demand(int(text) < 2**63, "number out of range")
    return int(text)


def hashes(lines):
    demand(len(lines) <= 63, "path of %d hashes" % len(lines))
    out = [unbase64(line) for line in lines]
    demand(all(len(h) == 32 for h in out), "a hash that has not 32 bytes")
    return out


def is_name(text):
    return 0 < len(text.encode()) <= 255 and not any(
        c == "+" or c.isspace() or unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp") for c in text)


PRIVATE = b"\xffsettle/v1 attestation"


def parse_vkey(vkey, kind):
    """(name, 4-byte id, public key) of a vkey whose data begins with kind."""
    name, id_, data = (vkey.split("+", 2) + ["", ""])[:3]
    raw = unbase64(data)
    demand(is_name(name) and raw[:len(kind)] == kind and len(raw) == len(kind) + 32, "vkey %.60r" % vkey)
    want = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    demand(id_ == want.hex(), "key id in vkey %.60r" % vkey)
    return name, want, raw[len(kind):]


class Policy:
    """A trust policy file (transparency.md section 5)."""

    def __init__(self, file):
        demand(len(file) <= 32 << 10, "trust policy too large")
        lines = file.decode().split("\n")
        demand(lines[0] == "settle trust policy v1" and lines.pop() == "", "not a trust policy")
        self.lines, self.at = lines, 1
        self.origin, self.twin = self.take("origin"), self.take("twin")
        demand(is_name(self.origin) and is_name(self.twin) and self.origin != self.twin, "origins")
        self.keys = {}  # (name, id) -> (role, public key)
        self.add("checkpoint", [self.take("checkpoint"), *self.list("checkpoint")], b"\1")
        named = {name for name, _ in self.keys}
        demand(named == {self.origin, self.twin}, "each tree needs a checkpoint key, others none")
        nodes = self.add("node", [self.take("node"), *self.list("node")], PRIVATE)
        for name in nodes:
            party = name.removeprefix(self.origin + "/node/")
            demand(len(party) == 32 and set(party) <= set("0123456789abcdef"), "node key named %r" % name)
        demand(len(set(nodes)) == len(nodes), "a node twice")
        self.threshold = decimal(self.take("threshold"))
        demand(1 <= self.threshold <= len(nodes), "threshold")
        witnesses = [line.split(" ", 1) for line in self.list("witness")]
        demand(all(len(w) == 2 and is_name(w[0]) for w in witnesses), "witness without name or key")
        demand(len({w[0] for w in witnesses}) == len(witnesses), "a witness twice")
        self.add("witness", [w[1] for w in witnesses], b"\4")
        self.quorum = decimal(self.take("quorum")) if witnesses else 0
        demand(self.quorum <= len(witnesses), "quorum")
        demand(self.at == len(self.lines), "trust policy lines out of order")

    def list(self, word):
        out = []
        while self.at < len(self.lines) and self.lines[self.at].startswith(word + " "):
            out.append(self.take(word))
        demand(len(out) <= 32, "too many keys")
        return out

    def take(self, word):
        line = self.lines[self.at] if self.at < len(self.lines) else ""
        demand(line.startswith(word + " "), "trust policy: %r expected in line %d" % (word, self.at + 1))
        self.at += 1
        return line[len(word) + 1:]

    def add(self, role, vkeys, kind):
        demand(len(vkeys) <= 32, "too many keys")
        seen, names = set(), []
        for vkey in vkeys:
            name, id_, public = parse_vkey(vkey, kind)
            demand((name, id_) not in self.keys, "a key twice")
            demand(role == "checkpoint" or public not in seen, "a public key twice")
            seen.add(public)
            names.append(name)
            self.keys[name, id_] = role, public
        return names


# -------------------------------------------------- checkpoints (transparency 2-4)

class Checkpoint:
    """A signed note that a trust policy opens."""

    def __init__(self, policy, note):
        demand(len(note) <= 65535, "note too large")
        try:
            text = note.decode()
        except UnicodeDecodeError:
            raise Wrong("note is not UTF-8") from None
        demand(not any(c < " " and c != "\n" for c in text), "control character in a note")
        parts = text.split("\n\n")
        demand(len(parts) == 2 and parts[0] and parts[1].endswith("\n"), "not a signed note")
        self.text = parts[0] + "\n"
        lines = parts[0].split("\n")
        demand(len(lines) == 3 and is_name(lines[0]), "checkpoint is not three lines")
        self.origin, self.size, self.root = lines[0], decimal(lines[1]), hashes(lines[2:])[0]
        demand(self.origin in (policy.origin, policy.twin), "checkpoint of another log: %.80r" % self.origin)
        self.tree = TreeA if self.origin == policy.origin else TreeB
        demand(self.size or self.root == self.tree.empty, "wrong root of the empty tree")
        self.policy, self.signed, self.claims, self.cosigned = policy, False, [], 0
        self.signatures(parts[1][:-1].split("\n"))
        demand(self.signed, "no signature by a trusted checkpoint key")
        demand(len({c for c in self.claims}) <= 1, "DIVERGENCE: replicas attest different states")
        demand(len(self.claims) >= policy.threshold,
               "%d attestations, %d needed" % (len(self.claims), policy.threshold))
        demand(self.cosigned >= policy.quorum, "%d witnesses, %d needed" % (self.cosigned, policy.quorum))
        self.time = int.from_bytes(self.claims[0][96:104], "big")

    def signatures(self, lines):
        demand(len(lines) <= 100, "more than 100 signatures")
        seen = set()
        for line in lines:
            dash, name, data = (line.split(" ") + ["", "", ""])[:3]
            demand(dash == "\u2014" and line.count(" ") == 2 and is_name_of_note(name), "signature line")
            raw = unbase64(data)
            demand(len(raw) >= 5, "signature line")
            ref = name, raw[:4]
            role, public = self.policy.keys.get(ref, (None, None))
            if role is None or ref in seen or role == "checkpoint" and name != self.origin:
                continue  # unknown keys are ignored, and so is a second line of a known one
            seen.add(ref)
            demand(self.verify(role, public, raw[4:]), "bad signature by %s" % name)

    def verify(self, role, public, data):
        if role == "checkpoint":
            self.signed = ed25519(public, self.text.encode(), data)
            return self.signed
        if role == "witness":
            self.cosigned += 1
            head = b"cosignature/v1\ntime %d\n" % int.from_bytes(data[:8], "big")
            return len(data) == 72 and ed25519(public, head + self.text.encode(), data[8:])
        if len(data) != 168:
            return False
        claim, root = data[:104], data[:32] if self.tree is TreeA else data[32:64]
        origin = self.policy.origin.encode()
        self.claims.append(claim)
        return root == self.root and claim[96] < 128 and ed25519(
            public, b"settle/v1 attestation\n" + len(origin).to_bytes(2, "big") + origin
            + self.size.to_bytes(8, "big") + claim, data[104:])


def is_name_of_note(name):
    return name != "" and "+" not in name and not any(c.isspace() for c in name)


# ------------------------------------------------------------ canonical CBOR

def read(data, at, depth=8):
    """One item of RFC 8949 section 4.2.1 as records.md allows it, and where it ends."""
    demand(depth > 0 and at < len(data), "truncated or nested CBOR")
    major, info, at = data[at] >> 5, data[at] & 31, at + 1
    demand(info < 28 and major in (0, 2, 3, 4, 5), "a type that the formats do not use")
    n = info
    if info >= 24:
        size = 1 << info - 24
        demand(at + size <= len(data), "truncated CBOR")
        n, at = int.from_bytes(data[at:at + size], "big"), at + size
        demand(n >= (24, 1 << 8, 1 << 16, 1 << 32)[info - 24], "a number that is not in its shortest form")
    if major == 0:
        return n, at
    demand(n <= len(data) - at, "truncated CBOR")
    if major in (2, 3):
        raw = bytes(data[at:at + n])
        try:
            return (raw if major == 2 else raw.decode()), at + n
        except UnicodeDecodeError:
            raise Wrong("text is not UTF-8") from None
    if major == 4:
        out = []
        for _ in range(n):
            item, at = read(data, at, depth - 1)
            out.append(item)
        return out, at
    pairs, last = {}, -1
    for _ in range(n):
        key, at = read(data, at, depth - 1)
        demand(isinstance(key, int) and key > last, "map keys not ascending")
        pairs[key], at = read(data, at, depth - 1)
        last = key
    return pairs, at


def decode(data):
    value, end = read(data, 0)
    demand(end == len(data), "bytes after the value")
    return value


# -------------------------------------------------------------- records (records 1-6)
#
# Shapes: "u" a number, "t" text, "s" bytes, a number that many bytes, [x] a list of
# x, (x, y) a tuple, {key: shape} a map; a negative key may be absent.

BLOB = (32, "u")
COMMON = {1: 16, 2: "u", 3: "u", 4: 16}
PROGRAM = {1: "t", 2: "u", 3: "t", 4: "u", -5: 32, -6: "u", -7: "u"}
KEY = {1: 32, -2: "u", -3: 32, -4: "u", -5: "u", -6: "u"}
FLOOR = ("u",) * 4
BODIES = {
    0: {10: "t", 11: "t", 12: "t", 13: "u", 14: ["u"], 15: ("u", "u"), 16: ["s"], 17: "s", 18: ["t"],
        19: "u", 20: "t"},
    1: {10: 16, 11: 32, 12: 32, 13: [32], -14: 16, 15: PROGRAM, 16: "u", 17: 32, 18: BLOB, -19: 32,
        20: ("u", 32, "u", 32, "u"), 21: BLOB, 22: ("u", "u", "u", 32), 23: "u", 24: ("u", "u", "u"),
        25: ("u", 32), 26: 32, 27: ("u",) * 5, 28: 32, 29: "u", 30: [("u", 32, "u")], -31: (16, 16),
        32: [32], -33: 32},
    2: {10: "u", 11: "u", 12: "u", 13: [(32, "u", "u", "u", "u", "u")], 14: ("u", "u"), 15: [(16, "u")],
        -16: 32, 17: ("u", "u"), 18: (FLOOR,) * 6, 19: ("u",) * 6 + ("beacon",), 20: "u", 21: "u", 22: "u",
        23: [(32, "u", "s")], 24: ("u", ("u",) * 6, "u", "u", "u"), 25: ("u", "u"), 26: "u", 28: 32,
        29: ("u", "u"), 30: "u", 31: "u", 32: "u", 33: "u"},
    3: {10: 16, 11: "u", -12: "u", -13: [KEY], -14: [32], -15: 32, -16: "u", -17: 32, -18: "u", -19: "u",
        20: 32, -21: [64], -22: "u"},
    4: {10: 16, 11: "u", 12: "u", 13: 32, 14: 32, 15: 32, -16: "u", -17: ("u", 32, 32, 32), -18: "u",
        -19: 16},
}
KINDS = ["genesis", "settlement", "policy", "party", "workload event"]
ENVELOPE = {1: "u", 2: "u", 3: "s", -4: [(32, "u", 64)]}


def fits(value, shape):
    if shape == "beacon":
        return value == [] or fits(value, (32, "u", "u"))
    if isinstance(shape, str):
        return isinstance(value, {"u": int, "t": str, "s": bytes}[shape])
    if isinstance(shape, int):
        return isinstance(value, bytes) and len(value) == shape
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(x, shape[0]) for x in value)
    if isinstance(shape, tuple):
        return isinstance(value, list) and len(value) == len(shape) and all(map(fits, value, shape))
    known = {abs(key): inner for key, inner in shape.items()}
    return (isinstance(value, dict) and all(key in value for key in shape if key > 0)
            and all(key in known and fits(inner, known[key]) for key, inner in value.items()))


def check_record(data):
    """The kind of a record whose bytes are canonical and of that kind's shape."""
    demand(1 <= len(data) <= 65535, "record of %d bytes" % len(data))
    record = decode(data)
    demand(fits(record, ENVELOPE) and record[1] == 1, "not a record of version 1")
    kind, signatures = record[2], record.get(4)
    demand(kind in BODIES, "unknown kind of record: %d" % kind)
    if kind in (1, 4):
        demand(signatures is None, "signatures on a record that the batch covers")
    else:
        demand(signatures, "a record without signatures")
        ids = [s[0] for s in signatures]
        demand(ids == sorted(set(ids)) and all(s[1] == 1 for s in signatures), "signatures out of order")
    demand(fits(decode(record[3]), {**COMMON, **BODIES[kind]}), "body is not that of a %s" % KINDS[kind])
    return KINDS[kind]


# ------------------------------------------------------------------- the files

def check_receipt(policy, file):
    """transparency.md section 6."""
    demand(len(file) <= 196607, "receipt too large")
    head, found, note = file.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    demand(found and len(lines) >= 3 and lines[0] == "settle receipt v1", "not a receipt")
    demand(lines[1].startswith("record ") and lines[2].startswith("index "), "record or index is missing")
    record, index, path = unbase64(lines[1][7:]), decimal(lines[2][6:]), hashes(lines[3:])
    c = Checkpoint(policy, note)
    demand(c.tree is TreeA, "receipt under the twin")
    demand(len(record) <= 65535, "record too large")
    root = climb(TreeA, index, c.size, TreeA.leaf(record), path)
    demand(root == c.root, "the path does not lead to the root")
    return "%s at index %d under the checkpoint of size %d" % (check_record(record), index, c.size)


def check_consistency(policy, file):
    """transparency.md section 7."""
    demand(len(file) <= 135166, "consistency file too large")
    parts = file.split(b"\n\n")
    demand(len(parts) == 5, "not a consistency file")
    lines = parts[0].decode("ascii", "replace").split("\n")
    demand(lines[0] == "settle consistency v1", "not a consistency file")
    path = hashes(lines[1:])
    older = Checkpoint(policy, b"\n\n".join(parts[1:3]) + b"\n")
    newer = Checkpoint(policy, b"\n\n".join(parts[3:5]))
    demand(older.origin == newer.origin, "checkpoints of two trees")
    joined(older.tree, (older.size, older.root), (newer.size, newer.root), path)
    demand(older.time <= newer.time, "ledger time runs backwards")
    return "size %d continues size %d of %s" % (newer.size, older.size, newer.origin)


def check_file(policy, file):
    if file.startswith(b"settle consistency v1"):
        return check_consistency(policy, file)
    return check_receipt(policy, file)


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(arguments[0], "rb") as f:
            policy = Policy(f.read())
    except (OSError, UnicodeDecodeError, Wrong) as e:
        print("%s: %s" % (arguments[0], e), file=sys.stderr)
        return 2
    code = 0
    for name in arguments[1:]:
        with open(name, "rb") as f:
            file = f.read()
        try:
            print("%s: verified: %s" % (name, check_file(policy, file)))
        except Wrong as e:
            print("%s: FALSE: %s" % (name, e))
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
