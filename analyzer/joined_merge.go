package analyzer

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
)

// A stream is one file of a joined capture that is being read.
type stream struct {
	index int // of its part
	path  string
	in    input
	queue []cursor // read already, the earliest first
	over  bool     // nothing follows the queue

	start    int64 // of its first packet
	overlaps bool  // with a file before it, further than files of a ring do

	shift  int // what to add to a frame number of the file, in the run at hand
	behind int // last frame of the whole that was its; 0: none yet
	last   int // and its number in the file
}

// overlap is how far two files of one rotating capture may reach into each other: queues of one capture are written a
// little out of order.
const overlap = int64(time.Second)

// add puts a piece into the queue.
func (s *stream) add(p piece) {
	p.batch.Packets = slices.Clone(p.batch.Packets) // the reader uses them again
	if c := (cursor{piece: p}); c.len() > 0 {
		s.queue = append(s.queue, c)
	}
}

// more reads one more piece into the queue. It reports false at the end of the file.
func (s *stream) more() bool {
	for n := len(s.queue); !s.over && len(s.queue) == n; {
		var p piece
		if s.in.next(&p) != nil {
			s.over = true
			break
		}
		s.add(p)
	}
	return !s.over
}

// pop takes the first piece from the queue.
func (s *stream) pop(p *piece) {
	*p = s.queue[0].rest()
	s.queue = slices.Delete(s.queue, 0, 1)
}

// beginning returns when the next part begins, a time that never comes where there is none.
func (j *joinedInput) beginning() int64 {
	if j.read < len(j.parts) && j.parts[j.read].start != 0 {
		return j.parts[j.read].start
	}
	return math.MaxInt64
}

// alone brings the next piece of the only stream, unless the next file begins before its end. It returns nil if there
// is none: the stream has ended, or is not alone any more.
func (j *joinedInput) alone(p *piece) *stream {
	s, next := j.streams[0], j.beginning()
	if len(s.queue) == 0 {
		if s.over || s.in.next(p) != nil {
			j.streams = slices.Delete(j.streams, 0, 1)
			j.ended(s)
			return nil
		}
		c := cursor{piece: *p}
		if next == math.MaxInt64 || c.latest() <= next {
			return s
		}
		s.add(*p)
		*p = piece{}
	}
	if last := s.queue[0].latest(); last > next {
		j.open()
		j.overlapping(s, last)
		return nil
	}
	s.pop(p)
	return s
}

// overlapping says which of the streams begin far before a time of s, if they are of later files.
func (j *joinedInput) overlapping(s *stream, last int64) {
	for _, other := range j.streams {
		if other.index <= s.index || other.overlaps || last-other.start <= overlap {
			continue
		}
		other.overlaps = true
		if j.overlaps++; j.overlaps == 1 {
			j.warnings = append(j.warnings, report.Warning{
				Says: fmt.Sprintf("%s begins more than %v before the end of %s: these are not the files of one rotating "+
					"capture, and were merged in the order of time", other.path, time.Duration(overlap), s.path),
				Hint: "join the captures of one place only; captures of several places are for rstexplain compare"})
		}
	}
}

// earliest brings those packets of one stream that are before the next ones of all others. Of packets of one time,
// those of the earlier file come first, so that the order does not depend on the pieces in which files are read. It
// returns nil if a stream has ended or another has begun.
func (j *joinedInput) earliest(p *piece) *stream {
	first, until := -1, j.beginning()
	for i, s := range j.streams {
		if len(s.queue) == 0 && !s.more() {
			j.streams = slices.Delete(j.streams, i, i+1)
			j.ended(s)
			return nil
		}
		switch t := s.queue[0].time(); {
		case first < 0:
			first = i
		case t < j.streams[first].queue[0].time():
			until = min(until, j.streams[first].queue[0].time()-1)
			first = i
		default:
			until = min(until, t)
		}
	}
	s := j.streams[first]
	c := &s.queue[0]
	if j.beginning() < c.time() {
		j.open()
		j.overlapping(s, c.time())
		return nil
	}
	j.overlapping(s, c.time())
	if c.latest() <= until {
		s.pop(p)
		return s
	}
	*p = c.take(until)
	if c.len() == 0 {
		c.piece.batch.Release()
		s.queue = slices.Delete(s.queue, 0, 1)
	}
	return s
}

// A cursor is a piece of which the first packets may have been taken.
type cursor struct {
	piece piece
	at    int // packets taken; of an export, segments
}

// len returns how many packets are left.
func (c *cursor) len() int {
	if e := c.piece.export; e != nil {
		return len(e.list) + len(e.errors) - c.at
	}
	return len(c.piece.batch.Packets) - c.at
}

// item returns the number and time of packet i, which are the caller's to change.
func (c *cursor) item(i int) (frame *int, t int64) {
	e := c.piece.export
	if e == nil {
		p := &c.piece.batch.Packets[i]
		return &p.Frame, p.Time
	}
	// ICMP errors stand among the segments: as many are before segment n as say so.
	for k := range e.errors {
		switch at := e.errors[k].before + k; {
		case i == at:
			return &e.errors[k].note.Frame, int64(e.errors[k].note.Time)
		case i < at:
			return &e.list[i-k].Frame, int64(e.list[i-k].Time)
		}
	}
	s := &e.list[i-len(e.errors)]
	return &s.Frame, int64(s.Time)
}

func (c *cursor) frame() int {
	f, _ := c.item(c.at)
	return *f
}

func (c *cursor) time() int64 {
	_, t := c.item(c.at)
	return t
}

// latest returns the latest time of what is left.
func (c *cursor) latest() int64 {
	last := int64(math.MinInt64)
	for i := range c.len() {
		_, t := c.item(c.at + i)
		last = max(last, t)
	}
	return last
}

// each calls do with the number of each packet that is left.
func (c *cursor) each(do func(frame *int)) {
	for i := range c.len() {
		f, _ := c.item(c.at + i)
		do(f)
	}
}

// rest returns what is left, as a piece of its own.
func (c *cursor) rest() piece {
	if c.at == 0 {
		return c.piece
	}
	p := c.take(math.MaxInt64)
	c.piece.batch.Release()
	return p
}

// take takes the first packet, and those that follow it and are not after a time, as a piece of its own.
func (c *cursor) take(until int64) piece {
	n := 1
	for ; n < c.len(); n++ {
		if _, t := c.item(c.at + n); t > until {
			break
		}
	}
	var p piece
	from, to := c.at, c.at+n
	c.at = to
	e := c.piece.export
	if e == nil {
		some := c.piece.batch.Packets[from:to]
		p.batch = capture.Batch{Packets: slices.Clone(some)}
		for i := range some {
			p.batch.Packets[i].Data = slices.Clone(some[i].Data)
		}
		return p
	}
	p.export = &exported{}
	segments := 0
	for k := range e.errors { // those before from, and before to
		at := e.errors[k].before + k
		if at >= from && at < to {
			p.export.errors = append(p.export.errors, quotedError{at - from - len(p.export.errors), e.errors[k].note})
		}
		if at < from {
			segments++
		}
	}
	first := from - segments
	p.export.list = e.list[first : first+n-len(p.export.errors)]
	all := cursor{piece: p}
	for i := range n {
		_, t := all.item(i)
		p.export.extend(t)
	}
	p.export.packets = n
	return p
}
