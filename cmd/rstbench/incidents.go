package main

import (
	"cmp"
	"slices"
	"time"
)

// What a capture of the kind "incidents" holds, beside ordinary connections: few things that happened, and thousands of
// resets.
const (
	scannedPorts = 13_500
	probes       = 60 // health checks, one every second
	cutConns     = 40 // connections of a service that goes away
	refusals     = 120
	strays       = 12 // late segments of services that have closed
	away         = 20 * time.Second
)

// A played is one packet of a plan.
type played struct {
	at    time.Duration
	c     *conn
	side  int
	flags uint8
	data  []byte
}

// A plan is packets in any order; the generator writes them in that of their times.
type plan struct {
	g       *generator
	packets []played
}

func (p *plan) add(at time.Duration, c *conn, side int, flags uint8, data []byte) {
	p.packets = append(p.packets, played{at, c, side, flags, data})
}

// conn returns a new connection between two addresses.
func (p *plan) conn(from, to uint32, port uint16) *conn {
	c := p.g.connect()
	c.addr, c.port = [2]uint32{from, to}, [2]uint16{uint16(32768 + p.g.next%28000), port}
	return c
}

const (
	tick = 200 * time.Microsecond // from a segment to its answer

	scanner = 10<<24 | 9
	prober  = 10<<24 | 8
	client  = 10<<24 | 1<<8 // the first of many
	target  = 172<<24 | 16<<16 | 7
	service = 172<<24 | 16<<16 | 8
	checked = 172<<24 | 16<<16 | 9
	others  = 172<<24 | 17<<16
)

// refuse adds the answer of a closed port.
func (p *plan) refuse(at time.Duration, c *conn) {
	c.phase = phaseSYNACK
	p.add(at, c, 1, flagRST|flagACK, nil)
}

// exchange adds a handshake and a whole exchange, and returns when they are over.
func (p *plan) exchange(at time.Duration, c *conn) time.Duration {
	p.open(at, c)
	p.add(at+3*tick, c, 0, flagPSH|flagACK, requestText)
	p.add(at+4*tick, c, 1, flagPSH|flagACK, responseTo(0))
	p.add(at+5*tick, c, 0, flagACK, nil)
	return at + 5*tick
}

// open adds a handshake.
func (p *plan) open(at time.Duration, c *conn) {
	p.add(at, c, 0, flagSYN, nil)
	p.add(at+tick, c, 1, flagSYN|flagACK, nil)
	p.add(at+2*tick, c, 0, flagACK, nil)
}

// incidents plays a port scan, a restart, health checks and strays among ordinary connections.
func (g *generator) incidents() {
	p := &plan{g: g}
	for i := range scannedPorts {
		at := 5*time.Second + time.Duration(i)*3*time.Millisecond
		c := p.conn(scanner, target, uint16(1+i))
		p.add(at, c, 0, flagSYN, nil)
		if i%4500 == 80 { // is open
			p.add(at+tick, c, 1, flagSYN|flagACK, nil)
			p.add(at+2*tick, c, 0, flagACK, nil)
			p.add(at+3*tick, c, 0, flagRST|flagACK, nil)
			continue
		}
		p.refuse(at+tick, c)
	}
	for i := range probes {
		at := time.Duration(i) * time.Second
		c := p.conn(prober, checked, 443)
		p.open(at, c)
		p.add(at+3*tick, c, 0, flagRST|flagACK, nil)
	}
	gone := 20 * time.Second
	for i := range cutConns {
		c := p.conn(client+uint32(i), service, 8080)
		p.exchange(time.Duration(i)*10*time.Millisecond, c)
		at := gone + time.Duration(i)*tick
		p.add(at-50*time.Millisecond, c, 0, flagPSH|flagACK, requestText)
		p.add(at, c, 1, flagRST|flagACK, nil)
	}
	for i := range refusals {
		at := gone + time.Second + time.Duration(i)*(away-2*time.Second)/refusals
		c := p.conn(client+uint32(i%cutConns), service, 8080)
		p.add(at, c, 0, flagSYN, nil)
		p.refuse(at+tick, c)
	}
	for i := range cutConns {
		p.finished(gone+away+time.Duration(i)*10*time.Millisecond, p.conn(client+uint32(i), service, 8080))
	}
	for i := range strays {
		c := p.conn(client+uint32(i), others+uint32(i), 80)
		at := p.finished(time.Duration(i)*4*time.Second, c)
		p.add(at+100*time.Millisecond, c, 0, flagACK, nil)
		p.add(at+100*time.Millisecond+tick, c, 1, flagRST, nil)
	}
	for i := 0; len(p.packets) < g.kind.packets; i++ {
		p.finished(time.Duration(i)*20*time.Millisecond, p.conn(client+uint32(i%200), others+100+uint32(i%9), 443))
	}
	p.play()
}

// play writes the packets in the order of their times.
func (p *plan) play() {
	g := p.g
	slices.SortStableFunc(p.packets, func(a, b played) int { return cmp.Compare(a.at, b.at) })
	for _, x := range p.packets {
		g.now = int64(x.at)
		g.made.Packets++
		if x.flags&flagRST != 0 {
			g.made.Resets++
		}
		g.send(x.c, x.side, x.flags, x.data)
	}
}

// finished adds a connection that is closed in good order, and returns when it is.
func (p *plan) finished(at time.Duration, c *conn) time.Duration {
	at = p.exchange(at, c)
	p.add(at+tick, c, 0, flagFIN|flagACK, nil)
	p.add(at+2*tick, c, 1, flagFIN|flagACK, nil)
	p.add(at+3*tick, c, 0, flagACK, nil)
	return at + 3*tick
}
