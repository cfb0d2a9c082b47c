package vantage

import (
	"cmp"
	"slices"

	"github.com/rstexplain/rstexplain/flows"
)

// contents say which bytes a trace holds, in whatever segments.
type contents struct {
	base   [2]flows.Seq
	ranges [2][]byteRange // sorted, not overlapping
	acks   map[acked][]flows.Time
}

// A byteRange is from one sequence number up to another, relative to the base.
type byteRange struct{ from, to int64 }

// acked is an acknowledgment that rides on data.
type acked struct {
	side flows.Side
	ack  flows.Seq
}

// maxRiders bounds the times that are kept of one acknowledgment.
const maxRiders = 16

// contents returns what t holds. It is made when first asked for.
func (t *Trace) contents() *contents {
	if t.held != nil {
		return t.held
	}
	c := &contents{acks: map[acked][]flows.Time{}}
	t.held = c
	var known [2]bool
	for i := range t.Sightings() {
		s := &t.Sightings()[i]
		if s.Len == 0 || s.Flags&flows.RST != 0 {
			continue
		}
		if !known[s.Side] {
			c.base[s.Side], known[s.Side] = s.SEQ, true
		}
		from := int64(s.SEQ.Sub(c.base[s.Side]))
		c.ranges[s.Side] = append(c.ranges[s.Side], byteRange{from, from + int64(s.Len)})
		if k := (acked{s.Side, s.ACK}); s.Flags.Has(flows.ACK) && len(c.acks[k]) < maxRiders {
			c.acks[k] = append(c.acks[k], s.Time)
		}
	}
	for side := range c.ranges {
		list := c.ranges[side]
		slices.SortFunc(list, func(a, b byteRange) int { return cmp.Compare(a.from, b.from) })
		out := list[:0]
		for _, r := range list {
			if n := len(out); n > 0 && r.from <= out[n-1].to {
				out[n-1].to = max(out[n-1].to, r.to)
			} else {
				out = append(out, r)
			}
		}
		c.ranges[side] = out
	}
	return c
}

// has reports whether all of n bytes from seq on are there.
func (c *contents) has(side flows.Side, seq flows.Seq, n uint32) bool {
	from := int64(seq.Sub(c.base[side]))
	list := c.ranges[side]
	i, _ := slices.BinarySearchFunc(list, from, func(r byteRange, at int64) int {
		if r.to <= at {
			return -1
		}
		return 1
	})
	return i < len(list) && list[i].from <= from && from+int64(n) <= list[i].to
}
