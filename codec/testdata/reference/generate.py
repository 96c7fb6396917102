#!/usr/bin/env python3
"""Writes ledger-1.json: golden bytes of one small, complete ledger.

Everything is built from docs/formats (records.md, sum-trees.md, accounting.md,
replay.md) with the Python standard library alone: BLAKE3, Ed25519, deterministic
CBOR, the log trees, the sum trees and the records. It takes less than a second,
checks the published vectors first, and prints what it wrote into ../vectors; with
--check it only compares the file that is there.
"""
import hashlib
import json
import pathlib
import struct
import sys

# --------------------------------------------------------------------- BLAKE3

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
      0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
LANES = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED = 1, 2, 4, 8, 16
MASK = 0xFFFFFFFF


def rotate(x, n):
    return (x >> n | x << (32 - n)) & MASK


def compress(cv, block, counter, length, flags):
    """One BLAKE3 compression; returns the new chaining value."""
    v = list(cv) + list(IV[:4]) + [counter & MASK, counter >> 32, length, flags]
    m = struct.unpack("<16I", block.ljust(64, b"\0"))
    for _ in range(7):
        for g, (a, b, c, d) in enumerate(LANES):
            v[a] = (v[a] + v[b] + m[2 * g]) & MASK
            v[d] = rotate(v[d] ^ v[a], 16)
            v[c] = (v[c] + v[d]) & MASK
            v[b] = rotate(v[b] ^ v[c], 12)
            v[a] = (v[a] + v[b] + m[2 * g + 1]) & MASK
            v[d] = rotate(v[d] ^ v[a], 8)
            v[c] = (v[c] + v[d]) & MASK
            v[b] = rotate(v[b] ^ v[c], 7)
        m = [m[p] for p in PERMUTATION]
    return [v[i] ^ v[i + 8] for i in range(8)]


