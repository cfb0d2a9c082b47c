package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
)

// A Traffic describes a synthetic capture.
type Traffic struct {
	Kind    string
	Packets int // about; connections under way are finished
	Open    int // connections open at a time
	Seed    uint64
}

// A kind is a shape of traffic with its own defaults.
type kind struct {
	name          string
	packets, open int
	exchanges     int // requests of a connection, at most
	request       int // bytes of a request, at most
	full          int // full-size segments of a response, at most
	resets        int // one connection in so many ends with a RST; 0 none
	close         bool
	six           bool // IPv6
}

var kinds = []kind{
	{name: "mixed", packets: 2_700_000, open: 2_000, exchanges: 2, request: 500, full: 8, resets: 10, close: true},
	{name: "small", packets: 10_000_000, open: 2_000, exchanges: 16, request: 50, resets: 50, close: true},
	{name: "mixed6", packets: 2_700_000, open: 2_000, exchanges: 2, request: 500, full: 8, resets: 10, close: true,
		six: true},
	{name: "small6", packets: 10_000_000, open: 2_000, exchanges: 16, request: 50, resets: 50, close: true, six: true},
	{name: "million", packets: 6_000_000, open: 1_000_000, exchanges: 1, request: 50},
	{name: "scan", packets: 2_000_000},
	{name: "incidents", packets: 47_000},
	{name: "repeats", packets: 2_000_000},
}

// kindOf returns the kind of a name.
func kindOf(name string) (kind, error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, fmt.Errorf("unknown kind %q: say one of %v", name, kindNames())
	}
	return kinds[i], nil
}

func kindNames() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// A Made counts what was written.
type Made struct {
	Packets, Connections, Resets int
	Bytes                        int64
}

// String prints the counts on one line.
func (m Made) String() string {
	return fmt.Sprintf("%d packets, %d connections, %d resets, %.2f GB", m.Packets, m.Connections, m.Resets,
		float64(m.Bytes)/1e9)
}

// Write writes the capture as pcapng.
func (t Traffic) Write(out io.Writer) (Made, error) { return t.write(out, func(*writer) {}) }

// write writes the capture with a writer that setUp has prepared.
func (t Traffic) write(out io.Writer, setUp func(*writer)) (Made, error) {
	k, err := kindOf(t.Kind)
	if err != nil {
		return Made{}, err
	}
	if t.Packets > 0 {
		k.packets = t.Packets
	}
	if t.Open > 0 {
		k.open = t.Open
	}
	g := &generator{kind: k, w: newWriter(out, k.six), rnd: rand.New(rand.NewPCG(t.Seed, 0x7273746578706c61)),
		filler: rand.New(rand.NewPCG(t.Seed, 1))}
	setUp(g.w)
	g.run()
	g.made.Bytes = g.w.bytes
	return g.made, g.w.close()
}

// A generator plays many connections at once, one packet of a random one at a time.
type generator struct {
	kind kind
	w    *writer
	rnd  *rand.Rand
	now  int64 // nanoseconds
	next uint32
	made Made

	filler *rand.Rand // for bodies
	body   [1448]byte // of a full-size segment
}

func (g *generator) run() {
	switch g.kind.name {
	case "incidents":
		g.incidents()
		return
	case "repeats":
		g.repeats()
		return
	}
	if g.kind.open == 0 {
		for g.made.Packets < g.kind.packets {
			c := g.connect()
			g.emit(c, 0, flagSYN, nil)
		}
		return
	}
	conns := make([]*conn, 0, g.kind.open)
	for i := 0; i < g.kind.open; i++ {
		conns = append(conns, g.connect())
	}
	if !g.kind.close {
		// Every connection takes its steps in turn, so that all of them are open at the end.
		for step := true; step; {
			step = false
			for _, c := range conns {
				if g.made.Packets < g.kind.packets && g.step(c) {
					step = true
				}
			}
		}
		return
	}
	for len(conns) > 0 {
		i := g.rnd.IntN(len(conns))
		if g.step(conns[i]) {
			continue
		}
		if g.made.Packets < g.kind.packets {
			conns[i] = g.connect()
		} else {
			conns[i] = conns[len(conns)-1]
			conns = conns[:len(conns)-1]
		}
	}
}

// A conn is one connection under way. Side 0 opened it.
type conn struct {
	addr  [2]uint32
	port  [2]uint16
	nxt   [2]uint32 // SND.NXT
	ts    [2]uint32
	left  int // exchanges to come
	full  int // full-size segments of the response's body to come
	phase phase
	end   ending
}

type phase uint8

const (
	phaseSYN phase = iota
	phaseSYNACK
	phaseACK
	phaseRequest
	phaseResponse
	phaseBody
	phaseResponseACK
	phaseClose
	phaseClose2
	phaseClose3
	phaseClose4
	phaseDone
)

type ending uint8

const (
	endFIN        ending = iota // FIN, FIN, ACK
	endAbort                    // active RST after a complete exchange
	endUnread                   // request, active RST of the responder
	endRace                     // FIN of the responder, request, reply-form RST
	endRefused                  // SYN, RST+ACK
	endOpen                     // never ends
	resettingEnds = 4
)

