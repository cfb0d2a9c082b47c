package track_test

import (
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

func TestGap(t *testing.T) {
	c := after(t, shake+"+0.1 > P. 1:101(100) ack 1\n+0 > P. 201:301(100) ack 1\n+0 < . 1 ack 301\n+1 > P. 301:302(1) ack 1\n+0 < . 1 ack 302\n")
	e := c.Ends[0]
	if !notes(t, c, 5).Has(flows.Gap) || e.Missing != 100 || e.Bytes != 201 || !c.Defects.Has(flows.MissedPackets) || e.Outstanding() != 0 {
		t.Errorf("%+v", e)
	}
	if c.Defects.Has(flows.Reordered) {
		t.Error("nothing was reordered")
	}
}

func TestOutOfOrder(t *testing.T) {
	c := after(t, shake+"+0.1 > P. 1:101(100) ack 1\n+0 > P. 201:301(100) ack 1\n+0 > P. 101:201(100) ack 1\n+0 < . 1 ack 301\n")
	e := c.Ends[0]
	if !notes(t, c, 6).Has(flows.OutOfOrder) || notes(t, c, 6).Has(flows.Retransmitted) || e.Missing != 0 || e.Bytes != 300 || e.Retransmitted != 0 {
		t.Errorf("%+v", e)
	}
	if !c.Defects.Has(flows.Reordered) || c.Defects.Has(flows.MissedPackets) || c.Ends[1].Unread != 300 {
		t.Errorf("defects %b, unread %d", c.Defects, c.Ends[1].Unread)
	}
	// In three pieces, the middle one first.
	c = after(t, shake+"+0 > P. 301:401(100) ack 1\n+0 > P. 101:201(100) ack 1\n+0 > P. 1:101(100) ack 1\n+0 > P. 201:301(100) ack 1\n+0 > P. 201:301(100) ack 1")
	if e := c.Ends[0]; e.Missing != 0 || e.Bytes != 400 || e.Retransmitted != 1 {
		t.Errorf("%+v", e)
	}
}

func TestAckedUnseen(t *testing.T) {
	c := after(t, shake+"+0.1 > P. 1:101(100) ack 1\n+0 < . 1 ack 501\n+0 > P. 501:511(10) ack 1")
	e := c.Ends[0]
	if !notes(t, c, 5).Has(flows.AckedUnseen) || e.Missing != 400 || !c.Defects.Has(flows.MissedPackets) || notes(t, c, 6) != 0 {
		t.Errorf("%+v", e)
	}
	// The ACK was captured before the data.
	c = after(t, shake+"+0.1 < . 1 ack 101\n+0 > P. 1:101(100) ack 1\n")
	if e := c.Ends[0]; e.Missing != 0 || c.Defects.Has(flows.MissedPackets) || !c.Defects.Has(flows.Reordered) {
		t.Errorf("%+v %b", e, c.Defects)
	}
}

func TestUnseenFIN(t *testing.T) {
	c := after(t, shake+"+0.1 < P. 1:101(100) ack 1\n+0.1 > . 1 ack 102\n")
	if c.Ends[1].UnseenFIN.Frame != 5 || c.Ends[1].FIN.Seen() {
		t.Errorf("%+v", c.Ends[1])
	}
	// It shows up later: reordered.
	c = after(t, shake+"+0.1 < P. 1:101(100) ack 1\n+0.1 > . 1 ack 102\n+0 < F. 101 ack 1")
	if c.Ends[1].UnseenFIN.Seen() || c.Ends[1].FIN.Frame != 6 || c.Ends[1].Missing != 0 {
		t.Errorf("%+v", c.Ends[1])
	}
	// Data behind it: it was an byte that the capture missed.
	c = after(t, shake+"+0.1 < P. 1:101(100) ack 1\n+0.1 > . 1 ack 102\n+0 < P. 102:112(10) ack 1")
	if c.Ends[1].UnseenFIN.Seen() || c.Ends[1].Missing != 1 {
		t.Errorf("%+v", c.Ends[1])
	}
}

func TestWrapAround(t *testing.T) {
	c := after(t, "> iss 4294967290\n< iss 4294967295\n"+shake+
		"+0.1 > P. 1:101(100) ack 1\n+0 < P. 1:11(10) ack 101\n+0 > P. 101:201(100) ack 11\n+1 > P. 101:201(100) ack 11\n+1 < F. 11 ack 201\n+0 > F. 201 ack 12\n+0 < . 12 ack 202")
	if e := c.Ends[0]; e.Bytes != 200 || e.SND.NXT != 196 || e.SND.UNA != 196 || e.Missing != 0 || e.Retransmitted != 1 || e.State != flows.Closed {
		t.Errorf("%+v", e)
	}
	if e := c.Ends[1]; e.State != flows.TimeWait || e.SND.NXT != 11 {
		t.Errorf("%+v", e)
	}
}

func TestMidStream(t *testing.T) {
	c := after(t, "0 > P. 1:101(100) ack 1\n0.1 < P. 1:51(50) ack 101\n0.1 > . 101 ack 51")
	if c.Ends[0].State != flows.Established || c.Ends[1].State != flows.Established || !c.Defects.Has(flows.NoHandshake) || !c.Guessed {
		t.Errorf("%+v", c)
	}
	if c.Ends[0].HasISS || !c.Ends[0].HasSND || c.Ends[0].Missing+c.Ends[1].Missing != 0 {
		t.Errorf("%+v", c.Ends)
	}
	c = after(t, "0 > P. 1:101(100) ack 1")
	if c.Ends[0].State != flows.Unknown || c.Ends[1].HasSND || !c.Defects.Has(flows.OneDirection) {
		t.Errorf("%+v", c)
	}
	// The side with the lower port is taken for the responder, whoever speaks first.
	c = after(t, "0 < P. 1:101(100) ack 1\n")
	if c.Ends[0].Addr.Port != 40001 || c.Ends[1].DataSegments != 1 {
		t.Errorf("%+v", c.Ends)
	}
	// A SYN-ACK shows who is who, and that there was a SYN.
	c = after(t, "0 < S. 0 ack 1\n0 > . 1 ack 1")
	if c.Ends[1].State != flows.Established || c.Ends[0].State != flows.Established || !c.Ends[0].HasISS || c.SYN.Seen() || c.SYNACK.Frame != 1 {
		t.Errorf("%+v", c)
	}
}

func TestOneDirection(t *testing.T) {
	c := after(t, "0 > S 0\n0.1 > . 1 ack 1\n0.1 > P. 1:11(10) ack 1\n0.2 > . 11 ack 501\n0.3 > . 11 ack 901")
	if !c.Defects.Has(flows.OneDirection) || c.Ends[0].AckedSince != 900 || c.Ends[1].HasSND || c.Ends[1].Segments != 0 {
		t.Errorf("%+v", c)
	}
}

func TestStraySegment(t *testing.T) {
	c := after(t, shake+"+0.1 > P. 1:101(100) ack 1\n+0 > P. 900000000:900000010(10) ack 1\n+0 < . 1 ack 101")
	if e := c.Ends[0]; e.SND.NXT != e.SND.ISS+101 || e.Missing != 0 {
		t.Errorf("one stray segment moved the connection: %+v", e)
	}
	c = after(t, shake+"+0.1 > P. 1:101(100) ack 1\n+0 > P. 900000000:900000010(10) ack 1\n+0 > P. 900000010:900000020(10) ack 1")
	if e := c.Ends[0]; e.SND.NXT != e.SND.ISS+900000020 || e.Missing == 0 {
		t.Errorf("two segments at the same place were not believed: %+v", e)
	}
}

func TestHandshakeTimes(t *testing.T) {
	c := after(t, "0 > S 0\n1 > S 0\n1.05 < S. 0 ack 1\n1.06 > . 1 ack 1\n1.1 > P. 1:11(10) ack 1\n1.13 < . 1 ack 11")
	if c.HandshakeRTT != 60*time.Millisecond || c.HandshakeACK.Frame != 4 || c.SYN.Frame != 1 || c.SYNACK.Frame != 3 {
		t.Errorf("%+v", c)
	}
	// The responder's answer to a retransmitted SYN measures nothing; its answer to the data does.
	if r := c.Ends[1].Reaction; r != 30*time.Millisecond {
		t.Errorf("reaction %v", r)
	}
	if r := c.Ends[0].Reaction; r != 10*time.Millisecond {
		t.Errorf("reaction %v", r)
	}
}

func TestFastOpen(t *testing.T) {
	c := after(t, "0 > S 0:19(19) \"GET / HTTP/1.1\\r\\n\"\n0.01 < S. 0 ack 20\n0.01 < P. 1:11(10) ack 20\n0.02 > . 20 ack 11")
	if e := c.Ends[0]; e.Bytes != 19 || e.SND.NXT != e.SND.ISS+20 || e.State != flows.Established || e.DataSegments != 1 || c.Ends[1].State != flows.Established {
		t.Errorf("%+v", e)
	}
	// The responder takes the SYN and not its data.
	c = after(t, "0 > S 0:19(19)\n0.01 < S. 0 ack 1\n0.01 > P. 1:20(19) ack 1\n0.02 < . 1 ack 20")
	if e := c.Ends[0]; e.Bytes != 19 || e.Retransmitted != 1 || e.State != flows.Established || e.Outstanding() != 0 {
		t.Errorf("%+v", e)
	}
}

func TestHistory(t *testing.T) {
	c := after(t, shake+"+0.1 > P. 1:101(100) ack 1\n+0 < P. 1:11(10) ack 101\n+0 > F. 101 ack 11\n+0 < . 11 ack 102\n+0 < F. 11 ack 102")
	if c.History != "ShADdFaf" {
		t.Errorf("history %s", c.History)
	}
}

func TestTTL(t *testing.T) {
	c := after(t, "0 > S 0 ttl 128\n0 < S. 0 ack 1 ttl 50\n0 > . 1 ack 1 ttl 64\n0 > P. 1:2(1) ack 1 ttl 64\n0 > P. 2:3(1) ack 1 ttl 64\n0 > P. 3:4(1) ack 1 ttl 63")
	if e := c.Ends[0]; e.TTL != 64 || e.TTLMin != 63 || e.TTLMax != 128 || e.SYNTTL != 128 {
		t.Errorf("%+v", e)
	}
}

func TestLetGo(t *testing.T) {
	c := after(t, shake+`
+0.1 > P. 1:26(25) ack 1 "GET / HTTP/1.1\r\nHost: a\r\n"
+0.1 > F. 26 ack 1
+0.1 < . 1 ack 27
+0.1 < P. 1:11(10) ack 27
+0.1 < F. 11 ack 27`)
	o, r := c.Closes[0], c.Closes[1]
	if o == nil || o.Frame != 5 || !o.FIN || o.Outstanding != [2]uint32{25, 0} || o.LastData[0].Frame != 4 || o.LastData[1].Seen() || o.Unread != 0 {
		t.Fatalf("originator %+v", o)
	}
	if r == nil || r.Frame != 8 || r.Outstanding != [2]uint32{0, 10} || r.LastData[1].Frame != 7 || r.Unread != 0 {
		t.Fatalf("responder %+v", r)
	}
	if o.Exchange.Protocol != "HTTP/1.1" || o.Exchange.Messages[1] != 0 || r.Exchange.Messages[1] != 1 {
		t.Errorf("exchanges %+v, %+v", o.Exchange, r.Exchange)
	}
	c = after(t, shake+"+0.1 > P. 1:26(25) ack 1\n+0.1 < F. 1 ack 26")
	if r := c.Closes[1]; r == nil || r.Unread != 25 {
		t.Errorf("responder that has not answered: %+v", r)
	}
}

func TestIPIDs(t *testing.T) {
	c := after(t, "0 > S 0 ipid 100\n0 < S. 0 ack 1 ipid 0\n0 > . 1 ack 1 ipid 103\n0 > P. 1:2(1) ack 1 ipid 102\n0 > P. 2:3(1) ack 1 ipid 110")
	if e := c.Ends[0]; e.IPIDStep != 8 || e.IPIDZero || e.IPID != 110 {
		t.Errorf("%+v", e)
	}
	if e := c.Ends[1]; e.IPIDStep != 0 || !e.IPIDZero {
		t.Errorf("%+v", e)
	}
}
