package deferral

import "github.com/rstexplain/rstexplain/flows"

// A Run is what a queue hands over to the table: segments in good order, oldest first. They lie in
// Batch.units.
type Run struct {
	Start   flows.Time
	Nxt     [2]flows.Seq // SND.NXT of both ends before them, the lower end of the tuple first
	Origin  [2]uint16
	TTL     [2]uint8
	N, Read uint8 // segments, and how many of the oldest the exchange has heard
	First   uint32
}
