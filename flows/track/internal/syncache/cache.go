package syncache

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/pages"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A SYN cache entry is a connection of which there is no more than one SYN, in a fifth of the memory that a record
// and its ring take: what a BSD keeps in its SYN cache. In a flood of half-open connections, or a scan, new ones
// begin as SYN cache entries (Table.flooded); any further segment makes a record of one, as if it had been one from
// the beginning.
type Entry struct {
	Time           flows.Time // of the SYN
	Lo, Hi         uint32
	PortLo, PortHi uint16
	Frame, Stream  uint32
	SEQ            flows.Seq
	TSval          uint32
	WND, IPID, MSS uint16
	MAC, Domain    uint16 // indices into Table.macs and Table.domains
	TTL, Kinds     uint8
	Flags          uint8
	SYN            deferral.SYNBits
	Point          uint8 // placeOf
	Bits           Bits
}

type Bits uint8

const (
	FromHi Bits = 1 << iota // its sender is the tuple's higher end
	Lives
)

// SYN cache entries holds SYN cache entries. Unlike other slabs it lets go of pieces: records take their place.
type Cache struct {
	slab.Slab[Entry]
	alive []uint16 // in each piece
	empty uint32   // piece that is kept though there are none in it, plus one
	held  int      // pieces that there are now
	hand  uint32   // where the search for the next SYN cache entry to forget begins
}

// Take is slab.take.
func (x *Cache) Take() uint32 {
	if n := len(x.Free); n > 0 {
		if p := x.Free[n-1] >> slab.PieceBits; x.Pieces[p] == nil {
			x.Pieces[p] = pages.Make[Entry](slab.PieceLen(int(p)))
			x.held++
		}
	}
	id := x.Slab.Take()
	p := id >> slab.PieceBits
	if int(p) == len(x.alive) {
		x.alive = append(x.alive, 0)
		x.held++
	}
	if x.alive[p]++; x.empty == p+1 {
		x.empty = 0
	}
	return id
}

// Give is slab.give.
func (x *Cache) Give(id uint32) {
	x.At(id).Bits = 0
	x.Slab.Give(id)
	p := id >> slab.PieceBits
	if x.alive[p]--; x.alive[p] > 0 {
		return
	}
	if x.empty != 0 {
		x.Pieces[x.empty-1] = nil
		x.held--
	}
	x.empty = p + 1
}

// Next returns a SYN cache entry that may have to go, 0 if there is none: they come by in about the order in which
// they began.
func (x *Cache) Next() uint32 {
	if x.Live == 0 {
		return 0
	}
	for {
		x.hand = x.Slab.Next(x.hand)
		if x.hand == 0 {
			continue
		}
		switch p := x.hand >> slab.PieceBits; {
		case x.alive[p] == 0:
			x.hand |= 1<<slab.PieceBits - 1
		case x.At(x.hand).Bits&Lives != 0:
			return x.hand
		}
	}
}

func (x *Cache) Memory() int64 {
	return int64(cap(x.Free))*4 + int64(x.held)*int64(unsafe.Sizeof(Entry{}))<<slab.PieceBits
}

// Is reports whether e is the connection of tp.
func (e *Entry) Is(tp *tuple.Tuple) bool {
	return e.Lo == tp.Lo && e.Hi == tp.Hi && e.PortLo == tp.PortLo && e.PortHi == tp.PortHi && !tp.Wide
}
