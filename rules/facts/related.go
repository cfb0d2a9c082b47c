package facts

import (
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// fellAlike is how many connections fall together before the same must have happened to each.
const fellAlike = 3

// FellAlike reports whether the host reset other connections at the same time and no single loss of its state can have
// ended them: it opened or used one after it had reset another. Whatever resets them does so to each.
func (c *Facts) FellAlike() bool {
	return c.Related.ResetTogetherCount >= fellAlike-1 && c.Related.LostTogether == 0 && !c.ServiceDied()
}

// fellTogether is within what time of each other the connections of a process end that dies.
const fellTogether = time.Millisecond

// FellTogether returns another connection that the sender's host reset at the moment when it closed this one, the zero
// ConnMark if the capture holds none, or so many resets that one falls there by chance.
func (c *Facts) FellTogether() flows.ConnMark {
	if c.Related.ResetTogetherCount <= len(c.Related.ResetTogether) && c.Close.By == ByFIN {
		for _, m := range c.Related.ResetTogether {
			if d := m.Time.Sub(c.Close.Time); d.Abs() <= fellTogether {
				return m
			}
		}
	}
	return flows.ConnMark{}
}

// ServiceDied reports whether the responder's port refuses connections from the moment on when the RST's
// sender, the responder, closed.
func (c *Facts) ServiceDied() bool {
	if c.ByClient() {
		return false
	}
	a := &c.Related
	if a.RefusedBefore.Seen() && a.RefusedBefore.Time >= c.Close.Time && a.AcceptedBefore.Time < a.RefusedBefore.Time {
		return true
	}
	return a.RefusedAfter.Seen() && a.RefusedAfter.Time.Sub(c.Close.Time) < 2*time.Minute &&
		(!a.AcceptedAfter.Seen() || a.AcceptedAfter.Frame > a.RefusedAfter.Frame)
}
