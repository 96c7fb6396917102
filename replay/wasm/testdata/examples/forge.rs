// What a program of the profile forge-wasm-int@1 needs: memory, canonical CBOR, BLAKE3,
// and a way to stop. Wrong arguments trap, which makes the shard invalid.

use core::arch::wasm32;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    wasm32::unreachable()
}

#[inline(always)]
pub fn require(holds: bool) {
    if !holds {
        wasm32::unreachable()
    }
}

extern "C" {
    static __heap_base: u8;
}

static mut HEAP_TOP: usize = 0;

/// Memory is handed out upwards from the end of the data, and never taken back.
pub fn take(bytes: usize) -> *mut u8 {
    unsafe {
        let at = if HEAP_TOP != 0 { HEAP_TOP } else { &__heap_base as *const u8 as usize };
        let at = (at + 15) & !15;
        let end = at as u64 + bytes as u64;
        let have = wasm32::memory_size(0);
        if end > (have as u64) << 16 {
            let pages = ((end + 65535) >> 16) as usize;
            require(wasm32::memory_grow(0, pages - have) != usize::MAX);
        }
        HEAP_TOP = end as usize;
        at as *mut u8
    }
}

/// Room for n values, all zero: memory that was never touched is.
pub fn zeroed<T>(n: usize) -> &'static mut [T] {
    unsafe { core::slice::from_raw_parts_mut(take(n * core::mem::size_of::<T>()) as *mut T, n) }
}

#[no_mangle]
pub extern "C" fn forge_alloc(bytes: usize) -> *mut u8 {
    take(bytes)
}

/// Reads canonical CBOR.
pub struct Reader<'a> {
    pub rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> u8 {
        require(!self.rest.is_empty());
        let b = self.rest[0];
        self.rest = &self.rest[1..];
        b
    }

    fn head(&mut self) -> (u8, u64) {
        let first = self.byte();
        let info = first & 31;
        if info < 24 {
            return (first >> 5, info as u64);
        }
        require(info <= 27);
        let bytes = 1u32 << (info - 24);
        let mut value = 0u64;
        for _ in 0..bytes {
            value = value << 8 | self.byte() as u64;
        }
        require(if info == 24 { value >= 24 } else { value >> (4 * bytes) != 0 }); // the shortest head only
        (first >> 5, value)
    }

    pub fn uint(&mut self, least: u64, most: u64) -> u64 {
        let (major, value) = self.head();
        require(major == 0 && value >= least && value <= most);
        value
    }

    pub fn int(&mut self, least: i64, most: i64) -> i64 {
        let (major, value) = self.head();
        require(major <= 1 && value >> 63 == 0);
        let number = if major == 1 { -1 - value as i64 } else { value as i64 };
        require(number >= least && number <= most);
        number
    }

    pub fn list(&mut self, want: u8, most: u64) -> usize {
        let (major, count) = self.head();
        require(major == want && count <= most);
        count as usize
    }

    pub fn key(&mut self, key: u64) {
        self.uint(key, key);
    }
}

/// Writes CBOR into memory that is large enough.
pub struct Writer {
    room: &'static mut [u8],
    used: usize,
}

impl Writer {
    pub fn new(most: usize) -> Writer {
        Writer { room: zeroed(most), used: 0 }
    }

    pub fn raw(&mut self, b: u8) {
        self.room[self.used] = b;
        self.used += 1;
    }

    pub fn head(&mut self, major: u8, value: u64) {
        if value < 24 {
            return self.raw(major << 5 | value as u8);
        }
        let log = if value < 1 << 8 { 0 } else if value < 1 << 16 { 1 } else if value >> 32 == 0 { 2 } else { 3 };
        self.raw(major << 5 | (24 + log));
        for i in (0..1u32 << log).rev() {
            self.raw((value >> (8 * i)) as u8);
        }
    }

    pub fn int(&mut self, value: i64) {
        if value < 0 {
            self.head(1, (-1 - value) as u64)
        } else {
            self.head(0, value as u64)
        }
    }

    pub fn bytes(&mut self, b: &[u8]) {
        self.head(2, b.len() as u64);
        for x in b {
            self.raw(*x);
        }
    }

    /// What forge_run returns.
    pub fn result(&self) -> u64 {
        (self.room.as_ptr() as u64) << 32 | self.used as u64
    }
}

const IV: [u32; 8] = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];
const START: u32 = 1;
const END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;

#[inline(always)]
fn mix(v: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize, x: u32, y: u32) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(12);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(8);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(7);
}

fn compress(cv: &mut [u32; 8], block: &[u32; 16], counter: u64, length: u32, flags: u32) {
    const ORDER: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut v = [0u32; 16];
    v[..8].copy_from_slice(cv);
    v[8..12].copy_from_slice(&IV[..4]);
    v[12] = counter as u32;
    v[13] = (counter >> 32) as u32;
    v[14] = length;
    v[15] = flags;
    let mut m = *block;
    for _ in 0..7 {
        mix(&mut v, 0, 4, 8, 12, m[0], m[1]);
        mix(&mut v, 1, 5, 9, 13, m[2], m[3]);
        mix(&mut v, 2, 6, 10, 14, m[4], m[5]);
        mix(&mut v, 3, 7, 11, 15, m[6], m[7]);
        mix(&mut v, 0, 5, 10, 15, m[8], m[9]);
        mix(&mut v, 1, 6, 11, 12, m[10], m[11]);
        mix(&mut v, 2, 7, 8, 13, m[12], m[13]);
        mix(&mut v, 3, 4, 9, 14, m[14], m[15]);
        let mut next = [0u32; 16];
        for i in 0..16 {
            next[i] = m[ORDER[i]];
        }
        m = next;
    }
    for i in 0..8 {
        cv[i] = v[i] ^ v[i + 8];
    }
}

fn chunk(data: &[u8], counter: u64, root: u32) -> [u32; 8] {
    let mut cv = IV;
    let mut done = 0;
    loop {
        let length = core::cmp::min(64, data.len() - done);
        let mut block = [0u32; 16];
        for i in 0..length {
            block[i / 4] |= (data[done + i] as u32) << (8 * (i % 4));
        }
        let mut flags = if done == 0 { START } else { 0 };
        if done + length == data.len() {
            flags |= END | root;
        }
        compress(&mut cv, &block, counter, length as u32, flags);
        done += length;
        if done == data.len() {
            return cv;
        }
    }
}

fn parent(left: &[u32; 8], right: &[u32; 8], root: u32) -> [u32; 8] {
    let mut block = [0u32; 16];
    block[..8].copy_from_slice(left);
    block[8..].copy_from_slice(right);
    let mut cv = IV;
    compress(&mut cv, &block, 0, 64, PARENT | root);
    cv
}

pub fn blake3(mut data: &[u8]) -> [u32; 8] {
    if data.len() <= 1024 {
        return chunk(data, 0, ROOT);
    }
    let mut stack = [[0u32; 8]; 32];
    let mut depth = 0;
    let mut chunks = 0u64;
    while data.len() > 1024 {
        let mut cv = chunk(&data[..1024], chunks, 0);
        data = &data[1024..];
        chunks += 1;
        let mut total = chunks;
        while total & 1 == 0 {
            depth -= 1;
            cv = parent(&stack[depth], &cv, 0);
            total >>= 1;
        }
        stack[depth] = cv;
        depth += 1;
    }
    let mut cv = chunk(data, chunks, 0);
    while depth > 0 {
        depth -= 1;
        cv = parent(&stack[depth], &cv, if depth == 0 { ROOT } else { 0 });
    }
    cv
}
