package track

import "github.com/rstexplain/rstexplain/flows"

// A handed is what a journal hands over to the table: segments in good order, oldest first. They lie in
// Batch.units.
type handed struct {
	start   flows.Time
	nxt     [2]flows.Seq // SND.NXT of both ends before them, the lower end of the tuple first
	origin  [2]uint16
	ttl     [2]uint8
	n, told uint8 // segments, and how many of the oldest the exchange has heard
	first   uint32
}
