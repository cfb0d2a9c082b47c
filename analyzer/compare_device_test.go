package analyzer

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules"
)

// places are captures at client and server, written packet by packet with one clock.
type places struct {
	t              *testing.T
	client, server *writtenCapture
	now            time.Time
	id             uint16
}

func writePlaces(t *testing.T) *places {
	return &places{t: t, client: writeCapture(t, "client"), server: writeCapture(t, "server"), now: time.Unix(1_700_000_000, 0), id: 9000}
}

// at writes a packet as one place has it.
func (x *places) at(c *writtenCapture, after time.Duration, id uint16, p tcpPacket) {
	c.at, c.id = x.now.Add(after), id-1
	c.add(0, p)
}

// pass writes a packet as its sender's host has it, and 3 ms later as the other end has it.
func (x *places) pass(fromClient bool, sent, came tcpPacket) {
	x.id++
	here, there := x.client, x.server
	if !fromClient {
		here, there = there, here
	}
	sent.ttl, came.ttl = 64, 61
	x.at(here, 0, x.id, sent)
	x.at(there, 3*time.Millisecond, x.id, came)
	x.now = x.now.Add(20 * time.Millisecond)
}

func (x *places) compare() *report.Comparison {
	x.t.Helper()
	points := []VantagePoint{{"client", []string{x.client.path}}, {"server", []string{x.server.path}}}
	c, err := Compare(context.Background(), points, Options{})
	if err != nil {
		x.t.Fatal(err)
	}
	return c
}

// one returns the only RST of a comparison.
func (x *places) one(c *report.Comparison) *report.SharedReset {
	x.t.Helper()
	if len(c.Resets) != 1 {
		for i := range c.Resets {
			x.t.Logf("%v %s", c.Resets[i].Seen, c.Resets[i].Says)
		}
		x.t.Fatalf("%d entries", len(c.Resets))
	}
	return &c.Resets[0]
}

const (
	theClient = "10.0.0.5:40000"
	theServer = "192.0.2.9:8443"
)

// A SYN proxy accepts connections in the server's name, and changes the numbers and timestamps of what the server sends.
func TestCompareSYNProxy(t *testing.T) {
	const ms = time.Millisecond
	x := writePlaces(t)
	const shift, ahead = 70_000, 900_000 // what the device adds to the server's numbers and timestamps
	x.at(x.client, 0, 500, tcpPacket{from: theClient, to: theServer, flags: "S", seq: 1000, ttl: 64, stamp: 40})
	x.at(x.client, 2*ms, 1, tcpPacket{from: theServer, to: theClient, flags: "SA", seq: 5000 + shift, ack: 1001, ttl: 62, stamp: 7 + ahead})
	x.at(x.client, 2*ms, 501, tcpPacket{from: theClient, to: theServer, flags: "A", seq: 1001, ack: 5001 + shift, ttl: 64, stamp: 42})
	x.at(x.server, 5*ms, 2, tcpPacket{from: theClient, to: theServer, flags: "S", seq: 1000, ttl: 62, stamp: 40})
	x.at(x.server, 5*ms, 3, tcpPacket{from: theServer, to: theClient, flags: "SA", seq: 5000, ack: 1001, ttl: 64, stamp: 12})
	x.at(x.server, 9*ms, 4, tcpPacket{from: theClient, to: theServer, flags: "A", seq: 1001, ack: 5001, ttl: 62, stamp: 42})
	x.now = x.now.Add(30 * ms)
	for i := range uint32(6) {
		ask, answer := strings.Repeat("q", 50), strings.Repeat("a", 80)
		x.pass(true, tcpPacket{from: theClient, to: theServer, flags: "PA", seq: 1001 + 50*i, ack: 5001 + shift + 80*i, data: ask, stamp: 80 + 40*i},
			tcpPacket{from: theClient, to: theServer, flags: "PA", seq: 1001 + 50*i, ack: 5001 + 80*i, data: ask, stamp: 80 + 40*i})
		x.pass(false, tcpPacket{from: theServer, to: theClient, flags: "PA", seq: 5001 + 80*i, ack: 1051 + 50*i, data: answer, stamp: 70 + 40*i},
			tcpPacket{from: theServer, to: theClient, flags: "PA", seq: 5001 + shift + 80*i, ack: 1051 + 50*i, data: answer, stamp: ahead + 65 + 40*i})
	}
	x.pass(false, tcpPacket{from: theServer, to: theClient, flags: "RA", seq: 5481, ack: 1301}, tcpPacket{from: theServer, to: theClient,
		flags: "RA", seq: 5001 + shift, ack: 1301})
	c := x.compare()
	r := x.one(c)
	if len(r.Seen) != 2 || !r.Proven || r.MadeAt != "server" || r.Origin != rules.OriginEndpoint {
		t.Errorf("seen %v, made at %s, origin %s, proven %v: %s", r.Seen, r.MadeAt, r.Origin, r.Proven, r.Says)
	}
	for _, s := range c.Stretches {
		if s.Data > 0 {
			t.Errorf("%d segments with data did not get from %s to %s", s.Data, s.From, s.To)
		}
	}
	if k := c.Vantages[1]; k.Uncertainty == nil || *k.Uncertainty > 10 {
		t.Errorf("the clocks are not known from both directions")
	}
}

