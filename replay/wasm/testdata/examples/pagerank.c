/* graph@1 pagerank.v1 (docs/formats/replay.md section 7.2) as a user program: the same
   output as the built-in, to the byte. */
#include "forge.h"

#define MASS (1ull << 46)

static u32 steps, damp, seed_count, top, n, m;
static u32 seeds[4096];
static u64 *rank, *in;

static void read_args(const u8 *at, u32 bytes) {
  reader r = {at, at + bytes};
  require(read_list(&r, 5, 4) == 4);
  read_key(&r, 1), steps = (u32)read_uint(&r, 1, 256);
  read_key(&r, 2), damp = (u32)read_uint(&r, 0, 65535);
  read_key(&r, 3), seed_count = read_list(&r, 4, 4096);
  for (u32 i = 0; i < seed_count; i++) seeds[i] = (u32)read_uint(&r, i ? seeds[i - 1] + 1 : 0, (1 << 24) - 1);
  read_key(&r, 4), top = (u32)read_uint(&r, 0, 4096);
  require(r.at == r.end);
}

static void check(const u32 *off, const u32 *dst) {
  require(off[0] == 0 && off[n] == m);
  for (u32 u = 0; u < n; u++) {
    require(off[u] <= off[u + 1] && off[u + 1] <= m);
    u32 next = 0;
    for (u32 i = off[u]; i < off[u + 1]; i++) {
      require(dst[i] >= next && dst[i] < n);
      next = dst[i] + 1;
    }
  }
}

static void spread(u64 mass) {
  u32 count = seed_count ? seed_count : n;
  u64 part = mass / count, extra = mass % count;
  for (u32 i = 0; i < count; i++) rank[seed_count ? seeds[i] : i] += part + (i < extra);
}

INLINE void give(u64 *to, u32 v, u64 share) { to[v] += share; }

/* Each vertex gives its neighbours equal parts. Sixteen edges pay for the loop once. */
static void push(const u32 *off, const u32 *dst, const u64 *from, u64 *to) {
  for (u32 u = 0; u < n; u++) {
    u32 degree = off[u + 1] - off[u];
    if (degree == 0) continue;
    u64 share = from[u] / degree;
    for (; degree >= 16; degree -= 16, dst += 16) {
      give(to, dst[15], share); /* the last first: an engine then knows that the others are in memory too */
      __asm__ volatile("" ::: "memory");
      _Pragma("unroll") for (int i = 0; i < 15; i++) give(to, dst[i], share);
    }
    for (; degree >= 4; degree -= 4, dst += 4) {
      give(to, dst[3], share);
      __asm__ volatile("" ::: "memory");
      _Pragma("unroll") for (int i = 0; i < 3; i++) give(to, dst[i], share);
    }
    for (; degree; degree--) give(to, *dst++, share);
  }
}

static void step(const u32 *off, const u32 *dst) {
  __builtin_memset(in, 0, n * 8);
  push(off, dst, rank, in);
  u64 left = MASS;
  for (u32 v = 0; v < n; v++) {
    u64 x = in[v] * damp >> 16;
    rank[v] = x;
    left -= x;
  }
  spread(left);
}

/* Vertices in a heap whose top is the one to be replaced first. */
static u32 heap[4096], heap_size;

INLINE int before(u32 v, u32 w) { return rank[v] != rank[w] ? rank[v] > rank[w] : v < w; }

static void sink(u32 at, u32 size, u32 v) {
  for (u32 child; (child = 2 * at + 1) < size; at = child) {
    if (child + 1 < size && before(heap[child], heap[child + 1])) child++;
    if (!before(v, heap[child])) break;
    heap[at] = heap[child];
  }
  heap[at] = v;
}

static void offer(u32 v) {
  if (rank[v] == 0 || top == 0) return;
  if (heap_size == top) {
    if (before(v, heap[0])) sink(0, heap_size, v);
    return;
  }
  u32 at = heap_size++;
  for (; at && before(heap[(at - 1) / 2], v); at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
  heap[at] = v;
}

EXPORT(forge_run) u64 forge_run(const u8 *args, u32 args_bytes, const u32 *input, u32 input_bytes) {
  read_args(args + 32, args_bytes - 32);
  require(input_bytes >= 8);
  n = input[0], m = input[1];
  require(n >= 1 && n <= 1 << 24 && input_bytes == 8 + 4 * ((u64)n + 1) + 4 * (u64)m);
  require(!seed_count || seeds[seed_count - 1] < n);
  const u32 *off = input + 2, *dst = off + n + 1;
  check(off, dst);
  rank = take(n * 8), in = take(n * 8);
  __builtin_memset(rank, 0, n * 8);
  spread(MASS);
  for (u32 i = 0; i < steps; i++) step(off, dst);
  u64 sum = 0;
  for (u32 v = 0; v < n; v++) sum += rank[v], offer(v);
  require(sum == MASS);

  u32 hash[8], size = heap_size;
  blake3((const u8 *)rank, n * 8, hash);
  u8 *out = take(64 + 4096 * 16), *b = write_head(write_uint(write_head(out, 4, 3), n), 2, 32);
  __builtin_memcpy(b, hash, 32);
  b = write_head(b + 32, 4, size);
  /* Sorting in place: the last comes to the end again and again. */
  for (u32 left = size; left > 1; left--) {
    u32 v = heap[left - 1];
    heap[left - 1] = heap[0];
    sink(0, left - 1, v);
  }
  for (u32 i = 0; i < size; i++) b = write_uint(write_uint(write_head(b, 4, 2), heap[i]), rank[heap[i]]);
  return result(out, b);
}
