package track_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

var everywhere = flag.Bool("everywhere", false, "compare ways of tracking on more random conversations")

// seeds returns how many random conversations a test tries: few, or all with -everywhere. A few have each kind of
// segment hundreds of times; FuzzTable looks for what is rarer.
func seeds(few, all uint64) uint64 {
	if *everywhere {
		return all
	}
	if testing.Short() {
		return few / 5
	}
	return few
}

// A talker plays one connection, in good order as far as step does not say otherwise.
type talker struct {
	ends   [2]flows.Addr
	nxt    [2]flows.Seq // SND.NXT
	una    [2]flows.Seq // what the peer has acknowledged
	opened int          // steps of the handshake
	ended  [2]bool      // its FIN was sent
	web    bool         // speaks HTTP, else what nobody knows
	body   int          // bytes of the response to come
	inBody bool
	last   flows.Segment
}

// conversations makes segments of several connections, most of them in good order: the traffic for queues.
func conversations(seed uint64, n int) (out []flows.Segment) {
	r := rand.New(rand.NewPCG(seed, 7))
	now := flows.Time(1.7e18)
	all := make([]*talker, 6)
	for i := range all {
		all[i] = newTalker(r, i)
	}
	for len(out) < n {
		i := r.IntN(len(all))
		now += flows.Time(r.IntN(3_000_000))
		if r.IntN(300) == 0 {
			now += 2e9 // longer than a pause between messages
		}
		s := all[i].step(r)
		s.Frame, s.Time = len(out)+1, now
		if r.IntN(150) == 0 {
			s.Time -= 5_000_000
		}
		out = append(out, s)
		if r.IntN(120) == 0 {
			all[i].nxt = [2]flows.Seq{flows.Seq(r.Uint32()), flows.Seq(r.Uint32())} // the same addresses again
			all[i].una, all[i].opened, all[i].ended, all[i].inBody = all[i].nxt, 0, [2]bool{}, false
		}
	}
	return out
}

func newTalker(r *rand.Rand, i int) *talker {
	k := &talker{ends: [2]flows.Addr{client(i), client(1000)}, web: r.IntN(2) == 0}
	k.ends[1].Port = 443
	if r.IntN(2) == 0 {
		k.ends[0].IP, k.ends[1].IP = k.ends[1].IP, k.ends[0].IP // so that the originator is the tuple's higher end
	}
	k.nxt = [2]flows.Seq{flows.Seq(r.Uint32()), flows.Seq(r.Uint32())}
	k.una = k.nxt
	if r.IntN(4) == 0 {
		k.opened = 3 // the capture begins in the middle
	}
	return k
}

// from makes an empty segment of a side, which acknowledges all.
func (k *talker) from(side int) flows.Segment {
	s := flows.Segment{Src: k.ends[side], Dst: k.ends[1-side], SEQ: k.nxt[side], ACK: k.nxt[1-side], Flags: flows.ACK, WND: 500,
		TTL: uint8(64 - side), HeaderLen: 32, MAC: uint64(1 + side), IPID: uint16(k.nxt[side])}
	s.Opts.HasTS, s.Opts.TSval = true, uint32(k.nxt[side])
	return s
}

// step makes the next segment.
func (k *talker) step(r *rand.Rand) flows.Segment {
	if k.opened < 3 {
		k.opened++
		s := k.from((k.opened - 1) & 1)
		switch k.opened {
		case 1:
			s.Flags, s.ACK = flows.SYN, 0
		case 2:
			s.Flags |= flows.SYN
		}
		if k.opened < 3 {
			s.Opts.MSS, s.Opts.HasWScale, s.Opts.WScale = 1460, true, 7
			k.nxt[k.opened-1]++
		}
		k.last = s
		return s
	}
	side := r.IntN(2)
	s := k.from(side)
	switch odd := r.IntN(100); {
	case odd == 0:
		return k.last // again, or captured twice
	case odd == 1:
		s.Flags = flows.RST | s.Flags&flows.Flags(r.IntN(2)*int(flows.ACK))
		return s
	case odd == 2:
		s.SEQ-- // keep-alive
	case odd == 3:
		s.WND = 0
	case odd == 4:
		s.TTL = 50
	case odd == 5:
		s.MAC = 9
	case odd == 6:
		k.nxt[side] += 100 // the capture has missed them
		s = k.from(side)
	case odd < 10 && !k.ended[side]:
		s.Flags |= flows.FIN
	}
	if k.ended[side] {
		s.Flags &^= flows.FIN
	} else if r.IntN(3) > 0 {
		s.Payload = k.says(r, side)
		s.DataLen = uint32(len(s.Payload))
		if r.IntN(20) == 0 {
			s.Payload = s.Payload[:r.IntN(len(s.Payload)+1)] // cut by the snaplen
		}
	}
	k.nxt[side] = s.End()
	k.ended[side] = k.ended[side] || s.Flags&flows.FIN != 0
	k.last = s
	return s
}

