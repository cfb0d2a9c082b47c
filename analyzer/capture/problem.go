package capture

import "fmt"

// A Reason names why a part of a capture could not be read, or must be read with care. The strings are
// stable: reports print them.
type Reason string

// The reasons for which a part of the file was not read.
const (
	Truncated   Reason = "truncated"    // the file ends inside a packet
	Corrupt     Reason = "corrupt"      // a block or record contradicts itself
	Oversize    Reason = "oversize"     // a packet larger than Options.MaxPacket
	NoInterface Reason = "no-interface" // a packet of an interface that its section does not describe
	Unsupported Reason = "unsupported"  // a section of an undefined version
	Undecodable Reason = "undecodable"  // compressed bytes that do not decompress
	Expansion   Reason = "expansion"    // decompression stopped at Options.MaxRatio or Options.MaxBytes
	ReadError   Reason = "read-error"   // the operating system could not read on
)

// The reasons that lose nothing the file holds, but that whoever reads the packets should know.
const (
	Dropped   Reason = "dropped"           // the capturing host lost packets before they reached the file
	TimeRange Reason = "time-out-of-range" // a time before 1823 or after 2116, held at that bound
	NoTime    Reason = "no-time"           // packets of Simple Packet Blocks, which carry no time
	Growing   Reason = "growing"           // the file became longer while it was read
	// the bytes allow another variant of the format, which does not fit what they hold
	Variant  Reason = "variant"
	Mismatch Reason = "lengths-disagree" // a block's two lengths differ; what follows showed which is right
)

// Loss reports whether the reason means that a part of the file was not read.
func (r Reason) Loss() bool {
	switch r {
	case Dropped, TimeRange, NoTime, Growing, Variant, Mismatch:
		return false
	}
	return true
}

// A Problem is one thing that could not be read as it is meant to be, or several of one kind.
type Problem struct {
	File   string // as given to Open
	Reason Reason
	Offset int64  // in the uncompressed stream; -1: nowhere in particular
	Frame  int    // the frame concerned, or the last one before the place; 0: none yet
	Bytes  int64  // bytes of the file lost; 0: none, or not known
	Count  int    // how often
	What   string // lower case, complete but for the file
	Try    string // what to do about it, "" when nothing helps
}

// Error prints the problem as one line.
func (p *Problem) Error() string {
	s := p.File + ": " + p.What
	if p.Count > 1 {
		s += fmt.Sprintf(" (and %d more like it)", p.Count-1)
	}
	if p.Try != "" {
		s += "; " + p.Try
	}
	return s
}

// problemsKept is how many problems of one reason are kept apart. The last of them counts the rest, so
// that a hostile file can fill neither memory nor a terminal with them.
const problemsKept = 8

// A ledger holds the problems of a file in the order they were met.
type ledger struct {
	problems []Problem
	kept     map[Reason]int // how many of each are in problems
	last     map[Reason]int // index of the newest of each
}

func (l *ledger) note(p Problem) {
	p.Count = max(p.Count, 1)
	if l.kept[p.Reason] == problemsKept {
		q := &l.problems[l.last[p.Reason]]
		q.Count += p.Count
		q.Bytes += p.Bytes
		return
	}
	if l.kept == nil {
		l.kept, l.last = map[Reason]int{}, map[Reason]int{}
	}
	l.kept[p.Reason]++
	l.last[p.Reason] = len(l.problems)
	l.problems = append(l.problems, p)
}
