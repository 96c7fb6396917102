// BLAKE3 compression of eight independent blocks: lane i of every vector belongs to
// block i. The sixteen words of the state are Y0 to Y7 and Y9 to Y15, with v8 in memory,
// so that Y8 is free for the rotations by 12 and 7; v8 is only ever added to and read by
// the step that mixes it. The message words wait transposed on the stack.

#include "textflag.h"

// Rotations to the right by 16 and by 8, as byte shuffles of both halves of a vector.
DATA rot16<>+0(SB)/8, $0x0504070601000302
DATA rot16<>+8(SB)/8, $0x0d0c0f0e09080b0a
DATA rot16<>+16(SB)/8, $0x0504070601000302
DATA rot16<>+24(SB)/8, $0x0d0c0f0e09080b0a
GLOBL rot16<>(SB), RODATA|NOPTR, $32

DATA rot8<>+0(SB)/8, $0x0407060500030201
DATA rot8<>+8(SB)/8, $0x0c0f0e0d080b0a09
DATA rot8<>+16(SB)/8, $0x0407060500030201
DATA rot8<>+24(SB)/8, $0x0c0f0e0d080b0a09
GLOBL rot8<>(SB), RODATA|NOPTR, $32

DATA iv<>+0(SB)/4, $0x6a09e667
DATA iv<>+4(SB)/4, $0xbb67ae85
DATA iv<>+8(SB)/4, $0x3c6ef372
DATA iv<>+12(SB)/4, $0xa54ff53a
GLOBL iv<>(SB), RODATA|NOPTR, $16

// M(i) is the message word i, V8 the state word 8.
#define M(i) (i*32)(SP)
#define V8 512(SP)

// ROTATE turns x right by n bits; m is 32-n.
#define ROTATE(n, m, x) \
	VPSRLD $n, x, Y8 \
	VPSLLD $m, x, x  \
	VPOR   Y8, x, x

// MIX is the function G of BLAKE3 on a, b, c, d with message words i and j.
#define MIX(a, b, c, d, i, j) \
	VPADDD  M(i), a, a      \
	VPADDD  b, a, a         \
	VPXOR   a, d, d         \
	VPSHUFB rot16<>(SB), d, d \
	VPADDD  d, c, c         \
	VPXOR   c, b, b         \
	ROTATE(12, 20, b)       \
	VPADDD  M(j), a, a      \
	VPADDD  b, a, a         \
	VPXOR   a, d, d         \
	VPSHUFB rot8<>(SB), d, d \
	VPADDD  d, c, c         \
	VPXOR   c, b, b         \
	ROTATE(7, 25, b)

// MIX8 is MIX with v8 as c.
#define MIX8(a, b, d, i, j) \
	VPADDD  M(i), a, a      \
	VPADDD  b, a, a         \
	VPXOR   a, d, d         \
	VPSHUFB rot16<>(SB), d, d \
	VPADDD  V8, d, Y8       \
	VMOVDQU Y8, V8          \
	VPXOR   Y8, b, b        \
	ROTATE(12, 20, b)       \
	VPADDD  M(j), a, a      \
	VPADDD  b, a, a         \
	VPXOR   a, d, d         \
	VPSHUFB rot8<>(SB), d, d \
	VPADDD  V8, d, Y8       \
	VMOVDQU Y8, V8          \
	VPXOR   Y8, b, b        \
	ROTATE(7, 25, b)

// ROUND mixes columns, then diagonals, with the message words in the order given.
#define ROUND(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15) \
	MIX8(Y0, Y4, Y12, m0, m1)        \
	MIX(Y1, Y5, Y9, Y13, m2, m3)     \
	MIX(Y2, Y6, Y10, Y14, m4, m5)    \
	MIX(Y3, Y7, Y11, Y15, m6, m7)    \
	MIX(Y0, Y5, Y10, Y15, m8, m9)    \
	MIX(Y1, Y6, Y11, Y12, m10, m11)  \
	MIX8(Y2, Y7, Y13, m12, m13)      \
	MIX(Y3, Y4, Y9, Y14, m14, m15)

