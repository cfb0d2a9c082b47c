package facts

import "github.com/rstexplain/rstexplain/flows"

// senderBetween reports whether the RST's sender sent anything but RSTs between two frames after the RST.
func (c *Facts) senderBetween(from, until int) bool {
	for i := range c.After.Events {
		if e := &c.After.Events[i]; e.Side == c.Side && e.Frame > from && e.Frame < until && e.Flags&flows.RST == 0 &&
			e.Notes&flows.Duplicate == 0 {
			return true
		}
	}
	return false
}
