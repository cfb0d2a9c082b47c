package vantage

import (
	"net/netip"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// Duplicate ACKs that arrive in another order are told apart by their IP IDs and timestamps: none was lost.
func TestReorderedACKs(t *testing.T) {
	client, server := flows.AddrFrom(netip.MustParseAddrPort("192.0.2.1:40000")), flows.AddrFrom(netip.MustParseAddrPort("198.51.100.1:80"))
	const ms = int64(time.Millisecond)
	type packet struct {
		at       [2]int64 // in milliseconds, at client and server
		back     bool
		flags    flows.Flags
		seq, ack flows.Seq
		len      uint32
		ipid     uint16
		ts       uint32
	}
	list := []packet{
		{at: [2]int64{0, 5}, flags: flows.SYN, seq: 1000, ipid: 1, ts: 1},
		{at: [2]int64{10, 5}, back: true, flags: flows.SYN | flows.ACK, seq: 9000, ack: 1001, ts: 1},
		{at: [2]int64{11, 16}, flags: flows.ACK, seq: 1001, ack: 9001, ipid: 2, ts: 2},
		{at: [2]int64{12, 17}, flags: flows.ACK, seq: 1001, ack: 9001, len: 100, ipid: 3, ts: 3},
	}
	for i := range int64(4) { // the same ACK four times, of which the client gets the last one first
		list = append(list, packet{at: [2]int64{40 - 2*i, 20 + i}, back: true, flags: flows.ACK, seq: 9001, ack: 1001,
			ipid: uint16(50 + i), ts: uint32(30 + i)})
	}
	var points []Vantage
	for v, name := range []string{"client", "server"} {
		r := NewRecorder(0)
		var order []packet
		for at := range int64(60) {
			for _, p := range list {
				if p.at[v] == at {
					order = append(order, p)
				}
			}
		}
		for i, p := range order {
			s := flows.Segment{Frame: i + 1, Time: flows.Time(1e9 + p.at[v]*ms), Src: client, Dst: server, SEQ: p.seq, ACK: p.ack,
				DataLen: p.len, Flags: p.flags, IPID: p.ipid, TTL: 64}
			if p.back {
				s.Src, s.Dst = server, client
			}
			if p.back != (v == 1) {
				s.TTL--
			}
			s.Opts.HasTS, s.Opts.TSval = true, p.ts
			r.Add(&s)
		}
		r.Finish()
		points = append(points, Vantage{Name: name, Recorder: r})
	}
	c := Compare(points)
	if len(c.Groups) != 1 || c.Groups[0].Vantages() != 2 {
		t.Fatalf("%d connections, not one that is in both captures", len(c.Groups))
	}
	sent := 0
	for _, s := range c.Lost {
		if s.Lost > 0 {
			t.Errorf("from %d to %d: %d of %d are said to be lost", s.From, s.To, s.Lost, s.Sent)
		}
		sent += s.Sent
	}
	if sent < len(list)-2 { // those outside of the other capture's time do not count
		t.Errorf("only %d packets were compared", sent)
	}
}
