package analyzer

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// How long a reset of a live capture waits for what comes after it, and how often it is looked whether it
// has waited long enough. Together they keep a finding within 100 ms of the packets that decide it.
const (
	followLookahead = 60 * time.Millisecond
	followTick      = 20 * time.Millisecond
)

// A liveClock is the time in a live capture while no packets arrive: the time of the last packet
// and what has passed since. So it does not matter whether the capturing host's clock is right, or the
// capture an old one that is being played.
type liveClock struct {
	live bool
	last int64     // time of the last packet
	at   time.Time // when it was heard
}

// ticks returns the times at which to look again, none where the capture is not live, and what ends them.
func (c *liveClock) ticks() (ticks <-chan time.Time, stop func()) {
	if !c.live {
		return nil, func() {}
	}
	t := time.NewTicker(followTick)
	return t.C, t.Stop
}

func (c *liveClock) heard(last int64) {
	if c.live {
		c.last, c.at = max(c.last, last), time.Now()
	}
}

func (c *liveClock) now() flows.Time {
	if c.at.IsZero() {
		return 0
	}
	return flows.Time(c.last + int64(time.Since(c.at)))
}
