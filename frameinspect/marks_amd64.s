//go:build !purego

#include "textflag.h"

// LOAD reads the block.
#define LOAD \
	MOVOU (SI), X0   \
	MOVOU 16(SI), X1 \
	MOVOU 32(SI), X2 \
	MOVOU 48(SI), X3

// SPREAD fills x with an octet that is given eight times.
#define SPREAD(octets, x) \
	MOVQ       $octets, AX \
	MOVQ       AX, x       \
	PUNPCKLQDQ x, x

// EQUAL gives a bit for each octet of x that equals that of what.
#define EQUAL(x, what, bits) \
	MOVO     x, X8    \
	PCMPEQB  what, X8 \
	PMOVMSKB X8, bits

// OTHERS gives a bit for each octet of x that is below a blank, from 0x80 on, which
// is negative here, or a backslash. It spoils x.
#define OTHERS(x, bits) \
	MOVO     X7, X8 \
	PCMPGTB  x, X8  \
	PCMPEQB  X6, x  \
	POR      x, X8  \
	PMOVMSKB X8, bits

// JOIN makes 64 bits of four times 16.
#define JOIN(a, b, c, d) \
	SHLQ $16, b \
	SHLQ $32, c \
	SHLQ $48, d \
	ORQ  b, a   \
	ORQ  d, c   \
	ORQ  c, a

// func markBlock(p *[block]byte) marks
TEXT ·markBlock(SB), NOSPLIT, $0-32
	MOVQ  p+0(FP), SI
	LOAD
	SPREAD(0x0a0a0a0a0a0a0a0a, X4)
	SPREAD(0x3a3a3a3a3a3a3a3a, X5)
	SPREAD(0x5c5c5c5c5c5c5c5c, X6)
	SPREAD(0x2020202020202020, X7)
	EQUAL(X0, X4, AX)
	EQUAL(X1, X4, BX)
	EQUAL(X2, X4, CX)
	EQUAL(X3, X4, DX)
	JOIN(AX, BX, CX, DX)
	MOVQ  AX, R8
	MOVQ  AX, ret_lines+8(FP)
	EQUAL(X0, X5, AX)
	EQUAL(X1, X5, BX)
	EQUAL(X2, X5, CX)
	EQUAL(X3, X5, DX)
	JOIN(AX, BX, CX, DX)
	MOVQ  AX, ret_colons+16(FP)
	OTHERS(X0, AX)
	OTHERS(X1, BX)
	OTHERS(X2, CX)
	OTHERS(X3, DX)
	JOIN(AX, BX, CX, DX)
	XORQ  R8, AX // the line feeds are none of them
	MOVQ  AX, ret_others+24(FP)
	RET

// func lineBlock(p *[block]byte) uint64
TEXT ·lineBlock(SB), NOSPLIT, $0-16
	MOVQ  p+0(FP), SI
	SPREAD(0x0a0a0a0a0a0a0a0a, X4)
	LOAD
	EQUAL(X0, X4, AX)
	EQUAL(X1, X4, BX)
	EQUAL(X2, X4, CX)
	EQUAL(X3, X4, DX)
	JOIN(AX, BX, CX, DX)
	MOVQ  AX, ret+8(FP)
	RET