// A SYN proxy accepts a connection that the server refuses: the server's RST reaches the client with the numbers of the
// connection that is open there.
func TestCompareSYNProxyRefused(t *testing.T) {
	const ms = time.Millisecond
	for _, v := range []struct {
		name    string
		ttl     uint8
		entries int
	}{{"the server's RST, altered", 61, 1}, {"a RST of the device itself", 64, 2}} {
		t.Run(v.name, func(t *testing.T) {
			x := writePlaces(t)
			for i := range uint32(8) { // another connection shows the clocks
				p := tcpPacket{from: "10.0.0.5:40001", to: theServer, flags: "PA", seq: 100 + 10*i, ack: 900 + 10*i, data: "0123456789"}
				x.pass(true, p, p)
				p = tcpPacket{from: theServer, to: "10.0.0.5:40001", flags: "PA", seq: 900 + 10*i, ack: 110 + 10*i, data: "abcdefghij"}
				x.pass(false, p, p)
			}
			x.at(x.client, 0, 500, tcpPacket{from: theClient, to: "192.0.2.9:81", flags: "S", seq: 77000, ttl: 64, stamp: 40})
			x.at(x.client, 2*ms, 1, tcpPacket{from: "192.0.2.9:81", to: theClient, flags: "SA", seq: 333000, ack: 77001, ttl: 64, stamp: 7})
			x.at(x.client, 2*ms, 501, tcpPacket{from: theClient, to: "192.0.2.9:81", flags: "A", seq: 77001, ack: 333001, ttl: 64, stamp: 42})
			x.at(x.server, 5*ms, 2, tcpPacket{from: theClient, to: "192.0.2.9:81", flags: "S", seq: 77000, ttl: 62, stamp: 40})
			x.at(x.server, 5*ms, 0, tcpPacket{from: "192.0.2.9:81", to: theClient, flags: "RA", ack: 77001, ttl: 64})
			x.at(x.client, 8*ms, 0, tcpPacket{from: "192.0.2.9:81", to: theClient, flags: "RA", seq: 333001, ack: 77001, ttl: v.ttl})
			x.now = x.now.Add(100 * ms)
			p := tcpPacket{from: "10.0.0.5:40001", to: theServer, flags: "PA", seq: 180, ack: 980, data: "0123456789"}
			x.pass(true, p, p)
			c := x.compare()
			if len(c.Resets) != v.entries {
				t.Fatalf("%d entries", len(c.Resets))
			}
			for i := range c.Resets {
				if r := &c.Resets[i]; (len(r.Seen) == 2) != (v.entries == 1) || r.At == "server" && !strings.Contains(r.Says, "SYN proxy") {
					t.Errorf("%v: %s", r.Seen, r.Says)
				}
			}
		})
	}
}