// TRANSPOSE reads 32 bytes at the offset of eight blocks and writes eight message words,
// the first of which is M(first).
#define TRANSPOSE(offset, first) \
	MOVQ 0(SI), AX  \
	MOVQ 8(SI), BX  \
	MOVQ 16(SI), CX \
	MOVQ 24(SI), DX \
	MOVQ 32(SI), R8 \
	MOVQ 40(SI), R9 \
	MOVQ 48(SI), R10 \
	MOVQ 56(SI), R11 \
	VMOVDQU offset(AX), Y0 \
	VMOVDQU offset(BX), Y1 \
	VMOVDQU offset(CX), Y2 \
	VMOVDQU offset(DX), Y3 \
	VMOVDQU offset(R8), Y4 \
	VMOVDQU offset(R9), Y5 \
	VMOVDQU offset(R10), Y6 \
	VMOVDQU offset(R11), Y7 \
	VPUNPCKLDQ Y1, Y0, Y8  \
	VPUNPCKHDQ Y1, Y0, Y9  \
	VPUNPCKLDQ Y3, Y2, Y10 \
	VPUNPCKHDQ Y3, Y2, Y11 \
	VPUNPCKLDQ Y5, Y4, Y12 \
	VPUNPCKHDQ Y5, Y4, Y13 \
	VPUNPCKLDQ Y7, Y6, Y14 \
	VPUNPCKHDQ Y7, Y6, Y15 \
	VPUNPCKLQDQ Y10, Y8, Y0  \
	VPUNPCKHQDQ Y10, Y8, Y1  \
	VPUNPCKLQDQ Y11, Y9, Y2  \
	VPUNPCKHQDQ Y11, Y9, Y3  \
	VPUNPCKLQDQ Y14, Y12, Y4 \
	VPUNPCKHQDQ Y14, Y12, Y5 \
	VPUNPCKLQDQ Y15, Y13, Y6 \
	VPUNPCKHQDQ Y15, Y13, Y7 \
	VPERM2I128 $0x20, Y4, Y0, Y8  \
	VPERM2I128 $0x20, Y5, Y1, Y9  \
	VPERM2I128 $0x20, Y6, Y2, Y10 \
	VPERM2I128 $0x20, Y7, Y3, Y11 \
	VPERM2I128 $0x31, Y4, Y0, Y12 \
	VPERM2I128 $0x31, Y5, Y1, Y13 \
	VPERM2I128 $0x31, Y6, Y2, Y14 \
	VPERM2I128 $0x31, Y7, Y3, Y15 \
	VMOVDQU Y8, (first*32+0)(SP)    \
	VMOVDQU Y9, (first*32+32)(SP)   \
	VMOVDQU Y10, (first*32+64)(SP)  \
	VMOVDQU Y11, (first*32+96)(SP)  \
	VMOVDQU Y12, (first*32+128)(SP) \
	VMOVDQU Y13, (first*32+160)(SP) \
	VMOVDQU Y14, (first*32+192)(SP) \
	VMOVDQU Y15, (first*32+224)(SP)

// func compress(chain *chains, blocks *[Lanes]*[64]byte, lengths, flags, counters *[Lanes]uint32)
TEXT ·compress(SB), 0, $544-40
	MOVQ chain+0(FP), DI
	MOVQ blocks+8(FP), SI
	TRANSPOSE(0, 0)
	TRANSPOSE(32, 8)
	MOVQ lengths+16(FP), AX
	MOVQ flags+24(FP), BX
	MOVQ counters+32(FP), CX
	VPBROADCASTD iv<>+0(SB), Y8
	VMOVDQU Y8, V8
	VMOVDQU 0(DI), Y0
	VMOVDQU 32(DI), Y1
	VMOVDQU 64(DI), Y2
	VMOVDQU 96(DI), Y3
	VMOVDQU 128(DI), Y4
	VMOVDQU 160(DI), Y5
	VMOVDQU 192(DI), Y6
	VMOVDQU 224(DI), Y7
	VPBROADCASTD iv<>+4(SB), Y9
	VPBROADCASTD iv<>+8(SB), Y10
	VPBROADCASTD iv<>+12(SB), Y11
	VMOVDQU (CX), Y12 // the counters are below 2^32
	VPXOR Y13, Y13, Y13
	VMOVDQU (AX), Y14
	VMOVDQU (BX), Y15
	ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
	ROUND(2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
	ROUND(3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1)
	ROUND(10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6)
	ROUND(12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4)
	ROUND(9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7)
	ROUND(11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13)
	VPXOR V8, Y0, Y0
	VPXOR Y9, Y1, Y1
	VPXOR Y10, Y2, Y2
	VPXOR Y11, Y3, Y3
	VPXOR Y12, Y4, Y4
	VPXOR Y13, Y5, Y5
	VPXOR Y14, Y6, Y6
	VPXOR Y15, Y7, Y7
	VMOVDQU Y0, 0(DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	VMOVDQU Y4, 128(DI)
	VMOVDQU Y5, 160(DI)
	VMOVDQU Y6, 192(DI)
	VMOVDQU Y7, 224(DI)
	VZEROUPPER
	RET
