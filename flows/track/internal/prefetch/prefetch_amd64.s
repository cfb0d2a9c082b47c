//go:build !plain

#include "textflag.h"

// func Line(p unsafe.Pointer)
TEXT ·Line(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	RET

// func Lines2(p unsafe.Pointer)
TEXT ·Lines2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	RET

// func Lines3(p unsafe.Pointer)
TEXT ·Lines3(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	RET

// func Lines4(p unsafe.Pointer)
TEXT ·Lines4(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	PREFETCHT0 192(AX)
	RET

// func Slots(slots *uint64, mask uint32, hash *uint32, stride uintptr, n int)
TEXT ·Slots(SB), NOSPLIT, $0-40
	MOVQ slots+0(FP), AX
	MOVL mask+8(FP), BX
	MOVQ hash+16(FP), CX
	MOVQ stride+24(FP), DI
	MOVQ n+32(FP), DX
	TESTQ DX, DX
	JE done
next:
	MOVL (CX), SI
	ANDL BX, SI
	PREFETCHT0 (AX)(SI*8)
	ADDQ DI, CX
	DECQ DX
	JNE next
done:
	RET

// func Elements(list unsafe.Pointer, size uintptr, numbers *uint32, n int)
TEXT ·Elements(SB), NOSPLIT, $0-32
	MOVQ list+0(FP), AX
	MOVQ size+8(FP), DI
	MOVQ numbers+16(FP), CX
	MOVQ n+24(FP), DX
	TESTQ DX, DX
	JE done
next:
	MOVL (CX), SI
	IMULQ DI, SI
	PREFETCHT0 (AX)(SI*1)
	ADDQ $4, CX
	DECQ DX
	JNE next
done:
	RET

// func SpanW(p unsafe.Pointer, n int)
TEXT ·SpanW(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), AX
	MOVQ n+8(FP), DX
	ADDQ AX, DX
next:
	BYTE $0x0f; BYTE $0x0d; BYTE $0x08 // PREFETCHW (AX)
	ADDQ $64, AX
	CMPQ AX, DX
	JLT next
	RET

// func Span(p unsafe.Pointer, n int)
TEXT ·Span(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), AX
	MOVQ n+8(FP), DX
	ADDQ AX, DX
next:
	PREFETCHT0 (AX)
	ADDQ $64, AX
	CMPQ AX, DX
	JLT next
	RET
