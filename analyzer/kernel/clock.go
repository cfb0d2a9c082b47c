package kernel

import (
	"math"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A clock maps the times of a record to those of the capture. Nothing is known of it beforehand: local, boot and mono
// count from the start of the machine, and a time of day has neither date nor zone. An event and a packet that are the
// same RST give the difference; where several events may be it, each is a hypothesis until the next RST decides.
type clock struct {
	resolution int64
	guesses    []int64 // capture − record, the likeliest first; one: known
	matches    int
	conflicts  int
	lastAt     int64 // capture time of the last match

	// Bounds of the difference: what the host sends is captured after its kernel recorded it, and what it receives
	// before. Min and max are those of the packets that it sent.
	min, max int64
	own      bool
	received int64 // the largest of those that it received
	heard    bool
}

// slack is how far an event and its packet may lie apart from what is expected, beside the resolution: the machine was
// busy, or the path long.
const slack = int64(50 * time.Millisecond)

// tolerance is slack with the drift of two clocks since the last match, and the resolution.
func (c *clock) tolerance(at int64) int64 {
	drift := max(at-c.lastAt, c.lastAt-at) / 2000 // 500 ppm, what NTP slews at the most
	if c.matches == 0 {
		drift = 0
	}
	return slack + c.resolution + min(drift, int64(10*time.Second))
}

// known reports whether the clock maps times.
func (c *clock) known() bool { return len(c.guesses) == 1 && c.matches > 0 }

// offset is the difference now.
func (c *clock) offset() int64 { return c.guesses[0] }

// pick returns which of the times is the packet's at the capture time at, -1 for none. Others are times of packets of
// the same kind in the same connection, of which the record should have events too. Place is how many came before.
func (c *clock) pick(times []int64, at int64, others []flows.Time, place int) int {
	if len(c.guesses) == 0 {
		return c.first(times, at, others, place)
	}
	kept := c.guesses[:0:0]
	best, choice := int64(math.MaxInt64), -1
	tolerance := c.tolerance(at)
	for _, g := range c.guesses {
		near, which := int64(math.MaxInt64), -1
		for i, t := range times {
			if d := distance(at-t, g); d < near {
				near, which = d, i
			}
		}
		if which < 0 || near > tolerance {
			continue
		}
		kept = append(kept, at-times[which])
		if choice < 0 { // of several hypotheses the likeliest, not the nearest
			best, choice = near, which
		}
	}
	if choice < 0 {
		if len(times) == 1 && at-times[0] != 0 {
			if c.conflicts++; c.conflicts > c.matches { // the first match was a wrong one
				*c = clock{resolution: c.resolution}
				return c.first(times, at, others, place)
			}
		}
		return -1
	}
	_ = best
	c.guesses = kept
	return choice
}

// first begins with the hypotheses that the first RST leaves.
func (c *clock) first(times []int64, at int64, others []flows.Time, place int) int {
	if len(times) == 0 {
		return -1
	}
	type guess struct {
		which int
		cost  int64
	}
	var best []guess
	for i, t := range times {
		if i >= 4096 {
			break
		}
		d := at - t
		g := guess{which: i, cost: int64(max(i-place, place-i))} // in the order of their numbers, if nothing else decides
		for _, o := range others {
			near := int64(math.MaxInt64)
			for _, u := range times {
				near = min(near, distance(int64(o)-u, d))
			}
			g.cost += min(near, int64(time.Minute)) / 1000 * 1000
		}
		best = append(best, g)
	}
	c.guesses = c.guesses[:0]
	choice := best[0]
	for _, g := range best {
		if g.cost < choice.cost {
			choice = g
		}
	}
	c.guesses = append(c.guesses, at-times[choice.which])
	for _, g := range best {
		if g.which != choice.which && g.cost <= choice.cost+int64(2*time.Millisecond)*int64(len(others)+1) {
			c.guesses = append(c.guesses, at-times[g.which])
		}
	}
	return choice.which
}

func distance(a, b int64) int64 {
	if a < b {
		a, b = b, a
	}
	if d := a - b; d >= 0 {
		return d
	}
	return math.MaxInt64
}

// sent notes a match of a RST that the host sent.
func (c *clock) sent(at, event int64) {
	d := at - event
	if !c.own {
		c.min, c.max, c.own = d, d, true
	}
	c.min, c.max = min(c.min, d), max(c.max, d)
	c.matches++
	c.lastAt = at
}

// hears notes a match of a RST that the host received.
func (c *clock) hears(at, event int64) {
	if d := at - event; !c.heard || d > c.received {
		c.received, c.heard = d, true
	}
	c.matches++
	c.lastAt = at
}

// estimate returns the difference and how far it may be off.
func (c *clock) estimate() (offset, uncertainty int64) {
	switch {
	case c.heard && c.own && c.received <= c.min: // both bounds
		return c.received + (c.min-c.received)/2, (c.min-c.received)/2 + max(c.resolution, int64(time.Microsecond))
	case !c.own:
		return c.received, max(int64(time.Millisecond), c.resolution)
	}
	off := max(c.max-c.min, int64(time.Millisecond), c.resolution)
	if c.heard {
		off = max(off, distance(c.received, c.min))
	}
	return c.min, off
}
