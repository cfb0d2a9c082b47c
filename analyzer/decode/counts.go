package decode

import "github.com/rstexplain/rstexplain/analyzer/capture"

// A Reason is why a packet could not be read.
type Reason uint8

// The reasons.
const (
	UnknownLink Reason = iota
	CutLink
	CutIP
	BadIPVersion
	BadIPHeader
	BadIPLength
	Fragment
	TooDeep
	ShortTCP
	CutTCP
	BadDataOffset
	LongDataOffset
	reasons
)

// Counts say what a Decoder made of its packets.
type Counts struct {
	Packets, Segments, ICMPErrors, NotTCP uint64
	Unreadable [reasons]Tally
}

// A Tally counts the packets of one reason.
type Tally struct {
	Packets uint64
	First   int
}

func (c *Counts) unreadable(why Reason, p *capture.Packet) {
	t := &c.Unreadable[why]
	if t.Packets == 0 {
		t.First = p.Frame
	}
	t.Packets++
}
