package track_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

func TestResends(t *testing.T) {
	c := after(t, shake+`
+0.1 > P. 1:101(100) ack 1
+0   > P. 101:201(100) ack 1
+0.2 > P. 1:101(100) ack 1
+0.4 > P. 1:101(100) ack 1
+0.1 < P. 1:11(10) ack 1
+0.8 > P. 1:101(100) ack 11`)
	r := c.Ends[0].Retransmits
	if r.What != flows.RunData || r.Count != 3 || r.SEQ != c.Ends[0].SND.ISS+1 || r.LEN != 100 || !slices.Equal(r.Frames, []int{6, 7, 9}) ||
		r.Orig.Frame != 4 || r.First.Frame != 6 || r.Last.Frame != 9 || r.PeerLast.Frame != 8 {
		t.Errorf("run %+v", r)
	}
	if d := r.Last.Time.Sub(r.Orig.Time); d != 1500*time.Millisecond {
		t.Errorf("run lasts %v", d)
	}
	if !notes(t, c, 6).Has(flows.Retransmitted) || c.Ends[0].Retransmitted != 3 || c.Ends[0].Bytes != 200 || c.Ends[0].DataSegments != 5 {
		t.Errorf("%+v", c.Ends[0])
	}
	if c.Ends[1].Unread != 0 || c.Ends[0].Unread != 10 {
		t.Errorf("unread %d, %d", c.Ends[0].Unread, c.Ends[1].Unread)
	}
}

func TestResendsEndWithTheACK(t *testing.T) {
	c := after(t, shake+`
+0.1 > P. 1:101(100) ack 1
+0   > P. 101:201(100) ack 1
+0.2 > P. 1:101(100) ack 1
+0.1 < . 1 ack 101`)
	if c.Ends[0].Retransmits.Count != 0 || c.Ends[0].Retransmitted != 1 {
		t.Errorf("run %+v", c.Ends[0].Retransmits)
	}
	c = after(t, shake+`
+0.1 > P. 1:101(100) ack 1
+0   > P. 101:201(100) ack 1
+0.2 > P. 1:101(100) ack 1
+0.1 < . 1 ack 101
+0.2 > P. 101:201(100) ack 1
+0.4 > P. 101:201(100) ack 1`)
	if r := c.Ends[0].Retransmits; r.Count != 2 || r.Orig.Frame != 5 || r.SEQ != c.Ends[0].SND.ISS+101 || r.PeerLast.Frame != 7 {
		t.Errorf("run %+v", r)
	}
}

func TestResendsOfOtherThings(t *testing.T) {
	c := after(t, "0 > S 0\n1 > S 0\n3 > S 0\n7 > S 0")
	if r := c.Ends[0].Retransmits; r.What != flows.RunSYN || r.Count != 3 || r.Orig.Frame != 1 || r.LEN != 1 {
		t.Errorf("SYN: %+v", r)
	}
	if e := c.Ends[0]; e.SYNs != 4 || e.SYN.Frame != 1 || e.LastSYN.Frame != 4 {
		t.Errorf("%+v", e)
	}
	c = after(t, "0 > S 0\n0 < S. 0 ack 1\n1 < S. 0 ack 1\n3 < S. 0 ack 1")
	if r := c.Ends[1].Retransmits; r.What != flows.RunSYNACK || r.Count != 2 || r.Orig.Frame != 2 {
		t.Errorf("SYN-ACK: %+v", r)
	}
	c = after(t, shake+"+1 > F. 1 ack 1\n+1 > F. 1 ack 1\n+1 > F. 1 ack 1")
	if r := c.Ends[0].Retransmits; r.What != flows.RunFIN || r.Count != 2 || r.Orig.Frame != 4 || c.Ends[0].FINs != 3 {
		t.Errorf("FIN: %+v", r)
	}
	c = after(t, shake+"+1 > P. 1:11(10) ack 1\n+0 > F. 11 ack 1\n+1 > FP. 1:11(10) ack 1")
	if r := c.Ends[0].Retransmits; r.What != flows.RunData || r.Count != 1 || r.Orig.Frame != 4 || !c.Ends[0].FIN.Seen() {
		t.Errorf("data with FIN: %+v", r)
	}
	c = after(t, shake+"+1 > P. 1:11(10) ack 1\n+1 > P. 1:21(20) ack 1")
	if r := c.Ends[0].Retransmits; r.What != flows.RunData || r.Count != 1 || c.Ends[0].Bytes != 20 || c.Ends[0].Outstanding() != 20 {
		t.Errorf("resend with new data behind it: %+v", r)
	}
	c = after(t, shake+"+1 > P. 1:11(10) ack 1\n+0 > P. 11:21(10) ack 1\n+1 > P. 11:21(10) ack 1")
	if r := c.Ends[0].Retransmits; r.Count != 0 || c.Ends[0].Retransmitted != 1 {
		t.Errorf("not the oldest: %+v", r)
	}
}

