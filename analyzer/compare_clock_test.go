package analyzer

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules"
)

// twoPlaces writes the captures at both ends of a path.
type twoPlaces struct {
	client, server *writtenCapture
	now            time.Time     // by the client's clock
	delay          time.Duration // of one way
	ahead          time.Duration // the server's clock
	id             uint16
}

func writePath(t testing.TB, delay time.Duration) *twoPlaces {
	return &twoPlaces{client: writeCapture(t, "client"), server: writeCapture(t, "server"),
		now: time.Unix(1_700_000_000, 0), delay: delay, id: 7000}
}

const (
	pathClient = "10.0.0.5:40000"
	pathServer = "192.0.2.9:8443"
)

// send sends a segment, which is lost on the way or not, and lets time pass.
func (x *twoPlaces) send(fromClient bool, flags string, seq, ack uint32, data string, lost bool, wait time.Duration) {
	x.id++
	p := tcpPacket{from: pathClient, to: pathServer, flags: flags, seq: seq, ack: ack, data: data, ttl: 64}
	first, second := x.client, x.server
	sent, came := x.now, x.now.Add(x.delay+x.ahead)
	if !fromClient {
		first, second = second, first
		p.from, p.to = p.to, p.from
		sent, came = x.now.Add(x.ahead), x.now.Add(x.delay)
	}
	first.at, first.id = sent, x.id-1
	first.add(0, p)
	if p.ttl = 60; !lost {
		second.at, second.id = came, x.id-1
		second.add(0, p)
	}
	x.now = x.now.Add(wait)
}

