package report

import (
	"testing"

	"github.com/rstexplain/rstexplain/flows"
)

// Sequence numbers are relative to the first one of their side, wherever that is found.
func TestSeqBases(t *testing.T) {
	const o, r = flows.Originator, flows.Responder
	event := func(s flows.Side, f flows.Flags, seq, ack flows.Seq) flows.Event {
		return flows.Event{Side: s, Flags: f, SEQ: seq, ACK: ack}
	}
	for _, c := range []struct {
		name          string
		before, after []flows.Event
		iss           [2]flows.Seq // 0: unknown
		want          [2]int64
	}{
		{"handshake", nil, nil, [2]flows.Seq{1000, 5000}, [2]int64{1000, 5000}},
		{"SYN-ACK after the RST", nil, []flows.Event{event(r, flows.SYN|flows.ACK, 5000, 1001)}, [2]flows.Seq{1000, 0}, [2]int64{1000, 5000}},
		{"begins with an ACK", []flows.Event{event(o, flows.ACK, 701, 301), event(r, flows.ACK, 301, 701)}, nil, [2]flows.Seq{}, [2]int64{700, 300}},
		{"one side only", []flows.Event{event(o, flows.ACK, 0, 1)}, nil, [2]flows.Seq{}, [2]int64{1<<32 - 1, 0}},
		{"a RST tells nothing", []flows.Event{event(r, flows.RST, 9, 0)}, nil, [2]flows.Seq{1000, 0}, [2]int64{1000, 0}},
	} {
		reset := &flows.Reset{Conn: &flows.Conn{Events: c.before}, After: flows.After{Events: c.after}}
		for s, iss := range c.iss {
			reset.Conn.Ends[s].HasISS, reset.Conn.Ends[s].SND.ISS = iss != 0, iss
		}
		if got := seqBases(reset); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
