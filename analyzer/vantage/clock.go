package vantage

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// A Clock says how far the clock of one capture is ahead of another's.
type Clock struct {
	Known       bool
	Offset      time.Duration // B's clock less A's, at Origin
	Drift       float64       // by how much B's clock gains on A's, as a fraction
	Origin      flows.Time    // of A's clock
	Uncertainty time.Duration // half of the shortest round trip between the two places, more where the clocks do not fit
	Steps       bool          // no steady clock explains the times: one was set in between
	Loose       time.Duration // by how much an order of packets in both captures may be wrong: one may have been set
	OneWay      [2]bool       // which directions were seen: without both the offset holds only up to the delay
	Points      int
	Sure        bool // enough packets of both directions to know the shortest delays
}

// enoughPoints is how many packets of a direction make it likely that one of them met no queue.
const enoughPoints = 8

// At returns B's clock less A's at a time of A's clock.
func (c *Clock) At(t flows.Time) time.Duration {
	return c.Offset + time.Duration(c.Drift*float64(t-c.Origin))
}

// ToA returns the time of A's clock at which B's shows t.
func (c *Clock) ToA(t flows.Time) flows.Time {
	at := t - flows.Time(c.Offset)
	return t - flows.Time(c.At(at))
}

// apart returns how far apart the first packets of two traces are, 0 if they overlap in time.
func (c *Clock) apart(a, b *Trace) time.Duration {
	first, last := c.ToA(b.First), c.ToA(b.Last)
	switch {
	case first > a.Last:
		return first.Sub(a.Last)
	case a.First > last:
		return a.First.Sub(last)
	}
	return 0
}

// A point is one packet that both captures hold.
type point struct{ at, diff float64 } // seconds since the first point; B's clock less A's

// maxDrift is more than clocks of computers drift: 300 parts in a million.
const maxDrift = 300e-6

// estimate finds offset and drift from the packets of both directions (Moon, Skelly and Towsley, INFOCOM 1999).
// A packet from A to B shows a difference of the offset and its delay, one from B to A of the offset less its delay.
// Delays are positive, so that the offset lies between the smallest of the ones and the largest of the others, at
// any time; the line that keeps the greatest distance from both is taken, and no drift where none is needed.
func estimate(pairs []*Pair) Clock {
	var c Clock
	orientAll(pairs)
	up, down := c.points(pairs, false)
	if min(len(up), len(down)) < enoughPoints {
		c = Clock{}
		up, down = c.points(pairs, true)
	}
	c.Sure = min(len(up), len(down)) >= enoughPoints
	c.OneWay = [2]bool{len(up) > 0, len(down) > 0}
	switch {
	case c.Points == 0:
		return c
	case len(up) == 0 || len(down) == 0:
		// Only a bound: the delay is not known, and is taken for none.
		c.Known = true
		if len(up) > 0 {
			c.Offset = seconds(lowest(up, 0))
		} else {
			c.Offset = seconds(-lowest(negated(down), 0))
		}
		c.Uncertainty = 200 * time.Millisecond
		return c
	}
	long := span(up, down) > 1
	points := [2][]point{sorted(up), sorted(negated(down))}
	up, down = lowerHull(points[0]), lowerHull(points[1]) // no other point is ever the lowest
	width := func(drift float64) float64 { return lowest(up, drift) + lowest(down, -drift) }
	drift := 0.0
	if long {
		lo, hi := -maxDrift, maxDrift
		for range 60 { // the width is concave in the drift
			a, b := lo+(hi-lo)/3, hi-(hi-lo)/3
			if width(a) < width(b) {
				lo = a
			} else {
				hi = b
			}
		}
		best := (lo + hi) / 2
		// The least drift that explains the times nearly as well.
		tolerance := max(100e-6, width(best)/50)
		if width(0) < width(best)-tolerance {
			near, far := 0.0, best
			for range 40 {
				if mid := (near + far) / 2; width(mid) < width(best)-tolerance {
					near = mid
				} else {
					far = mid
				}
			}
			drift = (far + best) / 2
		}
	}
	w := width(drift)
	high, low := lowest(up, drift), -lowest(down, -drift)
	c.Known, c.Drift, c.Offset = true, drift, seconds((high+low)/2)
	c.Uncertainty = seconds(math.Abs(w) / 2)
	if c.Steps = w < -1e-3; c.Steps {
		c.Uncertainty += seconds(roundTrip(points))
		c.Loose = 2 * c.Uncertainty
	} else if d := max(leap(points[0], points[1], drift), leap(points[1], points[0], -drift)); d > leastLeap {
		c.Uncertainty += seconds(d)
		c.Loose = 2 * c.Uncertainty
	}
	return c
}