// says returns what a side says next.
func (k *talker) says(r *rand.Rand, side int) []byte {
	switch {
	case !k.web:
		return bytes.Repeat([]byte{byte(r.IntN(256))}, 1+r.IntN([]int{20, 64, 66, 500, 1448}[r.IntN(5)]))
	case side == 0:
		return fmt.Appendf(nil, "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n", 1+r.IntN(80), r.IntN(9))
	case k.body > 0:
		n := min(k.body, 1+r.IntN(1448))
		k.body -= n
		return make([]byte, n)
	}
	k.body = r.IntN(6000)
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", k.body)
}

// TestDeferral holds that it makes no difference whether a segment is followed at once or waits in a queue.
func TestDeferral(t *testing.T) {
	for seed := range seeds(50, 150) {
		segs := conversations(seed, 600)
		want := play(t, track.TableOptions{}, segs, oneByOne)
		for name, how := range map[string]way{"in batches": inBatches, "with a small backlog": deferring} {
			if got := play(t, track.TableOptions{}, segs, how); !bytes.Equal(want, got) {
				t.Fatalf("seed %d: %s gives other results", seed, name)
			}
		}
	}
}

// TestDeferralWaits holds that segments in good order do wait, and that a batch costs no allocation.
func TestDeferralWaits(t *testing.T) {
	notPlain(t)
	c := newCrowd(100, 1000)
	tab := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
	segs := make([]flows.Segment, 1000)
	add := func() {
		for i := range segs {
			c.segment(&segs[i])
		}
		tab.AddBatch(batchOf(tab, segs))
	}
	for range 500 { // until the ring is full
		add()
	}
	if n := testing.AllocsPerRun(100, add); n != 0 {
		t.Errorf("%v allocations per batch of %d segments", n, len(segs))
	}
	if n := tab.Deferred(); n < 100 {
		t.Errorf("%d segments wait in journals", n)
	}
}

// TestBacklogGrows holds that the ring is as large as what waits asks for: that of few connections stays small, those
// of many are not given to the table before they are full, and what waits for long does not make it grow all the
// time.
func TestBacklogGrows(t *testing.T) {
	notPlain(t)
	if testing.Short() {
		t.Skip("tracks millions of segments")
	}
	const few = 4 << 12 // units
	for _, c := range []struct{ open, rounds, batches, least, most int }{
		{1, 1 << 20, 200, 25, few},
		{100, 1 << 20, 200, 25, few},
		{10000, 1 << 20, 900, 28, 64 * few},
		{100, 1000, 1000, 25, 8 * few}, // some hundred closed connections wait to be forgotten
		{20, 10, 300, 25, 24 * few},    // some thousand
	} {
		crowd := newCrowd(c.open, c.rounds)
		tab := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
		segs := make([]flows.Segment, 1000)
		waited := 0
		for i := range 2 * c.batches {
			for k := range segs {
				crowd.segment(&segs[k])
			}
			tab.AddBatch(batchOf(tab, segs))
			if i >= c.batches {
				waited += tab.Deferred()
			}
		}
		if n := waited / c.batches / c.open; n < c.least {
			t.Errorf("%d connections open: %d segments of each wait on average, want %d at least", c.open, n, c.least)
		}
		if n := tab.Backlog(); n > c.most {
			t.Errorf("%d connections open: the backlog has %d units, want %d at most", c.open, n, c.most)
		}
	}
}