func (g *generator) connect() *conn {
	g.next++
	g.made.Connections++
	n := g.next
	c := &conn{
		addr: [2]uint32{10<<24 | n&0xffff, 172<<24 | 16<<16 | n%500},
		port: [2]uint16{uint16(1024 + n>>16 + uint32(g.rnd.IntN(64))*997), [4]uint16{80, 443, 8080, 5432}[n%4]},
		nxt:  [2]uint32{g.rnd.Uint32(), g.rnd.Uint32()},
		ts:   [2]uint32{g.rnd.Uint32(), g.rnd.Uint32()},
	}
	if g.kind.exchanges > 0 {
		c.left = 1 + g.rnd.IntN(g.kind.exchanges)
	}
	switch {
	case !g.kind.close:
		c.end = endOpen
	case g.kind.resets > 0 && int(n)%g.kind.resets == 0:
		c.end = 1 + ending(g.rnd.IntN(resettingEnds))
	}
	return c
}

var requestText = []byte("GET /items/4711?view=full HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: " +
	"bench/1\r\nAccept: */*\r\n\r\n")

// responseTo returns the head of a response with a body of n bytes.
func responseTo(n int) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Length: %d\r\n\r\n", n)
}

// step plays the next packet of c and reports whether one was left to play.
func (g *generator) step(c *conn) bool {
	switch c.phase {
	case phaseSYN:
		g.emit(c, 0, flagSYN, nil)
		c.phase = phaseSYNACK
	case phaseSYNACK:
		if c.end == endRefused {
			g.emit(c, 1, flagRST|flagACK, nil)
			c.phase = phaseDone
			break
		}
		g.emit(c, 1, flagSYN|flagACK, nil)
		c.phase = phaseACK
	case phaseACK:
		g.emit(c, 0, flagACK, nil)
		c.phase = phaseRequest
	case phaseRequest:
		g.emit(c, 0, flagPSH|flagACK, g.text(requestText, g.kind.request))
		c.left--
		if c.end == endUnread && c.left == 0 {
			c.phase = phaseClose
			break
		}
		c.phase = phaseResponse
	case phaseResponse:
		c.full = 0
		if g.kind.full > 0 {
			c.full = g.rnd.IntN(2 * g.kind.full)
		}
		g.emit(c, 1, flagPSH|flagACK, g.text(responseTo(c.full*len(g.body)), g.kind.request))
		c.phase = phaseBody
	case phaseBody:
		if c.full > 0 {
			g.emit(c, 1, flagACK, g.bodyPart())
			if c.full--; c.full%2 == 1 {
				g.emit(c, 0, flagACK, nil)
			}
			break
		}
		c.phase = phaseResponseACK
		return g.step(c)
	case phaseResponseACK:
		g.emit(c, 0, flagACK, nil)
		c.phase = phaseRequest
		if c.left == 0 {
			c.phase = phaseClose
		}
	case phaseClose, phaseClose2, phaseClose3, phaseClose4:
		return g.finish(c)
	case phaseDone:
		return false
	}
	return true
}

// finish plays the packets that end c.
func (g *generator) finish(c *conn) bool {
	n := int(c.phase - phaseClose)
	c.phase++
	switch c.end {
	case endFIN:
		switch n {
		case 0:
			g.emit(c, 1, flagFIN|flagACK, nil)
			return true
		case 1:
			g.emit(c, 0, flagFIN|flagACK, nil)
			return true
		case 2:
			g.emit(c, 1, flagACK, nil)
			return true
		}
	case endAbort, endUnread:
		if n == 0 {
			g.emit(c, 1, flagRST|flagACK, nil)
			return true
		}
	case endRace:
		switch n {
		case 0:
			g.emit(c, 1, flagFIN|flagACK, nil)
			return true
		case 1:
			g.emit(c, 0, flagPSH|flagACK, g.text(requestText, g.kind.request))
			return true
		case 2:
			g.emit(c, 1, flagRST, nil)
			return true
		}
	}
	c.phase = phaseDone
	return false
}

// text returns t, or a random part of at most limit bytes where the traffic's packets are small.
func (g *generator) text(t []byte, limit int) []byte {
	if limit < len(t) {
		return t[:4+g.rnd.IntN(limit-4)]
	}
	return t
}

// bodyPart returns random bytes, which is what compressed and encrypted bodies look like.
func (g *generator) bodyPart() []byte {
	for i := 0; i < len(g.body); i += 8 {
		binary.NativeEndian.PutUint64(g.body[i:], g.filler.Uint64())
	}
	return g.body[:]
}

func (g *generator) emit(c *conn, side int, flags uint8, data []byte) {
	g.now += int64(1_000 + g.rnd.IntN(20_000))
	g.made.Packets++
	if flags&flagRST != 0 {
		g.made.Resets++
	}
	g.send(c, side, flags, data)
}

// send writes a packet.
func (g *generator) send(c *conn, side int, flags uint8, data []byte) {
	g.w.packet(g.now, c, side, flags, data)
	c.nxt[side] += uint32(len(data))
	if flags&(flagSYN|flagFIN) != 0 {
		c.nxt[side]++
	}
}