func (x *twoPlaces) compare(t *testing.T) *report.Comparison {
	t.Helper()
	points := []VantagePoint{{"client", []string{x.client.path}}, {"server", []string{x.server.path}}}
	c, err := Compare(context.Background(), points, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Connections.Paired != 1 {
		t.Fatalf("%d connections are paired", c.Connections.Paired)
	}
	return c
}

// open opens the connection.
func (x *twoPlaces) open() {
	const wait = 30 * time.Millisecond
	x.send(true, "S", 1000, 0, "", false, wait)
	x.send(false, "SA", 5000, 1001, "", false, wait)
	x.send(true, "A", 1001, 5001, "", false, wait)
}

// A clock that is set during the capture is told, and no RST is taken for another one on account of it.
func TestCompareClockStep(t *testing.T) {
	for _, step := range []time.Duration{5 * time.Second, -5 * time.Second, 40 * time.Second} {
		t.Run(step.String(), func(t *testing.T) {
			const wait = 30 * time.Millisecond
			x := writePath(t, 4*time.Millisecond)
			x.open()
			seq, ack := uint32(1001), uint32(5001)
			for i := range 40 {
				if i == 20 {
					x.ahead += step
				}
				x.send(true, "PA", seq, ack, strings.Repeat("q", 100+i), false, wait)
				seq += uint32(100 + i)
				x.send(false, "PA", ack, seq, strings.Repeat("a", 300+i), false, wait)
				ack += uint32(300 + i)
			}
			x.send(false, "RA", ack, seq, "", false, wait)
			c := x.compare(t)
			if !slices.ContainsFunc(c.Warnings, func(w report.Warning) bool { return strings.Contains(w.Says, "was set during the capture") }) {
				t.Errorf("no warning says that a clock was set: %+v", c.Warnings)
			}
			for _, r := range c.Resets {
				if r.Origin == rules.OriginMiddlebox || len(r.Seen) != 2 {
					t.Errorf("the RST %v is of %s (proven: %v): %s", r.Seen, r.Origin, r.Proven, r.Says)
				}
			}
		})
	}
}

// No order of packets in two captures is concluded from clocks of which one was set before the first round trip.
func TestCompareClockStepBeforeRoundTrip(t *testing.T) {
	for _, step := range []time.Duration{-3 * time.Second, 3 * time.Second} {
		t.Run(step.String(), func(t *testing.T) {
			const wait = 30 * time.Millisecond
			x := writePath(t, 4*time.Millisecond)
			seq, ack := uint32(1001), uint32(5001)
			send := func(fromClient, lost bool) {
				if fromClient {
					x.send(true, "PA", seq, ack, strings.Repeat("q", 100), lost, wait)
					seq += 100
					return
				}
				x.send(false, "PA", ack, seq, strings.Repeat("a", 200), lost, wait)
				ack += 200
			}
			for range 3 {
				send(true, false)
				send(false, true)
			}
			// The server's RST, which its own capture lacks.
			x.id++
			x.client.at, x.client.id = x.now, x.id
			x.client.add(0, tcpPacket{from: pathServer, to: pathClient, flags: "RA", seq: 5001, ack: seq, ttl: 60})
			x.ahead += step
			for range 20 {
				send(true, false)
				send(false, false)
			}
			c := x.compare(t)
			offset, uncertainty := *c.Vantages[1].Offset, *c.Vantages[1].Uncertainty
			for _, is := range []float64{0, milliseconds(float64(step))} {
				if is < offset-uncertainty || is > offset+uncertainty {
					t.Errorf("the clock is %v ms ± %v ms ahead, and was %v ms", offset, uncertainty, is)
				}
			}
			if !slices.ContainsFunc(c.Warnings, func(w report.Warning) bool { return strings.Contains(w.Says, "was set during the capture") }) {
				t.Errorf("no warning says that a clock was set: %+v", c.Warnings)
			}
			for _, r := range c.Resets {
				for _, k := range r.Shows {
					if k.Claim == "goes-on" || k.Claim == "too-soon" || k.Claim == "never-left" && !k.Limited {
						t.Errorf("%v: %s", r.Seen, k.Says)
					}
				}
			}
		})
	}
}

// A packet that the network delivers twice is one RST.
func TestCompareDuplicatedReset(t *testing.T) {
	x := writePath(t, 4*time.Millisecond)
	x.open()
	for i := range uint32(10) {
		x.send(true, "PA", 1001+i*100, 5001+i*200, strings.Repeat("q", 100), false, 30*time.Millisecond)
		x.send(false, "PA", 5001+i*200, 1101+i*100, strings.Repeat("a", 200), false, 30*time.Millisecond)
	}
	x.send(false, "RA", 7001, 2001, "", false, 0)
	x.client.id--
	x.client.add(8*time.Millisecond, tcpPacket{from: pathServer, to: pathClient, flags: "RA", seq: 7001, ack: 2001, ttl: 60})
	if c := x.compare(t); len(c.Resets) != 1 || len(c.Resets[0].Seen) != 3 || !c.Resets[0].Proven {
		t.Errorf("%d resets: %+v", len(c.Resets), c.Resets[0].Seen)
	}
}

// A RST on a client that sent nothing on the connection is of its own firewall, which rejects what it sends.
func TestCompareRejectedOnHost(t *testing.T) {
	x := writePath(t, 4*time.Millisecond)
	x.open()
	for i := range uint32(10) {
		x.send(true, "PA", 1001+i*100, 5001+i*200, strings.Repeat("q", 100), false, 30*time.Millisecond)
		x.send(false, "PA", 5001+i*200, 1101+i*100, strings.Repeat("a", 200), false, 30*time.Millisecond)
	}
	x.client.at = x.now
	x.client.add(0, tcpPacket{from: "192.0.2.9:8080", to: "10.0.0.5:40001", flags: "RA", seq: 0, ack: 8001, ttl: 64})
	x.now = x.now.Add(100 * time.Millisecond)
	x.send(true, "FA", 2001, 7001, "", false, 30*time.Millisecond)
	c := x.compare(t)
	if len(c.Resets) != 1 {
		t.Fatalf("%d resets", len(c.Resets))
	}
	if r := c.Resets[0]; r.MadeAt != "client" || r.Origin != rules.OriginMiddlebox || r.Proven {
		t.Errorf("made at %s, origin %s, proven %v: %s", r.MadeAt, r.Origin, r.Proven, r.Says)
	}
}

// Large segments that never arrive while small ones do show a smaller MTU on the path.
func TestCompareBlackHole(t *testing.T) {
	for _, v := range []struct {
		name  string
		small bool // segments are lost too
		says  bool
	}{{"large ones alone", false, true}, {"small ones too", true, false}} {
		t.Run(v.name, func(t *testing.T) {
			const wait = 30 * time.Millisecond
			x := writePath(t, 4*time.Millisecond)
			x.open()
			seq, ack := uint32(1001), uint32(5001)
			for range 3 {
				x.send(true, "PA", seq, ack, strings.Repeat("q", 200), false, wait)
				seq += 200
				x.send(false, "PA", ack, seq, strings.Repeat("a", 300), false, wait)
				ack += 300
				x.send(true, "A", seq, ack, "", false, wait)
			}
			if v.small {
				x.send(true, "PA", seq, ack, strings.Repeat("q", 150), true, wait)
				seq += 150
			}
			for _, after := range []time.Duration{300 * time.Millisecond, 600 * time.Millisecond, 1200 * time.Millisecond, time.Second} {
				x.send(true, "A", seq, ack, strings.Repeat("L", 1400), true, after)
			}
			x.send(true, "RA", seq+1400, ack, "", false, wait)
			c := x.compare(t)
			if len(c.Resets) != 1 || len(c.Resets[0].Seen) != 2 || c.Resets[0].Origin != rules.OriginEndpoint {
				t.Fatalf("%+v", c.Resets)
			}
			lost := 0
			says := false
			for _, k := range c.Resets[0].Shows {
				switch k.Claim {
				case "segments-lost":
					lost = k.Count
				case "full-size-lost":
					says = true
					if k.Number != 1400 || k.Expected != 200 {
						t.Errorf("lost from %d bytes on, arrived up to %d", k.Number, k.Expected)
					}
				}
			}
			want := 4
			if v.small {
				want++
			}
			if lost != want {
				t.Errorf("%d segments are said to be lost, not %d", lost, want)
			}
			if says != v.says {
				t.Errorf("that only large ones are lost is said: %v", says)
			}
		})
	}
}
