package facts

import (
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// An Outage is a time in which the RST's sender sent data again and again, and nothing acknowledged it.
type Outage struct {
	First flows.Mark   // first sending of that data
	Again []flows.Mark // its retransmissions
	Ended flows.Mark   // the acknowledgment
	Bytes uint32       // what had not been acknowledged until then
}

// Span returns how long it lasted.
func (o *Outage) Span() time.Duration { return o.Ended.Time.Sub(o.First.Time) }

// What shows that a close fell into an outage.
const (
	outageLeast = time.Second      // that it was one
	outageAgain = 2                // retransmissions
	outageBurst = time.Millisecond // from the acknowledgment to the FIN: no program answers an acknowledgment
)

// ClosedInOutage returns the outage in which the RST's sender closed, nil if nothing shows one: its FIN left in one
// burst with the acknowledgment that ended the outage. It had waited behind data that could not be sent.
func (c *Facts) ClosedInOutage() *Outage {
	if c.Close.By != ByFIN {
		return nil
	}
	var o Outage
	var sent []*flows.Event // by the sender in the outage, the last first
	for i := len(c.Conn.Events) - 1; i >= 0; i-- {
		e := &c.Conn.Events[i]
		own := e.Side == c.Side
		switch {
		case e.Frame >= c.Close.Frame, e.Notes&flows.Duplicate != 0:
		case own && o.Ended.Seen() && e.DataLen > 0:
			sent = append(sent, e)
		case own: // what had waited before the FIN
		case !o.Ended.Seen():
			if o.Ended, o.Bytes = e.Mark, uint32(e.ACK); c.Close.Time.Sub(e.Time) > outageBurst {
				return nil
			}
		default:
			if o.Bytes -= uint32(e.ACK); !e.Flags.Has(flows.ACK) || o.Bytes == 0 || o.Bytes > maxMissed {
				return nil
			}
			return o.of(sent, e.ACK)
		}
		if e.Skipped > 0 && e.Frame < c.Close.Frame {
			return nil
		}
	}
	return nil
}

// of fills in how often the data at una was sent, and returns o where that was an outage.
func (o *Outage) of(sent []*flows.Event, una flows.Seq) *Outage {
	for _, e := range slices.Backward(sent) {
		switch {
		case e.SEQ.Sub(una) > 0 || e.End().Sub(una) <= 0:
		case e.Notes&flows.Retransmitted != 0 && o.First.Seen():
			o.Again = append(o.Again, e.Mark)
		case !o.First.Seen():
			o.First = e.Mark
		}
	}
	if len(o.Again) < outageAgain || o.Span() < outageLeast {
		return nil
	}
	return o
}
