package track_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

func TestRestartWindow(t *testing.T) {
	const ok = "%d   %d> S 0\n+0.01 %d< S. 0 ack 1\n+0 %d> . 1 ack 1\n"
	const refused = "%d %d> S 0\n+0.01 %d< R. =0 ack 1\n"
	var b strings.Builder
	for i, s := range []string{ok, refused, refused, refused, ok} {
		n := strings.Count(s, "%d") - 1
		args := []any{10 * i}
		for range n {
			args = append(args, i+1)
		}
		fmt.Fprintf(&b, s, args...)
	}
	rs := resets(t, b.String())
	a := rs[1].Related
	if a.AcceptedBefore.Frame != 2 || a.AcceptedBefore.Stream != 0 || a.AcceptedAfter.Frame != 11 || a.AcceptedAfter.Stream != 4 {
		t.Errorf("accepted: %+v", a)
	}
	if a.RefusedBefore.Frame != 5 || a.RefusedAfter.Frame != 9 || a.Refused != 3 {
		t.Errorf("refused: %+v", a)
	}
	if a := rs[0].Related; a.RefusedBefore.Seen() || a.RefusedAfter.Frame != 7 {
		t.Errorf("first: %+v", a)
	}
	if a.ScanPorts != 1 || a.ScanHosts != 1 {
		t.Errorf("scan: %+v", a)
	}
}

// What some hundred services did is remembered of all of them.
func TestManyServices(t *testing.T) {
	const services = 1000
	var missing int
	tab := track.NewTable(track.TableOptions{}, func(r *flows.Reset) {
		if !r.Related.AcceptedBefore.Seen() {
			missing++
		}
	})
	for frame := range 2 * services {
		s := syn(frame, 2*frame)
		s.Dst.IP[14], s.Dst.IP[15] = byte(frame%services>>8), byte(frame%services)
		a := answer(s, flows.SYN|flows.ACK)
		if frame >= services {
			a.Flags = flows.RST | flows.ACK
		}
		tab.Add(&s)
		tab.Add(&a)
	}
	tab.Flush()
	if missing > 0 {
		t.Errorf("of %d refused connections %d do not know that the service accepted another", services, missing)
	}
}

func TestOwnConnectionIsNoSurrounding(t *testing.T) {
	a := resets(t, shake+"+1 > R. 1 ack 1\n+1 < S. 0 ack 1")[0].Related
	if a.AcceptedBefore.Seen() || a.AcceptedAfter.Seen() || a.OtherDir {
		t.Errorf("%+v", a)
	}
}

func TestScan(t *testing.T) {
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, "conn %d 192.0.2.9:5000 > 198.51.100.1:%d\n0 > S 0\n+0.01 < R. =0 ack 1\n", i, 20+i)
	}
	for i := range 7 {
		fmt.Fprintf(&b, "conn %d 192.0.2.9:5001 > 198.51.100.%d:22\n1 > S 0\n+0.01 < R. =0 ack 1\n", 100+i, 2+i)
	}
	rs := resets(t, b.String())
	if a := rs[0].Related; a.ScanPorts != 20 || a.ScanHosts != 1 {
		t.Errorf("%+v", a)
	}
	if a := rs[len(rs)-1].Related; a.ScanPorts != 1 || a.ScanHosts != 8 {
		t.Errorf("%+v", a)
	}
}

func TestFellTogether(t *testing.T) {
	var b strings.Builder
	for i := range 12 {
		fmt.Fprintf(&b, "conn %d\n0 > S 0\n+0 < S. 0 ack 1\n+0 > . 1 ack 1\n", i)
	}
	for i := range 12 {
		fmt.Fprintf(&b, "10.%d %d< R. 1 ack 1\n", i, i) // seconds 10.0 to 10.9, 10.10 and 10.11
	}
	b.WriteString("20 0< R. 1 ack 1\n")
	rs := resets(t, b.String())
	a := rs[5].Related
	if a.ResetTogetherCount != 11 || len(a.ResetTogether) != 8 {
		t.Errorf("%d together, %d listed", a.ResetTogetherCount, len(a.ResetTogether))
	}
	for _, m := range a.ResetTogether {
		if m.Stream == rs[5].Conn.Stream {
			t.Error("fell together with itself")
		}
	}
	if a := rs[12].Related; a.ResetTogetherCount != 0 {
		t.Errorf("ten seconds later: %+v", a)
	}
}

// A refused connection has not fallen: its port was closed before.
func TestRefusalsDoNotFall(t *testing.T) {
	rs := resets(t, `
		conn 0 192.0.2.9:5000 > 198.51.100.1:80
		0 > S 0
		+0 < S. 0 ack 1
		+0 > . 1 ack 1
		conn 1 192.0.2.9:5001 > 198.51.100.1:81
		+0.1 > S 0
		+0.01 < R. =0 ack 1
		conn 0
		+0.1 < R. 1 ack 1
	`)
	if a := rs[1].Related; a.ResetTogetherCount != 0 {
		t.Errorf("with the reset connection fell %v", a.ResetTogether)
	}
}

func TestHealthProbes(t *testing.T) {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, "%d %d> S 0\n+0.01 %d< S. 0 ack 1\n+0 %d> R. 1 ack 1\n", 5*i, i, i, i)
	}
	rs := resets(t, b.String())
	if a := rs[9].Related; a.SimilarCount != 9 || len(a.Similar) != 8 || a.SimilarPeriod != 5*time.Second || a.Similar[0].Stream != 1 || !a.OtherDir {
		t.Errorf("%+v", a)
	}
	if a := rs[2].Related; a.SimilarCount != 2 || a.SimilarPeriod != 5*time.Second {
		t.Errorf("%+v", a)
	}
	if a := rs[1].Related; a.SimilarCount != 1 || a.SimilarPeriod != 0 {
		t.Errorf("%+v", a)
	}
}

func TestSenderTTL(t *testing.T) {
	var b strings.Builder
	for i := range 5 {
		fmt.Fprintf(&b, "conn %d\n< ttl 57\n0 > S 0\n+0.01 < S. 0 ack 1\n+0 > . 1 ack 1\n", i)
	}
	b.WriteString("conn 9\n1 > S 0\n+0.01 < R. =0 ack 1 ttl 200")
	if a := resets(t, b.String())[0].Related; a.SenderTTL != 57 || a.SenderTTLMin != 57 || a.SenderTTLMax != 57 || a.SenderReaction != 10*time.Millisecond || a.SenderTTLSeen.Frame != 2 {
		t.Errorf("%+v", a)
	}
}

func TestICMPNotes(t *testing.T) {
	rs := resets(t, "0 > S 0\n+0.1 icmp 3/13 from 203.0.113.5 quotes > syn\n+0.1 > S 0\n+0.1 < R. =0 ack 1\n+1 icmp 3/4 from 203.0.113.6 quotes > mtu 1300")
	n := rs[0].Related.ICMP
	if len(n) != 2 || n[0].Frame != 2 || n[0].From.String() != "203.0.113.5:0" || n[0].Code != 13 || !n[0].QuotedSYN || n[0].Stream != 0 || n[1].MTU != 1300 {
		t.Errorf("%+v", n)
	}
	if n[0].Src != rs[0].Conn.Ends[0].Addr || n[0].Dst != rs[0].Conn.Ends[1].Addr {
		t.Errorf("quoted %v > %v", n[0].Src, n[0].Dst)
	}
	tab := track.NewTable(track.TableOptions{}, nil)
	if got := tab.AddICMP(n[0]); got != -1 {
		t.Errorf("stream %d of a connection that is not there", got)
	}
}
