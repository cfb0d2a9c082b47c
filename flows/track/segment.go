package track

import "github.com/rstexplain/rstexplain/flows"

// A segment is a Segment on its way through the table, with what the table notes on it.
type segment struct {
	flows.Segment
	point     uint8 // placeOf, plus one, where the segment was unpacked
	delivered bool  // the exchange has heard its payload
}

// dataSEQ returns the sequence number of the first byte of data: a SYN comes before it (RFC 9293 §3.4).
func (s *segment) dataSEQ() flows.Seq {
	if s.Flags&flows.SYN != 0 {
		return s.SEQ + 1
	}
	return s.SEQ
}
