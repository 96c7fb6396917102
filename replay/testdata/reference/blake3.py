"""BLAKE3 with a digest of 32 bytes, unkeyed, as its specification describes it."""
import struct

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
      0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
LANES = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
CHUNK, BLOCK = 1024, 64
FIRST, LAST, PARENT, ROOT = 1, 2, 4, 8
M32 = 0xFFFFFFFF


def rotate(x, n):
    return (x >> n | x << (32 - n)) & M32


def compress(chain, block, counter, length, flags):
    v = list(chain) + list(IV[:4]) + [counter & M32, counter >> 32, length, flags]
    m = struct.unpack("<16I", block.ljust(BLOCK, b"\0"))
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(LANES):
            for word, r1, r2 in ((m[2 * i], 16, 12), (m[2 * i + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & M32
                v[d] = rotate(v[d] ^ v[a], r1)
                v[c] = (v[c] + v[d]) & M32
                v[b] = rotate(v[b] ^ v[c], r2)
        m = [m[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def node(data, number, root):
    """The chaining value of a subtree whose first chunk is the given one."""
    if len(data) <= CHUNK:
        chain, blocks = IV, range(0, max(len(data), 1), BLOCK)
        for at in blocks:
            block = data[at:at + BLOCK]
            flags = FIRST if at == 0 else 0
            if at == blocks[-1]:
                flags |= LAST | root
            chain = compress(chain, block, number, len(block), flags)
        return chain
    left = CHUNK
    while 2 * left < len(data):
        left *= 2
    both = node(data[:left], number, 0) + node(data[left:], number + left // CHUNK, 0)
    return compress(IV, struct.pack("<16I", *both), 0, BLOCK, PARENT | root)


def blake3(data):
    return struct.pack("<8I", *node(data, 0, ROOT))


def domain(byte, data):
    """H(d, x) of docs/formats/README.md."""
    return blake3(bytes([byte]) + data)
