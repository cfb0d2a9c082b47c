package track_test

import (
	"slices"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// A crowd makes segments of many connections that are open at a time: each shakes hands, exchanges
// rounds of request and response, closes, and makes room for another.
type crowd struct {
	at        []int32 // step of each connection
	serial    []uint32
	rounds    int
	random    uint64
	frame     int
	now       flows.Time
	resets    bool
	req, resp []byte
}

func newCrowd(open, rounds int) *crowd {
	c := &crowd{at: make([]int32, open), serial: make([]uint32, open), rounds: rounds, now: 1.7e18}
	for i := range c.serial {
		c.serial[i] = uint32(i)
	}
	c.req = []byte("GET /index.html HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8\r\n\r\n")
	c.resp = []byte("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Type: text/plain\r\n\r\nHello World!")
	return c
}

// segment writes the next segment into s.
func (c *crowd) segment(s *flows.Segment) {
	// In an order without a pattern that the memory could foresee.
	c.random = c.random*6364136223846793005 + 1442695040888963407
	i := int(c.random >> 33 % uint64(len(c.at)))
	c.frame++
	c.now += 1000
	n := c.serial[i]
	client := flows.Addr{Port: uint16(1024 + n%60000)}
	client.IP[10], client.IP[11] = 0xff, 0xff
	client.IP[12], client.IP[13], client.IP[14], client.IP[15] = 10, byte(n>>24), byte(n>>16), byte(n>>8)
	server := flows.Addr{Port: 443}
	server.IP[10], server.IP[11] = 0xff, 0xff
	server.IP[12], server.IP[13], server.IP[14], server.IP[15] = 192, 168, byte(n>>3), byte(n&7)
	iss, irs := flows.Seq(n*2654435761), flows.Seq(n*40503+77)
	*s = flows.Segment{Frame: c.frame, Time: c.now, Flags: flows.ACK, WND: 500, HeaderLen: 32, TTL: 64, IPID: uint16(c.frame), MAC: 1}
	s.Opts.HasTS, s.Opts.TSval = true, uint32(c.now/1e6)
	step := int(c.at[i])
	c.at[i]++
	a, b := uint32(0), uint32(0) // bytes sent by each side so far
	fromServer := false
	switch r := step - 3; {
	case step == 0:
		s.Flags, s.SEQ = flows.SYN, iss
		s.Opts.MSS, s.Opts.HasWScale, s.Opts.WScale = 1460, true, 7
	case step == 1:
		fromServer = true
		s.Flags, s.SEQ, s.ACK = flows.SYN|flows.ACK, irs, iss+1
		s.Opts.MSS, s.Opts.HasWScale, s.Opts.WScale = 1460, true, 7
	case step == 2:
		s.SEQ, s.ACK = iss+1, irs+1
	case r < 4*c.rounds:
		a, b = uint32(r/4*len(c.req)), uint32(r/4*len(c.resp))
		switch r % 4 {
		case 0:
			s.Flags |= flows.PSH
			s.Payload, s.DataLen = c.req, uint32(len(c.req))
		case 1:
			fromServer = true
			a += uint32(len(c.req))
		case 2:
			fromServer = true
			a += uint32(len(c.req))
			s.Flags |= flows.PSH
			s.Payload, s.DataLen = c.resp, uint32(len(c.resp))
		case 3:
			a += uint32(len(c.req))
			b += uint32(len(c.resp))
		}
		if fromServer {
			s.SEQ, s.ACK = irs.Add(1+b), iss.Add(1+a)
		} else {
			s.SEQ, s.ACK = iss.Add(1+a), irs.Add(1+b)
		}
	default:
		a, b = uint32(c.rounds*len(c.req)), uint32(c.rounds*len(c.resp))
		switch r - 4*c.rounds {
		case 0:
			s.Flags |= flows.FIN
			s.SEQ, s.ACK = iss.Add(1+a), irs.Add(1+b)
		case 1:
			fromServer = true
			s.Flags |= flows.FIN
			s.SEQ, s.ACK = irs.Add(1+b), iss.Add(2+a)
		default:
			s.SEQ, s.ACK = iss.Add(2+a), irs.Add(2+b)
			if c.resets && n%10 == 0 {
				s.Flags, s.ACK, s.IPID = flows.RST, 0, 0
				s.Opts = flows.Options{}
			}
			c.at[i], c.serial[i] = 0, n+uint32(len(c.at))
		}
	}
	s.Src, s.Dst = client, server
	if fromServer {
		s.Src, s.Dst = server, client
	}
}

func benchmarkAdd(b *testing.B, open, rounds int, resets bool) {
	c := newCrowd(open, rounds)
	c.resets = resets
	const batch, many = 1 << 12, 64
	segs := make([]flows.Segment, batch*many)
	t := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
	fill := func() (list []*track.Batch) {
		for i := range segs {
			c.segment(&segs[i])
		}
		for some := range slices.Chunk(segs, batch) {
			list = append(list, batchOf(t, some))
		}
		return list
	}
	for range open*6/len(segs) + 1 { // open all connections
		for _, some := range fill() {
			t.AddBatch(some)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		b.StopTimer()
		list := fill()
		b.StartTimer()
		for _, some := range list {
			if n < b.N {
				t.AddBatch(some)
			}
			n += batch
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	b.Run("open=16", func(b *testing.B) { benchmarkAdd(b, 16, 100, false) })
	b.Run("open=16,short", func(b *testing.B) { benchmarkAdd(b, 16, 0, false) })
	b.Run("open=2000", func(b *testing.B) { benchmarkAdd(b, 2000, 6, false) })
	b.Run("open=2000,resets", func(b *testing.B) { benchmarkAdd(b, 2000, 6, true) })
	b.Run("open=100000", func(b *testing.B) { benchmarkAdd(b, 100000, 6, false) })
	b.Run("open=1000000", func(b *testing.B) { benchmarkAdd(b, 1000000, 6, false) })
}
