#include "textflag.h"
#include "go_asm.h"

// func prefetch(p unsafe.Pointer)
TEXT ·prefetch(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	RET

// func prefetch2(p unsafe.Pointer)
TEXT ·prefetch2(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	RET

// func prefetch3(p unsafe.Pointer)
TEXT ·prefetch3(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	RET

// func prefetch4(p unsafe.Pointer)
TEXT ·prefetch4(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	PREFETCHT0 64(AX)
	PREFETCHT0 128(AX)
	PREFETCHT0 192(AX)
	RET

// func prefetchSlots(slots *uint64, mask uint32, lines *Ordinary, n int)
TEXT ·prefetchSlots(SB), NOSPLIT, $0-32
	MOVQ slots+0(FP), AX
	MOVL mask+8(FP), BX
	MOVQ lines+16(FP), CX
	MOVQ n+24(FP), DX
	TESTQ DX, DX
	JE done
next:
	MOVL Ordinary_hash(CX), SI
	ANDL BX, SI
	PREFETCHT0 (AX)(SI*8)
	ADDQ $Ordinary__size, CX
	DECQ DX
	JNE next
done:
	RET

// func prefetchJournals(list *journal, ids *uint32, n int)
TEXT ·prefetchJournals(SB), NOSPLIT, $0-24
	MOVQ list+0(FP), AX
	MOVQ ids+8(FP), CX
	MOVQ n+16(FP), DX
	TESTQ DX, DX
	JE done
next:
	MOVL (CX), SI
	IMUL3Q $journal__size, SI, SI
	PREFETCHT0 (AX)(SI*1)
	ADDQ $4, CX
	DECQ DX
	JNE next
done:
	RET

// func prefetchSpanW(p unsafe.Pointer, n int)
TEXT ·prefetchSpanW(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), AX
	MOVQ n+8(FP), DX
	ADDQ AX, DX
next:
	BYTE $0x0f; BYTE $0x0d; BYTE $0x08 // PREFETCHW (AX)
	ADDQ $64, AX
	CMPQ AX, DX
	JLT next
	RET

// func prefetchSpan(p unsafe.Pointer, n int)
TEXT ·prefetchSpan(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), AX
	MOVQ n+8(FP), DX
	ADDQ AX, DX
next:
	PREFETCHT0 (AX)
	ADDQ $64, AX
	CMPQ AX, DX
	JLT next
	RET