func TestKeepAlives(t *testing.T) {
	const probes = shake + "+0.1 > P. 1:101(100) ack 1\n+0.1 < . 1 ack 101\n+10 > . 100 ack 1\n+10 > . 100 ack 1\n+10 > . 100 ack 1\n"
	c := after(t, probes)
	if r := c.Ends[0].KeepAlives; r.What != flows.RunKeepAlive || r.Count != 3 || !slices.Equal(r.Frames, []int{6, 7, 8}) || r.PeerLast.Seen() {
		t.Errorf("run %+v", r)
	}
	if n := notes(t, c, 7); n != flows.KeepAlive {
		t.Errorf("notes %b", n)
	}
	if c.Ends[0].Retransmits.Count != 0 || c.Ends[0].Retransmitted != 0 {
		t.Errorf("probes counted as resends: %+v", c.Ends[0])
	}
	if c = after(t, probes+"+0.1 < . 1 ack 101"); c.Ends[0].KeepAlives.Count != 0 {
		t.Errorf("answered, but still %+v", c.Ends[0].KeepAlives)
	}
	// With an byte of garbage, as some systems send it.
	c = after(t, shake+"+0.1 > P. 1:101(100) ack 1\n+0.1 < . 1 ack 101\n+10 > . 100:101(1) ack 1\n+10 > . 100:101(1) ack 1")
	if r := c.Ends[0].KeepAlives; r.Count != 2 || r.LEN != 1 || c.Ends[0].Retransmitted != 0 {
		t.Errorf("with an byte: %+v", r)
	}
	// The capture began while one side was probing.
	c = after(t, "0 > . 100 ack 1\n1 > . 100 ack 1\n2 > . 100 ack 1")
	if r := c.Ends[0].KeepAlives; r.Count != 2 || c.Ends[0].SND.NXT != r.SEQ+1 {
		t.Errorf("in mid-stream: %+v %+v", r, c.Ends[0])
	}
	c = after(t, "0 > . 100 ack 1\n0.1 < . 1 ack 101")
	if c.Ends[0].Missing != 0 || c.Ends[0].SND.NXT.Sub(c.Ends[0].SND.UNA) != 0 || c.Ends[0].UnseenFIN.Seen() {
		t.Errorf("in mid-stream, answered: %+v", c.Ends[0])
	}
}

func TestZeroWindow(t *testing.T) {
	const closed = shake + "+0.1 > P. 1:101(100) ack 1\n+0.1 < . 1 ack 101 win 0\n"
	c := after(t, closed)
	if z := c.Ends[1].ZeroWND; z.Frame != 5 || c.Ends[1].RCV.WND != 0 || !notes(t, c, 5).Has(flows.ZeroWindow) {
		t.Errorf("zero window since %+v", z)
	}
	// Linux probes with SEQ = SND.UNA-1 and no data, others with one byte.
	for _, probe := range []string{"100 ack 1", "101:102(1) ack 1"} {
		c = after(t, closed+"+0.2 > . "+probe+"\n+0 < . 1 ack 101 win 0\n+0.4 > . "+probe+"\n+0 < . 1 ack 101 win 0\n")
		if r := c.Ends[0].WndProbes; r.What != flows.RunZeroWindow || r.Count != 2 || !slices.Equal(r.Frames, []int{6, 8}) || r.PeerLast.Frame != 9 {
			t.Errorf("%s: %+v", probe, r)
		}
		if c.Ends[0].KeepAlives.Count != 0 || c.Ends[0].Retransmits.Count != 0 || c.Ends[1].ZeroWND.Frame != 5 {
			t.Errorf("%s: %+v", probe, c.Ends[0])
		}
		c = after(t, closed+"+0.2 > . "+probe+"\n+0 < . 1 ack 101 win 0\n+1 < . 1 ack 101 win 100\n")
		if c.Ends[0].WndProbes.Count != 0 || c.Ends[1].ZeroWND.Seen() {
			t.Errorf("%s: the window opened, but %+v", probe, c.Ends[0].WndProbes)
		}
	}
	c = after(t, "0 > S 0 win 0\n0 < S. 0 ack 1 win 0\n")
	if c.Ends[0].ZeroWND.Seen() || c.Ends[1].ZeroWND.Seen() {
		t.Error("a SYN's window of 0 is no closed window")
	}
}

func TestWindowScale(t *testing.T) {
	c := after(t, "0 > S 0 win 1000 <mss 1460,wscale 7>\n0 < S. 0 ack 1 win 2000 <mss 1460,wscale 3>\n0 > . 1 ack 1 win 100\n0 < . 1 ack 1 win 100")
	if c.Ends[0].RCV.WND != 12800 || c.Ends[1].RCV.WND != 800 {
		t.Errorf("windows %d, %d", c.Ends[0].RCV.WND, c.Ends[1].RCV.WND)
	}
	if c.Events[0].WND != 1000 || c.Events[2].WND != 12800 {
		t.Errorf("events %+v", c.Events)
	}
	c = after(t, "0 > S 0 win 1000 <mss 1460,wscale 7>\n0 < S. 0 ack 1 win 2000 <mss 1460>\n0 > . 1 ack 1 win 100")
	if c.Ends[0].RCV.WND != 100 {
		t.Errorf("scaled although the peer did not offer it: %d", c.Ends[0].RCV.WND)
	}
	c = after(t, "0 > . 1 ack 1 win 100")
	if c.Ends[0].RCV.WND != 100 {
		t.Errorf("scaled although the handshake was not seen: %d", c.Ends[0].RCV.WND)
	}
}
