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

// A liveClock tells what time it is in a live capture while no packet comes: the time of the last packet
// and what has passed since. So it does not matter whether the capturing host's clock is right, or the
// capture an old one that is being played.
type liveClock struct {
	tick   <-chan time.Time // never ticks where the capture is not live
	ticker *time.Ticker
	last   int64     // time of the last packet
	at     time.Time // when it was heard
}

func newLiveClock(live bool) *liveClock {
	c := &liveClock{}
	if live {
		c.ticker = time.NewTicker(followTick)
		c.tick = c.ticker.C
	}
	return c
}

func (c *liveClock) heard(last int64) {
	if c.ticker != nil {
		c.last, c.at = max(c.last, last), time.Now()
	}
}

func (c *liveClock) now() flows.Time {
	if c.at.IsZero() {
		return 0
	}
	return flows.Time(c.last + int64(time.Since(c.at)))
}

func (c *liveClock) stop() {
	if c.ticker != nil {
		c.ticker.Stop()
	}
}
