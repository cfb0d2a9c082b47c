package deferral

import (
	"slices"
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/prefetch"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// A Line is a segment of the kind that most are of, in one cache line: no RST, with less than 64 KiB of data, or
// with a SYN and none. It holds all that a table asks of such a segment; the fields are those of a Segment.
// Of another segment a batch keeps the tuple here, and the Segment beside it.
type Line struct {
	kept
	At             uint32 // how many segments of the batch come before it, those that wait as well
	Time           flows.Time
	SEQ            flows.Seq
	Lo, Hi         uint32 // as in a tuple
	PortLo, PortHi uint16
	Hash           uint32 // of the tuple
	Text           uint32 // where in the batch the payload is, or the Segment; of a SYN, its options (setOptions)
	origin         uint16 // index into the table's origins
	Flags, TTL     uint8
	Has            lineOptions
	Bits           Bits
	echo           uint16 // low bits of TSecr
}

// A kept is what a queue keeps of an Line as it is.
type kept struct {
	Frame     uint32
	ACK       flows.Seq
	TSval     uint32
	DataLen   uint16
	Captured  uint16 // bytes of the payload that were captured
	WND, IPID uint16
}

// lineOptions are the options of an Line.
type lineOptions uint8

// Bits of OrdinaryOptions.
const (
	lineTS   lineOptions = 1 << iota // timestamps: Line.TSval is valid
	lineSACK                         // Options.HasSACK
)

type Bits uint8

const (
	FromHi  Bits = 1 << iota // the tuple's higher end sent it
	IsWhole                  // text is an index into Batch.whole
	isLong                   // text is an index into Batch.long
	IsLate                   // its time is before that of another segment before it

	// Lines that are no segments, but items of a connection's queue.
	ItemData   // a segment in the queue, for the exchange only
	itemRun    // text is an index into Batch.handed
	ItemClosed // the connection is over

	IsItem = ItemData | itemRun | ItemClosed
)

// shortText is how many bytes a payload has at most that are copied with its segment: what is longer is
// better read where it is. Behind each in Batch.text so many can be read.
const shortText = 2 * unitSize

// An Origin is where the capture point met a packet: few differ in a capture.
type Origin struct {
	MAC       uint64
	Domain    uint32
	Interface uint16
	Point     uint8 // see placeOf
}

// origins numbers the origins of a table's segments. It is for the goroutine that fills batches; those who
// read a batch find its origins in Batch.known.
type origins struct {
	list  []Origin
	index map[Origin]uint16
	last  [2]struct {
		Origin
		n uint16 // its number plus one
	}
}

// maxOrigins is how many origins are told apart; packets of more are not kept as Line.
const maxOrigins = NoOrigin - 1

// number returns the number of the origin plus one, 0 when there are too many.
func (x *origins) number(o Origin) uint16 {
	if n, ok := x.index[o]; ok {
		return n
	}
	if len(x.list) >= maxOrigins {
		return 0
	}
	if x.index == nil {
		x.index = map[Origin]uint16{}
	}
	x.list = append(x.list, o)
	x.index[o] = uint16(len(x.list))
	return uint16(len(x.list))
}

// from returns the number of an origin plus one, 0 when there are too many.
func (b *Batch) from(direction Bits, mac uint64, domain uint32, iface uint16) uint16 {
	o := Origin{mac, domain, iface, HashPoint(mac, domain, iface)}
	last := &b.Stage.origins.last[direction]
	last.Origin, last.n = o, b.Stage.origins.number(o)
	b.Origins = b.Stage.origins.list
	return last.n
}

// item appends an item of j's connection to b.
func (b *Batch) item(j *queue, what Bits) *Line {
	l := oneMore(&b.Lines)
	l.Lo, l.Hi, l.PortLo, l.PortHi, l.Hash, l.Bits = j.lo, j.hi, j.portLo, j.portHi, j.hash, what
	return l
}

// SetOptions sets TSval, the echo and Has, and of a SYN what only a SYN offers. Flags must have been set before.
func (l *Line) SetOptions(o *flows.Options) {
	l.TSval, l.echo, l.Has = o.TSval, uint16(o.TSecr), 0
	if o.HasTS {
		l.Has = lineTS
	}
	if o.HasSACK {
		l.Has |= lineSACK
	}
	if l.Flags&uint8(flows.SYN) != 0 {
		l.Text = uint32(o.MSS)<<16 | uint32(o.Kinds)<<8 | uint32(PackSYN(o))
	}
}

// offer returns what only a SYN offers, of the SYN l.
func (l *Line) offer() (mss uint16, kinds uint8, syn SYNBits) {
	return uint16(l.Text >> 16), uint8(l.Text >> 8), SYNBits(l.Text)
}

// setText makes text the payload of l, of b.
func (b *Batch) setText(l *Line, text []byte) {
	switch {
	case len(text) == 0:
	case len(text) <= shortText:
		n := len(b.text)
		l.Text = uint32(n)
		if cap(b.text)-n < shortText {
			b.text = slices.Grow(b.text, shortText)
		}
		b.text = b.text[:n+len(text)]
		// every so often
		if next := (n + len(text)) &^ (textAtOnce - 1); next > n && next+textAhead+textAtOnce <= cap(b.text) {
			prefetch.SpanW(unsafe.Pointer(&b.text[:cap(b.text)][next+textAhead]), textAtOnce)
		}
		if cap(text) >= shortText { // the same number of bytes always: no call, and no look at how many
			to, from := b.text[n:n+shortText], text[:shortText]
			copyUnit((*textUnit)(to), (*textUnit)(from))
			copyUnit((*textUnit)(to[unitSize:]), (*textUnit)(from[unitSize:]))
		} else {
			copy(b.text[n:], text)
		}
	default:
		l.Bits |= isLong
		l.Text = uint32(len(b.long))
		b.long = append(b.long, text)
	}
}

// Line appends a line for an ordinary segment. Of src and dst, bits 16 to 47 are an IPv4 address or what stands for an
// IPv6 one, and the lower ones the port. The caller must set the exported fields of what it returns; nil says that
// there are too many origins.
func (b *Batch) Line(src, dst, mac uint64, domain uint32, iface uint16, payload []byte) *Line {
	direction := Bits(0)
	lo, hi := src, dst
	if src > dst {
		direction, lo, hi = FromHi, dst, src
	}
	n := uint16(0)
	if o := &b.Stage.origins.last[direction]; o.MAC == mac && o.Domain == domain && o.Interface == iface {
		n = o.n // packets of one direction come from one place as a rule
	}
	if n == 0 {
		if n = b.from(direction, mac, domain, iface); n == 0 {
			return nil
		}
	}
	l := b.place()
	l.Lo, l.Hi, l.PortLo, l.PortHi = uint32(lo>>16), uint32(hi>>16), uint16(lo), uint16(hi)
	print := tuple.Mix(lo, hi, b.Stage.seed)
	l.Hash = uint32(print ^ print>>32)
	l.origin, l.Bits = n-1, direction
	l.Captured = uint16(len(payload))
	b.setText(l, payload)
	return l
}

// Add appends s to the batch. The bytes of s.Payload must stay as they are until AddBatch returns.
func (b *Batch) Add(s *flows.Segment) {
	var tp tuple.Tuple
	b.Stage.Addresses.Tuple(&tp, &s.Src, &s.Dst, true)
	b.Addresses = b.Stage.Addresses.List
	if s.Flags&flows.RST == 0 && s.Flags < 1<<8 && s.Unknown == 0 &&
		(s.Flags&flows.SYN == 0 && s.DataLen < 1<<16 || s.DataLen == 0) && !tp.Wide {
		payload := s.Payload[:min(len(s.Payload), int(s.DataLen))]
		src, dst := tp.Ends()
		if l := b.Line(src, dst, s.MAC, s.Domain, s.Interface, payload); l != nil {
			l.Time, l.Frame, l.SEQ, l.ACK, l.DataLen = s.Time, uint32(s.Frame), s.SEQ, s.ACK, uint16(s.DataLen)
			l.WND, l.IPID, l.Flags, l.TTL = s.WND, s.IPID, uint8(s.Flags), s.TTL
			l.SetOptions(&s.Opts)
			return
		}
	}
	l := b.place()
	l.setTuple(&tp)
	l.Time, l.Bits = s.Time, l.Bits|IsWhole
	l.SEQ, l.ACK, l.DataLen, l.Flags, l.TTL = s.SEQ, s.ACK, uint16(min(s.DataLen, 1<<16-1)), uint8(s.Flags), s.TTL
	l.Text = uint32(len(b.Whole))
	b.Whole = append(b.Whole, wholeSegment{Segment: *s, Tuple: tp})
	if len(s.Payload) > 0 {
		b.wholeTexts++
	}
}

// setTuple makes tp the tuple of l.
func (l *Line) setTuple(tp *tuple.Tuple) {
	l.Lo, l.Hi, l.PortLo, l.PortHi, l.Hash, l.Bits = tp.Lo, tp.Hi, tp.PortLo, tp.PortHi, tp.Hash(), 0
	if tp.FromHi {
		l.Bits = FromHi
	}
}

// TextOf returns the payload of l, which is not whole.
func (b *Batch) TextOf(l *Line) []byte {
	switch {
	case l.Captured == 0:
		return nil
	case l.Bits&isLong != 0:
		return b.long[l.Text]
	}
	return b.text[l.Text:][:l.Captured:l.Captured]
}

// Last returns the segment that was added last: as it was added, or of an ordinary one, what an Line holds.
func (b *Batch) Last() flows.Segment {
	l := &b.added[len(b.added)-1]
	if l.Bits&IsWhole != 0 {
		return b.Whole[l.Text].Segment
	}
	var s flows.Segment
	b.Unpack(l, b.Origins, &s)
	return s
}

// Unpack writes l, an ordinary segment of b, into s, where none was before or one of the same kind: a SYN, or none. Of
// TSecr, only the low 16 bits are kept.
func (b *Batch) Unpack(l *Line, known []Origin, s *flows.Segment) (place uint8) {
	o := &known[l.origin]
	s.Payload, s.Frame, s.Time = b.TextOf(l), int(l.Frame), l.Time
	s.SEQ, s.ACK, s.DataLen, s.Flags = l.SEQ, l.ACK, uint32(l.DataLen), flows.Flags(l.Flags)
	s.WND, s.TTL, s.IPID = l.WND, l.TTL, l.IPID
	s.MAC, s.Domain, s.Interface = o.MAC, o.Domain, o.Interface
	b.Addresses.SetEnds(s, l.Lo, l.Hi, l.PortLo, l.PortHi, l.Bits&FromHi != 0)
	s.Opts.TSval, s.Opts.TSecr = l.TSval, uint32(l.echo)
	s.Opts.HasTS, s.Opts.HasSACK = l.Has&lineTS != 0, l.Has&lineSACK != 0
	if l.Flags&uint8(flows.SYN) != 0 {
		mss, kinds, syn := l.offer()
		UnpackSYN(&s.Opts, mss, kinds, syn)
	}
	return o.Point
}

// UnpackSYN sets the options that only a SYN has.
func UnpackSYN(o *flows.Options, mss uint16, kinds uint8, syn SYNBits) {
	o.MSS, o.Kinds = mss, kinds
	o.HasWScale, o.WScale = syn&SYNHasScale != 0, uint8(syn&15)
	o.SACKOK = syn&SYNSACK != 0
	o.MPTCP = 0
	if syn&SYNMPTCP != 0 {
		o.MPTCP = flows.MPTCPPresent
	}
}

// SYNBits are the options of a SYN: the low four bits are the window scale.
type SYNBits uint8

const (
	SYNHasScale SYNBits = 1 << (iota + 4)
	SYNSACK
	SYNTS
	SYNMPTCP

	SYNUnknown SYNBits = 15 // in the low four bits, of which a scale is at most 14: the options are not known
)

// PackSYN packs the options of a SYN that are kept as bits.
func PackSYN(o *flows.Options) (b SYNBits) {
	if o.Kinds == flows.UnknownKinds {
		return SYNUnknown
	}
	if o.HasWScale {
		b = SYNHasScale | SYNBits(min(o.WScale, 14)) // RFC 7323 §2.3: more than 14 is used as 14
	}
	if o.SACKOK {
		b |= SYNSACK
	}
	if o.HasTS {
		b |= SYNTS
	}
	if o.MPTCP != 0 {
		b |= SYNMPTCP
	}
	return b
}

// HashPoint hashes where a packet was captured: link address, VLAN or tunnel, interface. It is even.
func HashPoint(mac uint64, domain uint32, iface uint16) uint8 {
	h := mac*0x9e3779b97f4a7c15 ^ (uint64(domain)<<16|uint64(iface))*0xc2b2ae3d27d4eb4f
	return uint8(h>>56) &^ 1
}
