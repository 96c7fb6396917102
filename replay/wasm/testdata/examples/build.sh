#!/bin/sh
# Builds the examples beside their sources: needs clang and wasm-ld (LLVM 14 or later) and
# rustc with the target wasm32-unknown-unknown. Debian: clang lld rustc libstd-rust-dev-wasm32.
# The committed modules are those of Debian 12: clang 14.0.6, rustc 1.63.0.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The table of replay/icdf.bin as the elements of an array in C.
od -An -v -t d4 -w32 ../../../icdf.bin | sed 's/\(-\{0,1\}[0-9]\{1,\}\)/\1,/g' > "$work/quantiles.inc"

build() { # name, maximum of the memory in bytes
	"${CLANG:-clang}" --target=wasm32 -O2 -mbulk-memory -msign-ext -ffreestanding -nostdlib -Wall -Wextra -Werror \
		-I "$work" -c "$1.c" -o "$work/$1.o"
	"${WASM_LD:-wasm-ld}" --no-entry --strip-all -z stack-size=32768 --max-memory="$2" "$work/$1.o" -o "$1-c.wasm"
	"${RUSTC:-rustc}" --edition 2021 --target wasm32-unknown-unknown --crate-type cdylib -D warnings \
		-C opt-level=3 -C panic=abort -C strip=symbols -C target-feature=+bulk-memory \
		-C linker="${WASM_LD:-wasm-ld}" -C linker-flavor=wasm-ld -C link-arg=-zstack-size=32768 -C link-arg=--max-memory="$2" \
		"$1.rs" -o "$1-rust.wasm"
}

build mc 1048576
build pagerank 536870912
