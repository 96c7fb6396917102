// graph@1 pagerank.v1 (docs/formats/replay.md section 7.2) as a user program: the same
// output as the built-in, to the byte.
#![no_std]

#[allow(dead_code)]
mod forge;
use core::sync::atomic::{compiler_fence, Ordering};
use forge::{blake3, require, zeroed, Reader, Writer};

const MASS: u64 = 1 << 46;

struct Args {
    steps: u64,
    damp: u64,
    seeds: &'static [u32],
    top: usize,
}

fn read_args(bytes: &[u8]) -> Args {
    let mut r = Reader { rest: bytes };
    require(r.list(5, 4) == 4);
    let steps = (r.key(1), r.uint(1, 256)).1;
    let damp = (r.key(2), r.uint(0, 65535)).1;
    r.key(3);
    let count = r.list(4, 4096);
    let seeds = zeroed::<u32>(count);
    let mut least = 0;
    for seed in seeds.iter_mut() {
        *seed = r.uint(least, (1 << 24) - 1) as u32;
        least = *seed as u64 + 1;
    }
    let top = (r.key(4), r.uint(0, 4096)).1 as usize;
    require(r.rest.is_empty());
    Args { steps, damp, seeds, top }
}

fn check(off: &[u32], dst: &[u32]) {
    let n = off.len() as u32 - 1;
    require(off[0] == 0 && off[n as usize] as usize == dst.len());
    for w in off.windows(2) {
        require(w[0] <= w[1] && w[1] as usize <= dst.len());
        let mut next = 0;
        for v in &dst[w[0] as usize..w[1] as usize] {
            require(*v >= next && *v < n);
            next = *v + 1;
        }
    }
}

fn spread(a: &Args, rank: &mut [u64], mass: u64) {
    let count = if a.seeds.is_empty() { rank.len() } else { a.seeds.len() } as u64;
    let (part, extra) = (mass / count, mass % count);
    for i in 0..count {
        let v = if a.seeds.is_empty() { i as usize } else { a.seeds[i as usize] as usize };
        rank[v] += part + (i < extra) as u64;
    }
}

/// One edge.
#[inline(always)]
unsafe fn give(inflow: *mut u64, dst: *const u32, share: u64) {
    *inflow.add(*dst as usize) += share;
}

/// Each vertex gives its neighbours equal parts. Sixteen edges pay for the loop once.
/// Targets were checked: they are below the number of vertices.
unsafe fn push(off: &[u32], mut dst: *const u32, rank: &[u64], inflow: *mut u64) {
    for (u, x) in rank.iter().enumerate() {
        let mut degree = *off.get_unchecked(u + 1) - *off.get_unchecked(u);
        if degree == 0 {
            continue;
        }
        let share = *x / degree as u64;
        while degree >= 16 {
            // The last first: an engine then knows that the others are in memory too.
            give(inflow, dst.add(15), share);
            compiler_fence(Ordering::SeqCst);
            for i in 0..15 {
                give(inflow, dst.add(i), share);
            }
            dst = dst.add(16);
            degree -= 16;
        }
        while degree > 0 {
            give(inflow, dst, share);
            dst = dst.add(1);
            degree -= 1;
        }
    }
}

fn step(a: &Args, off: &[u32], dst: &[u32], rank: &mut [u64], inflow: &mut [u64]) {
    inflow.fill(0);
    unsafe { push(off, dst.as_ptr(), rank, inflow.as_mut_ptr()) };
    let mut left = MASS;
    for (r, x) in rank.iter_mut().zip(inflow.iter()) {
        *r = *x * a.damp >> 16;
        left -= *r;
    }
    spread(a, rank, left);
}

/// The highest vertices, as a heap whose first is the one to be replaced first.
struct Top {
    heap: &'static mut [u32],
    size: usize,
}

fn before(rank: &[u64], v: u32, w: u32) -> bool {
    let (x, y) = (rank[v as usize], rank[w as usize]);
    x > y || x == y && v < w
}

impl Top {
    fn sink(&mut self, rank: &[u64], mut at: usize, size: usize, v: u32) {
        loop {
            let mut child = 2 * at + 1;
            if child >= size {
                break;
            }
            if child + 1 < size && before(rank, self.heap[child], self.heap[child + 1]) {
                child += 1;
            }
            if !before(rank, v, self.heap[child]) {
                break;
            }
            self.heap[at] = self.heap[child];
            at = child;
        }
        self.heap[at] = v;
    }

    fn offer(&mut self, rank: &[u64], v: u32) {
        if rank[v as usize] == 0 || self.heap.is_empty() {
            return;
        }
        if self.size == self.heap.len() {
            if before(rank, v, self.heap[0]) {
                self.sink(rank, 0, self.size, v);
            }
            return;
        }
        let mut at = self.size;
        self.size += 1;
        while at > 0 && before(rank, self.heap[(at - 1) / 2], v) {
            self.heap[at] = self.heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        self.heap[at] = v;
    }

    fn sort(&mut self, rank: &[u64]) {
        for left in (2..self.size + 1).rev() {
            let v = self.heap[left - 1];
            self.heap[left - 1] = self.heap[0];
            self.sink(rank, 0, left - 1, v);
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn forge_run(args: *const u8, args_bytes: usize, input: *const u32, input_bytes: usize) -> u64 {
    let a = read_args(&core::slice::from_raw_parts(args, args_bytes)[32..]);
    require(input_bytes >= 8);
    let (n, m) = (*input as usize, *input.add(1) as usize);
    require(n >= 1 && n <= 1 << 24 && input_bytes as u64 == 8 + 4 * (n as u64 + 1) + 4 * m as u64);
    require(a.seeds.is_empty() || (a.seeds[a.seeds.len() - 1] as usize) < n);
    let off = core::slice::from_raw_parts(input.add(2), n + 1);
    let dst = core::slice::from_raw_parts(input.add(2 + n + 1), m);
    check(off, dst);
    let (rank, inflow) = (zeroed::<u64>(n), zeroed::<u64>(n));
    spread(&a, rank, MASS);
    for _ in 0..a.steps {
        step(&a, off, dst, rank, inflow);
    }
    let mut top = Top { heap: zeroed(a.top), size: 0 };
    let mut sum = 0;
    for v in 0..n {
        sum += rank[v];
        top.offer(rank, v as u32);
    }
    require(sum == MASS);
    top.sort(rank);
    let mut w = Writer::new(64 + 4096 * 16);
    w.head(4, 3);
    w.head(0, n as u64);
    let hash = blake3(core::slice::from_raw_parts(rank.as_ptr() as *const u8, n * 8));
    w.head(2, 32);
    for x in hash {
        for b in x.to_le_bytes() {
            w.raw(b);
        }
    }
    w.head(4, top.size as u64);
    for i in 0..top.size {
        let v = top.heap[i];
        w.head(4, 2);
        w.head(0, v as u64);
        w.head(0, rank[v as usize]);
    }
    w.result()
}
