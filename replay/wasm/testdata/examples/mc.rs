// mc@1 path.v1 (docs/formats/replay.md section 7.1) as a user program: the same output as
// the built-in, to the byte.
#![no_std]

#[allow(dead_code)]
mod forge;
use forge::{blake3, require, zeroed, Reader, Writer};

static QUANTILES: &[u8; 4100] = include_bytes!("../../../icdf.bin");

fn quantile(i: usize) -> i32 {
    let b = &QUANTILES[4 * i..4 * i + 4];
    i32::from_le_bytes([b[0], b[1], b[2], b[3]])
}

/// A piece of the quantile function starts at .0 and runs to .0 + .1.
type Pieces = [(i32, i32); 1024];

fn pieces(table: &mut Pieces) {
    for i in 0..1024 {
        let next = if i % 32 != 31 { i + 1 } else if i >= 63 { i - 63 } else { 1024 };
        table[i] = (quantile(i), quantile(next) - quantile(i));
    }
}

#[inline(always)]
fn normal(table: &Pieces, u: u64) -> i64 {
    let v = u & (u64::MAX >> 1);
    let z = if v >> 31 == 0 {
        table[992].0 as i64
    } else {
        let e = v.leading_zeros() - 1;
        let m = v << (e + 2);
        let (a, d) = table[(32 * e as usize + (m >> 59) as usize) & 1023];
        a as i64 + (d as i64 * ((m >> 35) & 0xffffff) as i64 >> 24)
    };
    let flip = (u >> 63) as i64 - 1;
    (z ^ flip) - flip
}

const PRICE: i64 = 1 << 36;

struct Args {
    paths: u64,
    steps: u32,
    start: i64,
    drift: i64,
    vol: i64,
    geometric: bool,
    strike: i64,
    first: u64,
    lo: i64,
    width: u64,
    bins: usize,
}

fn read_args(bytes: &[u8]) -> Args {
    let mut r = Reader { rest: bytes };
    require(r.list(5, 9) == 9);
    let paths = (r.key(1), r.uint(1, 1 << 26)).1;
    let steps = (r.key(2), r.uint(1, 4096)).1 as u32;
    let start = (r.key(3), r.int(-PRICE, PRICE)).1;
    let drift = (r.key(4), r.int(-(1 << 23), 1 << 23)).1;
    let vol = (r.key(5), r.int(0, 1 << 23)).1;
    let geometric = (r.key(6), r.uint(0, 1)).1 == 1;
    let strike = (r.key(7), r.int(-PRICE, PRICE)).1;
    let first = (r.key(8), r.uint(0, u64::MAX)).1;
    r.key(9);
    require(r.list(4, 3) == 3);
    let lo = r.int(-PRICE, PRICE);
    let width = r.uint(1, 1 << 37);
    let bins = r.uint(1, 1024) as usize;
    require(r.rest.is_empty() && (!geometric || start >= 0) && paths - 1 <= !first);
    Args { paths, steps, start, drift, vol, geometric, strike, first, lo, width, bins }
}

/// Where path g ends. Two steps share a block of Philox4x32-10.
#[inline(always)]
fn walk(a: &Args, table: &Pieces, g: u64, key: [u32; 2], geometric: bool) -> i64 {
    let least = if geometric { 0 } else { -PRICE };
    let step = |s: i64, lo: u32, hi: u32| -> i64 {
        let inc = a.drift + (a.vol * normal(table, (hi as u64) << 32 | lo as u64) >> 24);
        let s = s + if geometric { s * inc >> 24 } else { inc };
        if s < least { least } else if s > PRICE { PRICE } else { s }
    };
    let mut s = a.start;
    let mut t = 0;
    while t < a.steps {
        let (mut c0, mut c1, mut c2, mut c3) = (g as u32, (g >> 32) as u32, t >> 1, 0x6D630001u32);
        let [mut k0, mut k1] = key;
        for _ in 0..10 {
            let p = c0 as u64 * 0xD2511F53;
            let q = c2 as u64 * 0xCD9E8D57;
            c0 = (q >> 32) as u32 ^ c1 ^ k0;
            c1 = q as u32;
            c2 = (p >> 32) as u32 ^ c3 ^ k1;
            c3 = p as u32;
            k0 = k0.wrapping_add(0x9E3779B9);
            k1 = k1.wrapping_add(0xBB67AE85);
        }
        s = step(s, c0, c1);
        if t + 1 == a.steps {
            break;
        }
        s = step(s, c2, c3);
        t += 2;
    }
    s
}

#[no_mangle]
pub unsafe extern "C" fn forge_run(args: *const u8, args_bytes: usize, _input: *const u8, input_bytes: usize) -> u64 {
    require(input_bytes == 0);
    let args = core::slice::from_raw_parts(args, args_bytes);
    let a = read_args(&args[32..]);
    let mut tagged = [0x50u8; 33];
    tagged[1..].copy_from_slice(&args[..32]);
    let hash = blake3(&tagged);
    let key = [hash[0], hash[1]];
    let table = &mut zeroed::<Pieces>(1)[0];
    pieces(table);
    let counts = zeroed::<u64>(a.bins + 2);
    let (mut pay_sum, mut square_sum) = (0u128, 0u128);
    let (mut least, mut most) = (PRICE, -PRICE);
    for p in 0..a.paths {
        let g = a.first + p;
        let s = if a.geometric { walk(&a, table, g, key, true) } else { walk(&a, table, g, key, false) };
        let pay = if s > a.strike { (s - a.strike) as u64 } else { 0 };
        // The square of 38 bits, put together of halves: no 128-bit product is needed.
        let (low, high) = (pay & 0xffffffff, pay >> 32);
        pay_sum += pay as u128;
        square_sum += (low * low) as u128 + (((2 * low * high) as u128) << 32) + (((high * high) as u128) << 64);
        least = core::cmp::min(least, s);
        most = core::cmp::max(most, s);
        let bin = if s < a.lo { 0 } else { core::cmp::min((s - a.lo) as u64 / a.width, a.bins as u64) as usize + 1 };
        counts[bin] += 1;
    }
    let mut w = Writer::new(16384);
    w.head(4, 6);
    w.head(0, a.paths);
    w.bytes(&pay_sum.to_be_bytes());
    w.bytes(&square_sum.to_be_bytes());
    w.int(least);
    w.int(most);
    w.head(4, counts.len() as u64);
    for c in counts.iter() {
        w.head(0, *c);
    }
    w.result()
}
