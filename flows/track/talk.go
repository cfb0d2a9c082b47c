package track

import "github.com/rstexplain/rstexplain/flows"

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A talk is what is kept of what two applications said. A connection has one from its first data on,
// while there are enough: they are large, so when ShortAbove of them are in use, one that has not been used for
// long goes to another connection, which its own will know (talkLost).
type talk struct {
	state     exchange.State
	firstData [2]stamp
}

// A talk lies in three cache lines: it is touched for all that is heard.
var _ [3 * 64]byte = [unsafe.Sizeof(talk{})]byte{}

// A talker is whose a talk is: the number of the record, and talkUsed.
type talker uint32

// talkUsed is set when a talk is used, and taken off when the hand comes by.
const talkUsed talker = 1 << 31

// talkOf returns the talk of c, made on first use.
func (t *Table) talkOf(c *record) *talk {
	if c.talk == 0 {
		t.takeTalk(c)
	}
	return t.talks.at(c.talk)
}

// takeTalk gives a talk to c, the record that Add works on.
func (t *Table) takeTalk(c *record) {
	if t.talks.live >= t.opts.ShortAbove {
		t.freeTalk()
	}
	c.talk = t.talks.take()
	k := t.talks.at(c.talk)
	for len(t.talkers) <= int(c.talk) {
		t.talkers = append(t.talkers, 0)
	}
	t.talkers[c.talk] = talker(t.current)
	if c.marks&talkLost != 0 {
		k.state.Lost(0, 1)
		k.state.Lost(1, 1)
	}
}

// freeTalk takes back a talk that was not used since the hand came by the last time (the clock of page
// replacement).
func (t *Table) freeTalk() {
	for {
		if t.talkHand++; t.talkHand >= t.talks.top {
			t.talkHand = 1
		}
		k := &t.talkers[t.talkHand]
		if *k&talkUsed != 0 {
			*k &^= talkUsed
			continue
		}
		c := t.conns.at(uint32(*k))
		if c.talk != t.talkHand {
			continue // not in use
		}
		c.talk = 0
		c.marks |= talkLost
		t.talks.give(t.talkHand)
		t.stats.ExchangesLost++
		return
	}
}

// exchangeOf returns what is known of c's exchange.
func (t *Table) exchangeOf(c *record) *exchange.State {
	if c.talk != 0 {
		return &t.talks.at(c.talk).state
	}
	state := &exchange.State{}
	if c.marks&talkLost != 0 {
		state.Lost(0, 1)
		state.Lost(1, 1)
	}
	return state
}

// say hands data of side, n octets of which some may be captured, to the exchange.
func (t *Table) say(c *record, side flows.Side, at stamp, captured []byte, n uint32) {
	k := t.talkOf(c)
	t.talkers[c.talk] |= talkUsed
	if k.firstData[side].frame == 0 && c.marks&talkLost == 0 {
		k.firstData[side] = at
	}
	k.state.Say(t.names, int(side), int(at.frame), int64(at.time()), captured, n)
}