// NAT that lost its state gives the next packet another port: the connection goes on, and the RST that the server sends
// is one.
func TestCompareOtherPort(t *testing.T) {
	for _, v := range []struct {
		name    string
		id      uint16 // by how much the IP ID behind NAT differs
		entries int
	}{{"the same packet", 0, 1}, {"another packet with these numbers", 77, 2}} {
		t.Run(v.name, func(t *testing.T) {
			x := writePlaces(t)
			const before, after = "198.51.100.1:31000", "198.51.100.1:22722"
			both := func(fromClient bool, port string, p tcpPacket) {
				q := p
				if p.from, p.to, q.from, q.to = theClient, theServer, port, theServer; !fromClient {
					p.from, p.to, q.from, q.to = theServer, port, theServer, theClient
				}
				x.pass(fromClient, p, q)
			}
			both(true, before, tcpPacket{flags: "S", seq: 1000})
			both(false, before, tcpPacket{flags: "SA", seq: 5000, ack: 1001})
			both(true, before, tcpPacket{flags: "A", seq: 1001, ack: 5001})
			for i := range uint32(5) {
				both(true, before, tcpPacket{flags: "PA", seq: 1001 + 50*i, ack: 5001 + 80*i, data: strings.Repeat("q", 50)})
				both(false, before, tcpPacket{flags: "PA", seq: 5001 + 80*i, ack: 1051 + 50*i, data: strings.Repeat("a", 80)})
			}
			x.now = x.now.Add(600 * time.Second)
			p := tcpPacket{from: theClient, to: theServer, flags: "PA", seq: 1251, ack: 5401, data: strings.Repeat("q", 50), ttl: 64}
			x.at(x.client, 0, 7777, p)
			p.from, p.ttl = after, 61
			x.at(x.server, 3*time.Millisecond, 7777+v.id, p)
			x.now = x.now.Add(4 * time.Millisecond)
			both(false, after, tcpPacket{flags: "R", seq: 5401})
			c := x.compare()
			if len(c.Resets) != v.entries {
				t.Fatalf("%d entries", len(c.Resets))
			}
			r := &c.Resets[0]
			if told := strings.Contains(r.Says, "another port"); v.entries == 1 && (!told || !r.Proven || r.MadeAt != "server" || len(r.Seen) != 2) {
				t.Errorf("seen %v, made at %s, proven %v: %s", r.Seen, r.MadeAt, r.Proven, r.Says)
			}
		})
	}
}