def blake3_node(key, data, chunk, base, root):
    """Chaining value of a subtree whose first chunk has number `chunk`."""
    top = ROOT if root else 0
    if len(data) > 1024:
        left = 1024 << (((len(data) - 1) // 1024).bit_length() - 1)
        pair = (blake3_node(key, data[:left], chunk, base, False)
                + blake3_node(key, data[left:], chunk + left // 1024, base, False))
        return compress(key, struct.pack("<16I", *pair), 0, 64, base | PARENT | top)
    blocks = [data[i:i + 64] for i in range(0, len(data), 64)] or [b""]
    cv, last = list(key), len(blocks) - 1
    for i, block in enumerate(blocks):
        flags = base | (CHUNK_START if i == 0 else 0)
        flags |= CHUNK_END | top if i == last else 0
        cv = compress(cv, block, chunk, len(block), flags)
    return cv


def blake3(*parts):
    return struct.pack("<8I", *blake3_node(IV, b"".join(parts), 0, 0, True))


def blake3_keyed(key, data):
    return struct.pack("<8I", *blake3_node(struct.unpack("<8I", key), data, 0, KEYED, True))


# ---------------------------------------------------------- Ed25519 (RFC 8032)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def sha512(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def point_add(p, q):
    """Extended coordinates (X, Y, Z, T), RFC 8032 section 5.1.4."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_mul(s, p):
    q = (0, 1, 1, 0)
    while s:
        if s & 1:
            q = point_add(q, p)
        p, s = point_add(p, p), s >> 1
    return q


def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - x2) % P == 0
    return P - x if x & 1 != sign else x


GY = 4 * pow(5, P - 2, P) % P
GX = recover_x(GY, 0)
G = (GX, GY, 1, GX * GY % P)


def encode_point(p):
    z = pow(p[2], P - 2, P)
    x, y = p[0] * z % P, p[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def expand(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little")
    return (a & (1 << 254) - 8) | 1 << 254, h[32:]


def public_key(seed):
    return encode_point(point_mul(expand(seed)[0], G))


def sign(seed, message):
    a, prefix = expand(seed)
    public = encode_point(point_mul(a, G))
    r = sha512(prefix, message) % L
    big_r = encode_point(point_mul(r, G))
    return big_r + ((r + sha512(big_r, public, message) * a) % L).to_bytes(32, "little")


# --------------------------------------------------- deterministic CBOR, text

def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * size:
            return bytes([major << 5 | info]) + n.to_bytes(size, "big")
    raise ValueError(n)


def cbor(x):
    """Core deterministic encoding (RFC 8949 section 4.2.1) of the types in use."""
    if isinstance(x, int):
        return head(0, x) if x >= 0 else head(1, -1 - x)
    if isinstance(x, bytes):
        return head(2, len(x)) + x
    if isinstance(x, str):
        return head(3, len(x.encode())) + x.encode()
    if isinstance(x, (list, tuple)):
        return head(4, len(x)) + b"".join(map(cbor, x))
    if isinstance(x, dict):
        pairs = sorted((cbor(k), cbor(v)) for k, v in x.items())
        return head(5, len(x)) + b"".join(k + v for k, v in pairs)
    raise TypeError(x)


def diagnostic(x):
    """The same value in CBOR diagnostic notation (RFC 8949 section 8)."""
    if isinstance(x, bytes):
        return "h'%s'" % x.hex()
    if isinstance(x, str):
        return json.dumps(x)
    if isinstance(x, (list, tuple)):
        return "[%s]" % ", ".join(map(diagnostic, x))
    if isinstance(x, dict):
        return "{%s}" % ", ".join("%d: %s" % (k, diagnostic(x[k])) for k in sorted(x))
    return str(x)


def u8(n):
    return n.to_bytes(1, "big")


def u16(n):
    return n.to_bytes(2, "big")


def u32(n):
    return n.to_bytes(4, "big")


def u64(n):
    assert n < 2**63
    return n.to_bytes(8, "big")


# --------------------------------------------------- log trees (RFC 9162 shape)

K_LEAF = blake3(b"settle/v1 record leaf")
K_NODE = blake3(b"settle/v1 tree node")
EMPTY = blake3(b"settle/v1 empty tree")


def leaf_a(data):
    return blake3_keyed(K_LEAF, data)


def node_a(left, right):
    return blake3_keyed(K_NODE, left + right)


def leaf_b(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_b(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split_point(n):
    """The largest power of two smaller than n."""
    return 1 << ((n - 1).bit_length() - 1)


def tree_root(hashes, node=node_a, empty=EMPTY):
    """Root over hashes that are leaves already: they are not hashed again."""
    if not hashes:
        return empty
    if len(hashes) == 1:
        return hashes[0]
    k = split_point(len(hashes))
    return node(tree_root(hashes[:k], node, empty), tree_root(hashes[k:], node, empty))


# ------------------------------------------------------- sum trees (sum-trees.md)

def description(x):
    key, leaves, count, sums, digest = x
    return (u8(len(key)) + key + u64(leaves) + u64(count)
            + u8(len(sums)) + b"".join(map(u64, sums)) + digest)


def sum_leaf(tt, key, count, sums, payload):
    digest = blake3(b"\x20", u8(tt), u8(len(key)), key, u64(count),
                    u8(len(sums)), *map(u64, sums), payload)
    return key, 1, count, sums, digest


def sum_node(tt, left, right):
    assert left[0] < right[0]
    digest = blake3(b"\x21", u8(tt), description(left), description(right))
    sums = tuple(a + b for a, b in zip(left[3], right[3]))
    return left[0], left[1] + right[1], left[2] + right[2], sums, digest


def sum_root(tt, leaves):
    """Root of the sum tree over (key, count, sums, payload) leaves."""
    def build(nodes):
        if len(nodes) == 1:
            return nodes[0]
        k = split_point(len(nodes))
        return sum_node(tt, build(nodes[:k]), build(nodes[k:]))
    if not leaves:
        return blake3(b"\x22", u8(tt))
    return blake3(b"\x23", u8(tt), description(build([sum_leaf(tt, *x) for x in sorted(leaves)])))


# ------------------------------------------------ checks against published vectors

def check(name, got, want):
    if got.hex() != want:
        raise SystemExit("%s: got %s, want %s" % (name, got.hex(), want))


def self_test():
    check("BLAKE3 of nothing", blake3(b""),
          "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")
    check("K_leaf", K_LEAF, "bf267dd50637ab5b8ba391919ee30989defc716160df51fde864d240ffe69e7c")
    check("K_node", K_NODE, "b93e423d2d053cc39affdea138ddd2a806ded87d56ef723aba2859b89d396675")
    check("empty tree", EMPTY, "ef3de0a2aea4a4b315cd96ab1449218d9f41a08aa585af88f15740235aff9d9a")
    hashes = [leaf_a(b"record %d" % i) for i in range(7)]
    check("log tree of 7", tree_root(hashes),
          "f8c0f9840f33e1913ede11b28729d10db1159fbaa8b1eccce1ec30eeef9c730f")
    leaves = sorted((blake3(b"provider%d" % i)[:16], i + 1,
                     (i * i * 1000003 % 10**9, i % 3), blake3(b"lines%d" % i)) for i in range(11))
    check("sum tree of 3", sum_root(1, leaves[:3]),
          "5c28408335470abeeac830597c1ee236e3ddfbfb95eb8bac0774ef11059bdf55")
    check("sum tree of 11", sum_root(1, leaves),
          "5ce06c3cf68b63033210c4c2338d0c852dc900edda73ce22382b87d85459d117")
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    check("RFC 8032 test 1, public key", public_key(seed),
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    check("program_id of aggregate@1 group.v1", PROGRAM_ID,
          "fbca0ea608d74a91bc3169e57833e43239164a5fef45a1ca1bbd3e9c6ff56ae5")
    check("RFC 8032 test 1, signature", sign(seed, b""),
          "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
          "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")


# ----------------------------------------------------------- the example's names

ORIGIN_A = b"ledger.example/settle/blake3"
ORIGIN_B = b"ledger.example/settle"
O = u16(len(ORIGIN_A)) + ORIGIN_A       # length-prefixed origin of tree A
CREATED = 1790000000000                 # 2026-09-21 13:33:20 UTC
SENT = CREATED + 60000                  # when the batch was sent
STAMP = SENT + 250                      # the leader's stamp
CYCLE = 202609
DAY = 86400000
OWNER, AGENT, SUBMIT = 1, 2, 3
PROVIDER, CUSTOMER, PLATFORM, AUDITOR, HUB, GOVERNANCE, ARBITER = 1, 3, 4, 5, 7, 8, 9
GENESIS, SETTLEMENT, PARTY, EVENT = 0, 1, 3, 4
ZERO32 = bytes(32)


def name_hash(what, name):
    return blake3(b"settle example %s %s" % (what.encode(), name.encode()))


def ident(name):
    return name_hash("id", name)[:16]


def salt(name):
    return name_hash("salt", name)[:16]


class Key:
    def __init__(self, name):
        self.name, self.seed = name, name_hash("key", name)
        self.public = public_key(self.seed)
        self.id = blake3(self.public)

    def sign(self, digest):
        return sign(self.seed, digest)


class Party:
    """A party, its keys by use, and its registration body (records.md 6.4)."""

    def __init__(self, name, role, uses, **extra):
        self.name, self.role = name, role
        pairs = [(Key("%s %s" % (name, label)), use) for label, use in uses]
        self.keys = sorted(pairs, key=lambda pair: pair[0].id)
        self.owners = [key for key, use in self.keys if use == OWNER]
        self.id = blake3(b"\x63", u8(role), self.owners[0].public)[:16]
        self.extra = {int(k[1:]): v for k, v in extra.items()}

    def key(self, use):
        return next(key for key, u in self.keys if u == use)

    def registration(self, at):
        body = {1: ident("register " + self.name), 2: at, 3: CYCLE, 4: self.id,
                10: self.id, 11: 1, 12: self.role,
                13: [{1: k.id, 2: 1, 3: k.public, 4: use} for k, use in self.keys],
                20: ZERO32, **self.extra}
        digest = blake3(b"\x69", O, cbor(body))
        return {**body, 21: [k.sign(digest) for k, _ in self.keys]}


class Blobs:
    """Content-addressed blobs, named by the plain BLAKE3 of their bytes."""

    def __init__(self):
        self.all = {}

    def add(self, name, value, attached):
        data = value if isinstance(value, bytes) else cbor(value)
        self.all[name] = (data, None if isinstance(value, bytes) else diagnostic(value), attached)
        return blake3(data)

    def attachments(self):
        return sorted((blake3(d), d) for d, _, attached in self.all.values() if attached)


def make_record(kind, body, signers=()):
    """Record bytes; `signers` are the keys that sign the body."""
    data = cbor(body)
    digest = blake3(b"\x60", O, u8(kind), data)
    signatures = [[k.id, 1, k.sign(digest)] for k in sorted(signers, key=lambda k: k.id)]
    record = {1: 1, 2: kind, 3: data, **({4: signatures} if signatures else {})}
    return {"kind": kind, "body": body, "bytes": cbor(record), "digest": digest,
            "signers": [k.name for k in sorted(signers, key=lambda k: k.id)]}


# --------------------------------------------------- aggregate@1 (replay.md 7.5)

def aggregate_input(rows):
    return struct.pack("<I", len(rows)) + b"".join(
        struct.pack("<H", len(k)) + k + struct.pack("<q", v) for k, v in rows)


def aggregate_output(rows):
    groups = {}
    for k, v in rows:
        groups.setdefault(k, []).append(v)
    return [len(rows), [[k, len(vs), sum(vs).to_bytes(16, "big", signed=True), min(vs), max(vs),
                         sum(v * v for v in vs).to_bytes(16, "big")]
                        for k, vs in sorted(groups.items())]]


# ------------------------------------------------------------------ the ledger

hub = Party("hub", HUB, [("owner", OWNER), ("submit", SUBMIT)], k22=1)
governance = Party("governance", GOVERNANCE, [("owner 1", OWNER), ("owner 2", OWNER)], k22=2)
platform = Party("platform", PLATFORM, [("owner", OWNER)])
auditor = Party("auditor", AUDITOR, [("owner", OWNER)])
arbiters = [Party("arbiter %d" % i, ARBITER, [("owner", OWNER)]) for i in (1, 2)]
founders = [hub, governance, platform, auditor, *arbiters]

PROGRAM = {1: "aggregate", 2: 1, 3: "group.v1", 4: 0}
PROGRAM_ID = blake3(b"\x62", cbor(PROGRAM))
CLASS = 5
RATE_NUM, RATE_DEN = 1000003, 2         # micro-Credits per work unit
PROVIDER_PPM, ADAPTER_PPM = 700000, 100000


def policy_body():
    return {1: ident("policy 1"), 2: CREATED, 3: CYCLE, 4: hub.id,
            10: 1, 11: CYCLE, 12: 6,
            13: [[PROGRAM_ID, 1, 1, RATE_NUM, RATE_DEN, 1000]],
            14: [PROVIDER_PPM, ADAPTER_PPM], 15: [],
            17: [500000, 1500000],
            18: [[c, 1, 500000, 1] for c in range(1, 7)],
            19: [950000, 10000, 1000, 250000, 1, 3 * DAY, []],
            20: 7 * DAY, 21: 30 * DAY, 22: 1,
            23: [[PROGRAM_ID, CLASS, b""]],
            24: [4096, [70000000, 500000000, 500000000, 200000000, 100000000, 8000000],
                 10**12, 1024, 1 << 30],
            25: [1, 0], 26: 0, 28: ZERO32,
            29: [600000, 7 * DAY], 30: DAY, 31: DAY, 32: 0, 33: 1000000}


def genesis_body(policy):
    return {1: ident("genesis"), 2: CREATED, 3: CYCLE, 4: governance.id,
            10: ORIGIN_A.decode(), 11: ORIGIN_B.decode(), 12: "Example ledger", 13: 6,
            14: [1, 2], 15: [CYCLE, 1], 16: [cbor(p.registration(CREATED)) for p in founders],
            17: policy, 18: [], 19: CREATED, 20: "settle 0.1.0"}


class Example:
    """Builds the whole example; the parts stay readable as attributes."""

    def __init__(self):
        self.blobs = Blobs()
        self.policy = cbor(policy_body())
        owners = [k for p in founders for k in p.owners]
        self.genesis = make_record(GENESIS, genesis_body(self.policy), owners)
        self.register_parties()
        self.run_shards()
        self.plan_and_events()
        self.settle()
        self.batch()
        self.cycle_trees()

    def register_parties(self):
        cap = self.blobs.add("customer cap", [salt("cap"), 10000000], True)
        self.provider = Party("provider", PROVIDER, [("owner", OWNER), ("agent", AGENT)],
                              k14=[PROGRAM_ID])
        self.customer = Party("customer", CUSTOMER, [("owner", OWNER)], k17=cap)
        self.registrations = [
            make_record(PARTY, p.registration(SENT), [*p.owners, hub.key(OWNER)])
            for p in (self.provider, self.customer)]

    def run_shards(self):
        """Two shards of one aggregation: inputs, outputs, receipts, manifest."""
        self.workload, self.seed = ident("workload"), name_hash("seed", "workload")
        rows = [[(b"alpha", 3), (b"beta", 5), (b"alpha", 4)], [(b"beta", 1), (b"gamma", 9)]]
        self.args = self.blobs.add("arguments", {}, False)
        self.entries, self.receipts = [], []
        for i, part in enumerate(rows):
            data = aggregate_input(part)
            inputs = [[self.blobs.add("input of shard %d" % i, data, False), len(data)]]
            out = aggregate_output(part)
            output = [self.blobs.add("output of shard %d" % i, out, False), len(cbor(out))]
            signed = [PROGRAM_ID, self.seed, i, 0, self.args, inputs, output, len(part)]
            digest = blake3(b"\x61", O, hub.id, self.workload, cbor(signed))
            receipt = self.provider.key(AGENT).sign(digest)
            self.receipts.append((digest, receipt))
            self.entries.append({1: i, 2: 0, 3: self.provider.id, 4: self.provider.key(AGENT).id,
                                 5: self.args, 6: inputs, 7: output, 8: len(part),
                                 9: SENT - 20000, 10: SENT - 15000, 11: 0, 12: receipt})
        result = [PROGRAM_ID, aggregate_output(rows[0] + rows[1])]
        self.result = [self.blobs.add("aggregated result", result, False), len(cbor(result))]
        self.units = sum(e[8] for e in self.entries)
        self.entry_hashes = [blake3(b"\x30", cbor(e)) for e in self.entries]
        self.manifest_root = sum_root(5, [
            (e[3] + u32(e[1]) + u8(e[2]), 1, (e[8],), h)
            for e, h in zip(self.entries, self.entry_hashes)])
        self.manifest = self.blobs.add("shard manifest", self.entries, True)

    def plan_and_events(self):
        self.customer_sealed = self.blobs.add(
            "customer opening", [salt("customer"), self.customer.id], True)
        self.plan_leaves = [leaf_a(cbor([e[1], e[5], e[6]])) for e in self.entries]
        self.plan_root = tree_root(self.plan_leaves)
        self.nonce = name_hash("nonce", "workload")
        common = {3: CYCLE, 4: hub.id, 10: self.workload, 14: self.customer_sealed, 15: PROGRAM_ID}
        planned = {1: ident("event planned"), 2: SENT - 30000, **common, 11: 0, 12: 2, 13: ZERO32,
                   16: 2600000, 17: [2, self.plan_root, ZERO32, blake3(self.nonce)]}
        self.planned = make_record(EVENT, planned)
        aggregating = {1: ident("event aggregating"), 2: SENT - 5000, **common, 11: 1, 12: 5,
                       13: leaf_a(self.planned["bytes"])}
        self.aggregating = make_record(EVENT, aggregating)

    def make_postings(self):
        """Charge, split and postings (accounting.md section 1)."""
        self.charge = max(self.units * RATE_NUM // RATE_DEN, 1000)
        pool = self.charge * PROVIDER_PPM // 10**6
        self.split = [pool, 0, self.charge - pool]
        self.component = [1, self.units, 1, RATE_NUM, RATE_DEN, self.charge]
        return [
            {1: 0, 2: CUSTOMER, 3: self.customer.id, 4: 2, 5: self.charge, 13: salt("line 0")},
            {1: 1, 2: PROVIDER, 3: self.provider.id, 4: 1, 5: pool, 6: self.units, 7: 0,
             8: len(self.entries), 9: 1000000, 13: salt("line 1")},
            {1: 2, 2: PLATFORM, 3: platform.id, 4: 1, 5: self.split[2], 13: salt("line 2")}]

    def settle(self):
        self.postings = self.make_postings()
        self.posting_hashes = [blake3(b"\x31", cbor(p)) for p in self.postings]
        self.postings_root = sum_root(3, [
            (u16(p[1]), 1, (p[5], 0) if p[4] == 1 else (0, p[5]), h)
            for p, h in zip(self.postings, self.posting_hashes)])
        self.detail = self.blobs.add("settlement detail", {
            1: [self.component], 2: self.postings, 3: name_hash("salt", "detail")}, True)
        evidence = self.blobs.add("verification evidence", {1: self.nonce}, False)
        self.labels = {"project": "atlas", "tags": ["nightly"]}
        self.disclosures = {
            name: blake3(b"\x33", salt(name), u16(len(name)), name.encode(), cbor(value))
            for name, value in self.labels.items()}
        self.work_key = blake3(b"\x6c", cbor(
            [PROGRAM_ID, self.seed, self.args, [[h for h, _ in e[6]] for e in self.entries]]))
        self.replay_token = blake3(b"\x65", cbor(
            [PROGRAM_ID, self.seed, self.args,
             [[e[5], [h for h, _ in e[6]]] for e in self.entries], ZERO32]))
        body = {1: ident("settlement"), 2: SENT - 1000, 3: CYCLE, 4: hub.id,
                10: self.workload, 11: blake3(self.policy), 12: self.customer_sealed,
                13: sorted(self.disclosures.values()), 15: PROGRAM, 16: CLASS, 17: self.seed,
                18: [self.args, 1],
                20: [2, self.manifest_root, self.units, self.manifest, len(cbor(self.entries))],
                21: self.result, 22: [2, 1, 1, evidence], 23: self.charge, 24: self.split,
                25: [len(self.postings), self.postings_root], 26: self.detail,
                27: [SENT - 40000, SENT - 30000, SENT - 25000, SENT - 10000, SENT - 2000],
                28: leaf_a(self.aggregating["bytes"]), 29: SENT + 60 * DAY, 30: [], 32: []}
        self.settlement = make_record(SETTLEMENT, body)

    def batch(self):
        self.submitted = [*self.registrations, self.planned, self.aggregating, self.settlement]
        self.records = [self.genesis, *self.submitted]
        for record in self.records:
            record["leaf_a"], record["leaf_b"] = leaf_a(record["bytes"]), leaf_b(record["bytes"])
        self.batch_id = ident("batch")
        self.batch_root = tree_root([r["leaf_a"] for r in self.submitted])
        self.batch_digest = blake3(b"\x68", O, self.batch_id, hub.id, u64(SENT), u8(0),
                                   u32(len(self.submitted)), self.batch_root)
        self.batch_signature = hub.key(SUBMIT).sign(self.batch_digest)
        self.batch_bytes = cbor({
            1: 1, 2: ORIGIN_A.decode(), 3: self.batch_id, 4: hub.id, 5: hub.key(SUBMIT).id, 6: SENT,
            7: [r["bytes"] for r in self.submitted],
            8: [d for _, d in self.blobs.attachments()], 9: self.batch_signature})
        self.outcomes = cbor([[0, i + 1, r["leaf_a"]] for i, r in enumerate(self.submitted)])
        self.outcome_hash = blake3(b"\x6d", self.outcomes)
        self.commitment = blake3(b"\x6a", self.batch_digest, self.batch_signature,
                                 u64(STAMP), self.outcome_hash)

    def cycle_trees(self):
        """The trees a close would carry if the cycle held only this settlement."""
        index = len(self.records) - 1
        self.party_trees, party_leaves = [], []
        for p, h in zip(self.postings, self.posting_hashes):
            sums = (p[5], 0) if p[4] == 1 else (0, p[5])
            root = sum_root(2, [(u64(index) + u16(p[1]), 1, sums, h)])
            self.party_trees.append((u8(p[2]) + p[3], sums, root))
            party_leaves.append((u8(p[2]) + p[3], 1, sums, root))
        self.parties_root = sum_root(1, party_leaves)
        self.journal_root = sum_root(4, [(u64(index), len(self.postings),
                                          (self.charge, self.charge), self.settlement["leaf_a"])])


# ------------------------------------------------------------------- the output

def describe_record(index, name, record):
    return {"index": index, "name": name, "kind": record["kind"],
            "body": diagnostic(record["body"]), "body_hex": cbor(record["body"]).hex(),
            "signing_digest": record["digest"].hex() if record["signers"] else "",
            "signed_by": record["signers"], "record_hex": record["bytes"].hex(),
            "leaf_a": record["leaf_a"].hex(), "leaf_b": record["leaf_b"].hex()}


def describe_keys(parties):
    return [{"name": k.name, "party": p.name, "use": use, "seed": k.seed.hex(),
             "public": k.public.hex(), "key_id": k.id.hex()}
            for p in parties for k, use in p.keys]


def document(x):
    parties = [*founders, x.provider, x.customer]
    names = ["genesis", "provider registration", "customer registration",
             "event Planned", "event Aggregating", "settlement"]
    return {
        "origin_a": ORIGIN_A.decode(), "origin_b": ORIGIN_B.decode(),
        "keys": describe_keys(parties),
        "parties": [{"name": p.name, "role": p.role, "party_id": p.id.hex()} for p in parties],
        "policy": {"body": diagnostic(policy_body()), "body_hex": x.policy.hex(),
                   "hash": blake3(x.policy).hex()},
        "program": {"program": diagnostic(PROGRAM), "program_id": PROGRAM_ID.hex()},
        "blobs": [{"name": n, "attachment": a, "value": v or "", "hex": d.hex(),
                   "blake3": blake3(d).hex()} for n, (d, v, a) in x.blobs.all.items()],
        "labels": [{"label": n, "value": diagnostic(v), "salt": salt(n).hex(),
                    "commitment": x.disclosures[n].hex()} for n, v in x.labels.items()],
        "shards": {
            "entry_hashes": [h.hex() for h in x.entry_hashes],
            "receipt_digests": [d.hex() for d, _ in x.receipts],
            "receipts": [r.hex() for _, r in x.receipts],
            "manifest_root_tt5": x.manifest_root.hex(),
            "plan_leaves": [h.hex() for h in x.plan_leaves], "plan_root": x.plan_root.hex(),
            "work_key": x.work_key.hex(), "replay_token": x.replay_token.hex()},
        "postings": {"hashes": [h.hex() for h in x.posting_hashes],
                     "root_tt3": x.postings_root.hex(), "charge": x.charge, "split": x.split},
        "records": [describe_record(i, n, r) for i, (n, r) in enumerate(zip(names, x.records))],
        "batch": {"batch_id": x.batch_id.hex(), "submitter": "hub", "sent": SENT,
                  "root": x.batch_root.hex(), "digest": x.batch_digest.hex(),
                  "signature": x.batch_signature.hex(), "batch_hex": x.batch_bytes.hex(),
                  "stamp": STAMP, "outcomes_hex": x.outcomes.hex(),
                  "outcome_hash": x.outcome_hash.hex(), "commitment": x.commitment.hex()},
        "cycle_trees": {
            "party_postings_tt2": [{"key": k.hex(), "credit": s[0], "debit": s[1], "root": r.hex()}
                                   for k, s, r in x.party_trees],
            "parties_root_tt1": x.parties_root.hex(), "journal_root_tt4": x.journal_root.hex()},
        "tree_a": [{"size": n, "root": tree_root([r["leaf_a"] for r in x.records[:n]]).hex()}
                   for n in (1, len(x.records))],
        "tree_b": [{"size": n, "root": tree_root([r["leaf_b"] for r in x.records[:n]], node_b,
                                                 hashlib.sha256(b"").digest()).hex()}
                   for n in (1, len(x.records))],
    }


def main():
    self_test()
    path = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "ledger-1.json"
    output = json.dumps(document(Example()), indent=1) + "\n"
    if sys.argv[1:] == ["--check"]:
        same = path.read_text() == output
        print(path.name, "is as generated" if same else "DIFFERS from what is generated")
        sys.exit(0 if same else 1)
    path.write_text(output)
    print("wrote %s, %d bytes" % (path.name, len(output)))


if __name__ == "__main__":
    main()