// leastLeap is by how many seconds the delay of all packets of a direction must change for a clock to be doubted.
const leastLeap = 0.5

// roundTrip returns the shortest round trip that packets of both directions show that follow each other. Where
// a clock was set between two, they show none.
func roundTrip(points [2][]point) float64 {
	least := math.Inf(1)
	down := points[1]
	for _, p := range points[0] {
		for len(down) > 1 && down[1].at <= p.at {
			down = down[1:]
		}
		for _, q := range down[:min(2, len(down))] {
			if d := p.diff + q.diff; d > 0 {
				least = min(least, d)
			}
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// leap returns by how much the least delay of a direction changes at some time for good, while there are no packets of
// the other direction before that time or after it. If there are, no steady clock explains both.
func leap(list, other []point, drift float64) float64 {
	after := make([]float64, len(list)+1) // the least difference from there on
	after[len(list)] = math.Inf(1)
	for i := len(list) - 1; i >= 0; i-- {
		after[i] = min(after[i+1], list[i].diff-drift*list[i].at)
	}
	most, before := 0.0, math.Inf(1)
	for i, p := range list {
		if i > 0 && (other[0].at >= p.at || other[len(other)-1].at <= list[i-1].at) {
			most = max(most, math.Abs(before-after[i]))
		}
		before = min(before, p.diff-drift*p.at)
	}
	return most
}

// maxClockPairs is about how many connections show how far the clocks are apart; more are thinned out evenly.
const maxClockPairs = 1024

// sampled reports whether the connection at i, of n, is one of those that stand for all.
func sampled(i, n int) bool { return i%(1+n/maxClockPairs) == 0 }

// points returns the differences between the clocks that packets from A to B show, and those from B to A.
func (c *Clock) points(pairs []*Pair, resets bool) (up, down []point) {
	for i, x := range pairs {
		if !sampled(i, len(pairs)) {
			continue
		}
		for _, m := range x.unique(resets) {
			g, h := &x.A.Sightings()[m.A], &x.B.Sightings()[m.B]
			if c.Points == 0 {
				c.Origin = g.Time
			}
			c.Points++
			p := point{float64(g.Time-c.Origin) / 1e9, float64(h.Time-g.Time) / 1e9}
			if x.fromA(g.Side) {
				up = append(up, p)
			} else {
				down = append(down, p)
			}
		}
	}
	return up, down
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }

func negated(list []point) []point {
	out := make([]point, len(list))
	for i, p := range list {
		out[i] = point{p.at, -p.diff}
	}
	return out
}

// lowest returns the smallest difference, less a drift.
func lowest(list []point, drift float64) float64 {
	least := math.Inf(1)
	for _, p := range list {
		least = min(least, p.diff-drift*p.at)
	}
	return least
}

// sorted sorts points by time.
func sorted(list []point) []point {
	slices.SortFunc(list, func(p, q point) int { return cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(p.diff, q.diff)) })
	return list
}

// lowerHull returns those of sorted points of which one is the lowest, whatever the drift.
func lowerHull(list []point) []point {
	var hull []point
	for _, p := range list {
		for len(hull) > 1 {
			a, b := hull[len(hull)-2], hull[len(hull)-1]
			if (b.at-a.at)*(p.diff-a.diff) > (b.diff-a.diff)*(p.at-a.at) {
				break
			}
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, p)
	}
	return hull
}

// span returns for how long there were points of both directions.
func span(lists ...[]point) float64 {
	first, last := math.Inf(-1), math.Inf(1)
	for _, list := range lists {
		a, b := math.Inf(1), math.Inf(-1)
		for _, p := range list {
			a, b = min(a, p.at), max(b, p.at)
		}
		first, last = max(first, a), min(last, b)
	}
	return last - first
}
