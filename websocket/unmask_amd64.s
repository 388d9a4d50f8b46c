//go:build !purego

#include "textflag.h"

// func unmaskBlocks(p *byte, n int, key uint32) (high uint32)
TEXT ·unmaskBlocks(SB), NOSPLIT, $0-28
	MOVQ   p+0(FP), SI
	MOVQ   n+8(FP), BX
	MOVL   key+16(FP), AX
	MOVQ   AX, X0
	PSHUFD $0, X0, X0

	// The last block is read now, because it may overlap the one before it, and
	// written last. Its mask begins in the middle.
	LEAQ   -16(SI)(BX*1), DI
	MOVQ   BX, CX
	SHLL   $3, CX
	RORL   CX, AX
	MOVQ   AX, X1
	PSHUFD $0, X1, X1
	MOVOU  (DI), X2
	PXOR   X1, X2
	MOVO   X2, X3

two:
	CMPQ  BX, $32
	JLT   one
	MOVOU (SI), X4
	MOVOU 16(SI), X5
	PXOR  X0, X4
	PXOR  X0, X5
	MOVOU X4, (SI)
	MOVOU X5, 16(SI)
	POR   X4, X3
	POR   X5, X3
	ADDQ  $32, SI
	SUBQ  $32, BX
	JMP   two

one:
	CMPQ  BX, $16
	JLE   last
	MOVOU (SI), X4
	PXOR  X0, X4
	MOVOU X4, (SI)
	POR   X4, X3

last:
	MOVOU    X2, (DI)
	PMOVMSKB X3, AX
	MOVL     AX, high+24(FP)
	RET
