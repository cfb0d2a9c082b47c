package facts

import "time"

// fellAlike is how many connections fall together before the same must have happened to each.
const fellAlike = 3

// FellAlike reports whether the host reset other connections at the same time and no single loss of its state can have
// ended them: it opened or used one after it had reset another. Whatever resets them does so to each.
func (c *Facts) FellAlike() bool {
	return c.Related.ResetTogetherCount >= fellAlike-1 && c.Related.LostTogether == 0 && !c.ServiceDied()
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
