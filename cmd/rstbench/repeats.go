package main

import "time"

// repeats plays a connection whose server resets it, and whose client goes on sending: each of its segments, half of
// all packets, draws one more RST.
func (g *generator) repeats() {
	p := &plan{g: g}
	c := p.conn(client, service, 8080)
	at := p.exchange(0, c)
	p.add(at+tick, c, 0, flagPSH|flagACK, requestText)
	p.add(at+2*tick, c, 1, flagRST|flagACK, nil)
	for i := 0; len(p.packets) < g.kind.packets; i++ {
		at := at + time.Duration(i)*500*time.Microsecond
		p.add(at+3*tick, c, 0, flagPSH|flagACK, requestText)
		p.add(at+4*tick, c, 1, flagRST, nil)
	}
	p.play()
}