// One client that sends the same request on two connections is no proxy.
func TestCompareSameClientTwice(t *testing.T) {
	client, server := writeCapture(t, "client"), writeCapture(t, "server")
	const ask = "GET /item HTTP/1.1\r\nHost: shop\r\nUser-Agent: t\r\n\r\n"
	for _, c := range []*writtenCapture{client, server} {
		c.id = 500
		c.exchange("10.1.0.5:40000", "10.2.0.7:443", 1_000_000, ask)
		c.exchange("10.1.0.5:40001", "10.2.0.7:443", 2_000_000, ask)
		server.at = server.at.Add(3 * time.Millisecond)
	}
	c, err := Compare(context.Background(), []VantagePoint{{"client", []string{client.path}}, {"server", []string{server.path}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Connections.Paired != 2 || c.Connections.Relayed != 0 {
		t.Errorf("%d connections are paired, %d relayed", c.Connections.Paired, c.Connections.Relayed)
	}
}

// A SYN that does not reach the server was refused by a device, or by another host to which NAT sent it: only a RST that
// has passed no router is a device's for sure.
func TestCompareRefusedElsewhere(t *testing.T) {
	for _, v := range []struct {
		name   string
		ttl    uint8
		proven bool
	}{{"as far away as the server", 61, false}, {"on the client's link", 64, true}} {
		t.Run(v.name, func(t *testing.T) {
			x := writePlaces(t)
			for i := range uint32(12) {
				p := tcpPacket{from: theClient, to: theServer, flags: "PA", seq: 100 + 10*i, ack: 900 + 10*i, data: "0123456789"}
				x.pass(true, p, p)
				p = tcpPacket{from: theServer, to: theClient, flags: "PA", seq: 900 + 10*i, ack: 110 + 10*i, data: "abcdefghij"}
				x.pass(false, p, p)
				if i == 6 {
					x.at(x.client, 0, 300, tcpPacket{from: "10.0.0.5:40009", to: "192.0.2.9:81", flags: "S", seq: 4000, ttl: 64})
					x.at(x.client, 6*time.Millisecond, 0, tcpPacket{from: "192.0.2.9:81", to: "10.0.0.5:40009", flags: "RA", ack: 4001, ttl: v.ttl})
					x.now = x.now.Add(10 * time.Millisecond)
				}
			}
			r := x.one(x.compare())
			if r.Origin != rules.OriginMiddlebox || r.Proven != v.proven || r.Detail != "policy-reject" || (r.Confidence > 0.9) != v.proven {
				t.Errorf("origin %s, proven %v, %s %.2f: %s", r.Origin, r.Proven, r.Detail, r.Confidence, r.Says)
			}
			if strings.Contains(r.Says, "another host") == v.proven {
				t.Error(r.Says)
			}
		})
	}
}

// Data that is lost for good after a silence, on a path that had let the connection through, shows state that expired.
func TestCompareDroppedAfterSilence(t *testing.T) {
	x := writePath(t, 4*time.Millisecond)
	x.open()
	x.send(true, "PA", 1001, 5001, strings.Repeat("q", 50), false, 30*time.Millisecond)
	x.send(false, "PA", 5001, 1051, strings.Repeat("a", 80), false, 30*time.Millisecond)
	x.send(true, "A", 1051, 5081, "", false, 310*time.Second)
	for range 4 {
		x.send(true, "PA", 1051, 5081, strings.Repeat("q", 50), true, 700*time.Millisecond)
	}
	x.send(true, "RA", 1101, 5081, "", true, time.Second)
	x.send(false, "FA", 5081, 1051, "", true, time.Second)
	c := x.compare(t)
	if len(c.Resets) != 1 || !strings.Contains(c.Resets[0].Says, "of silence") {
		t.Errorf("%d entries: %s", len(c.Resets), c.Resets[0].Says)
	}
}

// A RST that comes over the loopback interface of its receiver's host is of that host's firewall, if its sender is behind
// routers.
func TestCompareRejectedOnLoopback(t *testing.T) {
	for _, v := range []struct {
		name   string
		mac    byte // last byte of the RST's Ethernet source
		madeAt string
	}{{"over the loopback interface", 0, "client"}, {"from the link", 9, "between client and server"}} {
		t.Run(v.name, func(t *testing.T) {
			x := writePlaces(t)
			both := func(fromClient bool, p tcpPacket) {
				if p.from, p.to = theClient, theServer; !fromClient {
					p.from, p.to = p.to, p.from
				}
				x.pass(fromClient, p, p)
			}
			both(true, tcpPacket{flags: "S", seq: 1000})
			both(false, tcpPacket{flags: "SA", seq: 5000, ack: 1001})
			both(true, tcpPacket{flags: "A", seq: 1001, ack: 5001})
			for i := range uint32(5) {
				both(true, tcpPacket{flags: "PA", seq: 1001 + 50*i, ack: 5001 + 80*i, data: strings.Repeat("q", 50)})
				both(false, tcpPacket{flags: "PA", seq: 5001 + 80*i, ack: 1051 + 50*i, data: strings.Repeat("a", 80)})
			}
			x.client.mac = [6]byte{0, 0, 0, 0, 0, v.mac}
			x.at(x.client, 0, 0, tcpPacket{from: theServer, to: theClient, flags: "R", seq: 5401, ttl: 64})
			x.client.mac = [6]byte{2, 0, 0, 0, 0, 1}
			x.now = x.now.Add(300 * time.Millisecond)
			both(false, tcpPacket{flags: "FA", seq: 5401, ack: 1251})
			both(true, tcpPacket{flags: "R", seq: 1251})
			c := x.compare()
			if r := &c.Resets[0]; r.MadeAt != v.madeAt || !r.Proven || r.Origin != rules.OriginMiddlebox ||
				strings.Contains(r.Remedy, "own host") != (v.mac == 0) {
				t.Errorf("made at %s, proven %v: %s %s", r.MadeAt, r.Proven, r.Says, r.Remedy)
			}
		})
	}
}
