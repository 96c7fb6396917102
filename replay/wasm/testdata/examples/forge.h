/* What a program of the profile forge-wasm-int@1 needs: memory, canonical CBOR, BLAKE3,
   and the random numbers of docs/formats/replay.md section 7.0. Wrong arguments trap,
   which makes the shard invalid. */
#ifndef FORGE_H
#define FORGE_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define INLINE static inline __attribute__((always_inline))

INLINE void require(int holds) {
  if (!holds) __builtin_trap();
}

/* Memory is handed out upwards from the end of the data, and never taken back. */
extern u8 __heap_base;
static u32 heap_top;

static void *take(u32 bytes) {
  u32 at = heap_top ? heap_top : (u32)&__heap_base;
  at = (at + 15) & ~15u;
  u64 end = (u64)at + bytes;
  u32 have = __builtin_wasm_memory_size(0);
  if (end > (u64)have << 16)
    require(__builtin_wasm_memory_grow(0, (u32)((end + 65535) >> 16) - have) != ~0u);
  heap_top = (u32)end;
  return (void *)at;
}

EXPORT(forge_alloc) void *forge_alloc(u32 bytes) { return take(bytes); }

/* --- reading canonical CBOR --- */

typedef struct { const u8 *at, *end; } reader;

static u64 head(reader *r, u8 *major) {
  require(r->at < r->end);
  u8 first = *r->at++;
  *major = first >> 5;
  u32 info = first & 31;
  if (info < 24) return info;
  require(info <= 27);
  u32 bytes = 1u << (info - 24);
  require((u32)(r->end - r->at) >= bytes);
  u64 value = 0;
  for (u32 i = 0; i < bytes; i++) value = value << 8 | *r->at++;
  require(info == 24 ? value >= 24 : value >> (4 * bytes)); /* the shortest head only */
  return value;
}

static u64 read_uint(reader *r, u64 least, u64 most) {
  u8 major;
  u64 value = head(r, &major);
  require(major == 0 && value >= least && value <= most);
  return value;
}

static __attribute__((unused)) i64 read_int(reader *r, i64 least, i64 most) {
  u8 major;
  u64 value = head(r, &major);
  require(major <= 1 && value >> 63 == 0);
  i64 number = major ? -1 - (i64)value : (i64)value;
  require(number >= least && number <= most);
  return number;
}

static u32 read_list(reader *r, u8 want, u64 most) {
  u8 major;
  u64 count = head(r, &major);
  require(major == want && count <= most);
  return (u32)count;
}

static void read_key(reader *r, u64 key) { read_uint(r, key, key); }

/* --- writing it --- */

static u8 *write_head(u8 *b, u8 major, u64 value) {
  if (value < 24) {
    *b++ = (u8)(major << 5 | value);
    return b;
  }
  u32 log = value < 1 << 8 ? 0 : value < 1 << 16 ? 1 : value >> 32 == 0 ? 2 : 3;
  *b++ = (u8)(major << 5 | (24 + log));
  for (i32 shift = (8 << log) - 8; shift >= 0; shift -= 8) *b++ = (u8)(value >> shift);
  return b;
}

static u8 *write_uint(u8 *b, u64 value) { return write_head(b, 0, value); }

static __attribute__((unused)) u8 *write_int(u8 *b, i64 value) {
  return value < 0 ? write_head(b, 1, (u64)(-1 - value)) : write_head(b, 0, (u64)value);
}

INLINE u64 result(const u8 *from, const u8 *to) { return (u64)(u32)from << 32 | (u32)(to - from); }

/* --- BLAKE3 --- */

static const u32 b3_iv[8] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};
enum { B3_START = 1, B3_END = 2, B3_PARENT = 4, B3_ROOT = 8 };

#define ROTR(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define MIX(a, b, c, d, x, y)                                                  \
  a += b + x, d = ROTR(d ^ a, 16), c += d, b = ROTR(b ^ c, 12), a += b + y,    \
  d = ROTR(d ^ a, 8), c += d, b = ROTR(b ^ c, 7)

/* One block; cv becomes its chaining value. */
static void b3_block(u32 cv[8], const u32 block[16], u64 counter, u32 length, u32 flags) {
  static const u8 order[16] = {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};
  u32 v[16], m[16], next[16];
  for (u32 i = 0; i < 8; i++) v[i] = cv[i];
  for (u32 i = 0; i < 4; i++) v[8 + i] = b3_iv[i];
  v[12] = (u32)counter, v[13] = (u32)(counter >> 32), v[14] = length, v[15] = flags;
  for (u32 i = 0; i < 16; i++) m[i] = block[i];
  for (u32 round = 0; round < 7; round++) {
    MIX(v[0], v[4], v[8], v[12], m[0], m[1]);
    MIX(v[1], v[5], v[9], v[13], m[2], m[3]);
    MIX(v[2], v[6], v[10], v[14], m[4], m[5]);
    MIX(v[3], v[7], v[11], v[15], m[6], m[7]);
    MIX(v[0], v[5], v[10], v[15], m[8], m[9]);
    MIX(v[1], v[6], v[11], v[12], m[10], m[11]);
    MIX(v[2], v[7], v[8], v[13], m[12], m[13]);
    MIX(v[3], v[4], v[9], v[14], m[14], m[15]);
    for (u32 i = 0; i < 16; i++) next[i] = m[order[i]];
    for (u32 i = 0; i < 16; i++) m[i] = next[i];
  }
  for (u32 i = 0; i < 8; i++) cv[i] = v[i] ^ v[i + 8];
}

static void b3_parent(u32 left[8], const u32 right[8], u32 flags) {
  u32 block[16];
  for (u32 i = 0; i < 8; i++) block[i] = left[i], block[8 + i] = right[i], left[i] = b3_iv[i];
  b3_block(left, block, 0, 64, B3_PARENT | flags);
}

/* The hash of bytes, which may be read as words up to the end of their last block of 64. */
static void blake3(const u8 *data, u32 bytes, u32 out[8]) {
  static u32 stack[32][8];
  u32 depth = 0, chunks = 0;
  for (;; chunks++) {
    u32 size = bytes < 1024 ? bytes : 1024, done = 0, cv[8], block[16];
    int last = bytes <= 1024;
    for (u32 i = 0; i < 8; i++) cv[i] = b3_iv[i];
    do {
      u32 length = size - done < 64 ? size - done : 64;
      for (u32 i = 0; i < 16; i++) block[i] = 0;
      __builtin_memcpy(block, data + done, length);
      u32 flags = (done == 0 ? B3_START : 0) | (done + length == size ? B3_END | (last && chunks == 0 ? B3_ROOT : 0) : 0);
      b3_block(cv, block, chunks, length, flags);
      done += length;
    } while (done < size);
    data += size, bytes -= size;
    for (u32 i = 0; i < 8; i++) stack[depth][i] = cv[i];
    depth++;
    if (last) break;
    for (u32 total = chunks + 1; (total & 1) == 0; total >>= 1, depth--) b3_parent(stack[depth - 2], stack[depth - 1], 0);
  }
  for (; depth > 1; depth--) b3_parent(stack[depth - 2], stack[depth - 1], depth == 2 ? B3_ROOT : 0);
  for (u32 i = 0; i < 8; i++) out[i] = stack[0][i];
}

#endif
