/* mc@1 path.v1 (docs/formats/replay.md section 7.1) as a user program: the same output
   as the built-in, to the byte. */
#include "forge.h"

static const i32 quantiles[1025] = {
#include "quantiles.inc"
};

/* A piece of the quantile function starts at a and runs to a + d. */
static struct { i32 a, d; } steps_of[1024];

static void make_steps(void) {
  for (i32 i = 0; i < 1024; i++) {
    i32 next = (i & 31) != 31 ? i + 1 : i >= 63 ? i - 63 : 1024;
    steps_of[i].a = quantiles[i];
    steps_of[i].d = quantiles[next] - quantiles[i];
  }
}

INLINE i64 normal(u64 u) {
  u64 v = u & ~0ull >> 1;
  i64 z;
  if (__builtin_expect(v >> 31 == 0, 0)) {
    z = quantiles[992];
  } else {
    u32 e = (u32)__builtin_clzll(v) - 1;
    u64 m = v << (e + 2);
    u32 i = (32 * e + (u32)(m >> 59)) & 1023;
    z = steps_of[i].a + (steps_of[i].d * (i64)((m >> 35) & 0xffffff) >> 24);
  }
  i64 flip = (i64)(u >> 63) - 1;
  return (z ^ flip) - flip;
}

typedef struct { u64 lo, hi; } wide; /* 128 bits */

INLINE void add(wide *w, u64 lo, u64 hi) {
  w->lo += lo;
  w->hi += hi + (w->lo < lo);
}

static u8 *write_wide(u8 *b, wide w) {
  b = write_head(b, 2, 16);
  for (i32 s = 56; s >= 0; s -= 8) *b++ = (u8)(w.hi >> s);
  for (i32 s = 56; s >= 0; s -= 8) *b++ = (u8)(w.lo >> s);
  return b;
}

#define PRICE (1ll << 36)

static struct {
  u64 paths, first, width;
  i64 start, drift, vol, strike, lo;
  u32 steps, geometric, bins;
} a;

static void read_args(const u8 *at, u32 bytes) {
  reader r = {at, at + bytes};
  require(read_list(&r, 5, 9) == 9);
  read_key(&r, 1), a.paths = read_uint(&r, 1, 1 << 26);
  read_key(&r, 2), a.steps = (u32)read_uint(&r, 1, 4096);
  read_key(&r, 3), a.start = read_int(&r, -PRICE, PRICE);
  read_key(&r, 4), a.drift = read_int(&r, -(1 << 23), 1 << 23);
  read_key(&r, 5), a.vol = read_int(&r, 0, 1 << 23);
  read_key(&r, 6), a.geometric = (u32)read_uint(&r, 0, 1);
  read_key(&r, 7), a.strike = read_int(&r, -PRICE, PRICE);
  read_key(&r, 8), a.first = read_uint(&r, 0, ~0ull);
  read_key(&r, 9);
  require(read_list(&r, 4, 3) == 3);
  a.lo = read_int(&r, -PRICE, PRICE);
  a.width = read_uint(&r, 1, 1ull << 37);
  a.bins = (u32)read_uint(&r, 1, 1024);
  require(r.at == r.end && (!a.geometric || a.start >= 0) && a.paths - 1 <= ~a.first);
}

INLINE i64 increment(u32 lo, u32 hi) { return a.drift + (a.vol * normal((u64)hi << 32 | lo) >> 24); }

INLINE i64 clamp(i64 s, i64 least) { return s < least ? least : s > PRICE ? PRICE : s; }

/* Where path g ends. Two steps share a block of Philox4x32-10. */
INLINE i64 walk(u64 g, u32 key0, u32 key1, const int geometric) {
  i64 s = a.start, least = geometric ? 0 : -PRICE;
  for (u32 t = 0; t < a.steps; t += 2) {
    u32 c0 = (u32)g, c1 = (u32)(g >> 32), c2 = t >> 1, c3 = 0x6D630001, k0 = key0, k1 = key1;
#pragma unroll
    for (int round = 0; round < 10; round++) {
      u64 p = (u64)c0 * 0xD2511F53u, q = (u64)c2 * 0xCD9E8D57u;
      c0 = (u32)(q >> 32) ^ c1 ^ k0, c1 = (u32)q;
      c2 = (u32)(p >> 32) ^ c3 ^ k1, c3 = (u32)p;
      k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    }
    i64 inc = increment(c0, c1);
    s = clamp(s + (geometric ? s * inc >> 24 : inc), least);
    if (t + 1 == a.steps) break;
    inc = increment(c2, c3);
    s = clamp(s + (geometric ? s * inc >> 24 : inc), least);
  }
  return s;
}

EXPORT(forge_run) u64 forge_run(const u8 *args, u32 args_bytes, const u8 *input, u32 input_bytes) {
  static u64 counts[1026];
  static u8 out[16384];
  u32 key[8];
  u8 tagged[33] = {0x50};
  (void)input;
  require(input_bytes == 0);
  __builtin_memcpy(tagged + 1, args, 32);
  read_args(args + 32, args_bytes - 32);
  blake3(tagged, 33, key);
  make_steps();
  wide pay_sum = {0, 0}, square_sum = {0, 0};
  i64 least = PRICE, most = -PRICE;
  for (u64 p = 0; p < a.paths; p++) {
    i64 s = a.geometric ? walk(a.first + p, key[0], key[1], 1) : walk(a.first + p, key[0], key[1], 0);
    u64 pay = s > a.strike ? (u64)(s - a.strike) : 0, low = (u32)pay, high = pay >> 32, middle = 2 * low * high;
    add(&pay_sum, pay, 0);
    add(&square_sum, low * low, high * high);
    add(&square_sum, middle << 32, middle >> 32);
    least = s < least ? s : least, most = s > most ? s : most;
    u64 bin = s < a.lo ? 0 : (u64)(s - a.lo) / a.width;
    counts[s < a.lo ? 0 : (bin < a.bins ? bin : a.bins) + 1]++;
  }
  u8 *b = write_uint(write_head(out, 4, 6), a.paths);
  b = write_int(write_int(write_wide(write_wide(b, pay_sum), square_sum), least), most);
  b = write_head(b, 4, a.bins + 2);
  for (u32 i = 0; i < a.bins + 2; i++) b = write_uint(b, counts[i]);
  return result(out, b);
}
