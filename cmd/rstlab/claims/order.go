package claims

import (
	"cmp"
	"slices"
)

// Before and after go by the order of the file. Where the times of a connection run backwards, that order is known to
// be wrong in places: several queues or interfaces were written as they came. Then the order of time is as good, and a
// claim is wrong only where it is wrong in both.

// disordered reports whether times run backwards in a connection.
func disordered(conn []*Packet) bool {
	for i := range conn[min(1, len(conn)):] {
		if conn[i+1].Time < conn[i].Time {
			return true
		}
	}
	return false
}

// byTime returns the capture with its segments in the order of time, and the new number of each frame. Streams keep
// their numbers.
func (c *Capture) byTime() (*Capture, map[int]int) {
	if c.sorted != nil {
		return c.sorted, c.renumbered
	}
	out := &Capture{Frames: c.Frames, byFrame: map[int]*Packet{}, Streams: make([][]*Packet, len(c.Streams))}
	numbers := map[int]int{}
	order := slices.Clone(c.Packets)
	slices.SortStableFunc(order, func(a, b *Packet) int { return cmp.Compare(a.Time, b.Time) })
	for i, p := range order {
		q := *p
		q.Frame = i + 1
		numbers[p.Frame] = q.Frame
		out.Packets = append(out.Packets, &q)
		out.byFrame[q.Frame] = &q
		if q.ICMP == nil {
			out.Streams[q.Stream] = append(out.Streams[q.Stream], &q)
		}
	}
	c.sorted, c.renumbered = out, numbers
	return out, numbers
}

// inTime returns the question as the order of time puts it, nil where the order of the file is not known to be wrong.
func (q *question) inTime() *question {
	if q.rst == nil || !disordered(q.conn) {
		return nil
	}
	c, numbers := q.c.byTime()
	t := &question{c: c, originator: q.originator, responder: q.responder, sender: q.sender, receiver: q.receiver}
	r := *q.r
	r.Frame = numbers[r.Frame]
	t.r, t.rst, t.conn = &r, c.byFrame[r.Frame], c.Streams[q.rst.Stream]
	t.list = slices.Clone(q.list)
	for i := range t.list {
		e := &t.list[i]
		if q.e == &q.list[i] {
			t.e = e
		}
		e.From, e.Until = numbers[e.From], numbers[e.Until]
		e.Frames = slices.Clone(e.Frames)
		for k, n := range e.Frames {
			e.Frames[k] = numbers[n] // 0, which is no frame, for one that was not read
		}
	}
	return t
}
