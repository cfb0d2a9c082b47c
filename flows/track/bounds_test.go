package track_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// syn is a SYN from client number n.
func syn(n, frame int) flows.Segment {
	s := flows.Segment{Frame: frame, Time: flows.Time(frame) * 1000, Flags: flows.SYN, SEQ: 7, TTL: 64, IPID: uint16(n), WND: 1000}
	s.Src, s.Dst = client(n), flows.Addr{Port: 80}
	s.Dst.IP = [16]byte{10: 0xff, 11: 0xff, 12: 192, 13: 168, 15: 1}
	return s
}

// client is the address of client number n.
func client(n int) flows.Addr {
	return flows.Addr{IP: [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: byte(n >> 24), 14: byte(n >> 16), 15: byte(n >> 8)}, Port: uint16(n&255) + 1024}
}

// answer turns s around.
func answer(s flows.Segment, flags flows.Flags) flows.Segment {
	s.Frame++
	s.Time++
	s.Src, s.Dst = s.Dst, s.Src
	s.SEQ, s.ACK, s.Flags = 0, s.SEQ+1, flags
	return s
}

func TestMaxConnections(t *testing.T) {
	var rs []*flows.Reset
	tab := track.NewTable(track.TableOptions{MaxConnections: 1000}, func(r *flows.Reset) { rs = append(rs, r) })
	frame := 0
	add := func(s flows.Segment) int {
		frame++
		s.Frame, s.Time = frame, flows.Time(frame)*1000
		return tab.Add(&s)
	}
	// Some that are alive, among a flood of half-open ones.
	for n := range 100 {
		s := syn(n, 0)
		add(s)
		add(answer(s, flows.SYN|flows.ACK))
	}
	for n := 100; n < 20000; n++ {
		if got := add(syn(n, 0)); got != n {
			t.Fatalf("stream %d of connection %d", got, n)
		}
	}
	st := tab.Stats()
	if st.Open > 1000 || st.PeakOpen > 1000 || st.Evicted != 19000 || st.Streams != 20000 {
		t.Errorf("%+v", st)
	}
	// The connections on which both sides had spoken are still there.
	for n := range 100 {
		s := syn(n, 0)
		if tab.Lookup(s.Src, s.Dst) == nil {
			t.Errorf("connection %d was evicted before half-open ones", n)
		}
	}
	// A RST on an evicted connection has its stream number, and says what is missing.
	s := answer(syn(150, 0), flows.RST|flows.ACK)
	if got := add(s); got != 150 {
		t.Errorf("stream %d, want 150", got)
	}
	tab.Flush()
	if len(rs) != 1 || !rs[0].Conn.Defects.Has(flows.Evicted) || rs[0].Class != flows.ClassReplyACK || rs[0].Conn.Stream != 150 || rs[0].Side != flows.Responder {
		t.Errorf("%+v", rs)
	}
}

func TestMaxMemory(t *testing.T) {
	const limit = 16 << 20
	tab := track.NewTable(track.TableOptions{MaxMemory: limit}, func(*flows.Reset) {})
	for n := range 400_000 {
		s := syn(n, n+1)
		tab.Add(&s)
	}
	st := tab.Stats()
	if st.Memory > limit*5/4 || st.Evicted == 0 || st.Streams != 400_000 {
		t.Errorf("%+v", st)
	}
}

// What is forgotten does not depend on how far the goroutines are that fill batches and put by what waits.
func TestMaxMemoryBesideBatches(t *testing.T) {
	const clients, each, inBatch = 20_000, 4, 1000
	evicted := func(ahead int) int {
		tab := track.NewTable(track.TableOptions{MaxMemory: 8 << 20}, func(*flows.Reset) {})
		var filled []*track.Batch
		b := tab.NewBatch()
		handOn := func(ahead int) {
			for len(filled) > ahead {
				tab.AddBatch(filled[0])
				filled = filled[1:]
			}
		}
		for n := range clients {
			first := syn(n, each*n+1)
			first.Src.IP[0], first.Dst.IP[0] = 0x20, 0x20
			second := answer(first, flows.SYN|flows.ACK)
			third := answer(second, flows.ACK)
			fourth := third
			fourth.Frame++
			fourth.DataLen, fourth.Payload = 4, []byte("data")
			for _, s := range []flows.Segment{first, second, third, fourth} {
				b.Add(&s)
			}
			if b.Segments() == inBatch {
				b.Defer()
				filled = append(filled, b)
				handOn(ahead)
				b = tab.NewBatch()
			}
		}
		handOn(0)
		return tab.Stats().Evicted
	}
	want := evicted(0)
	if want == 0 {
		t.Fatal("nothing was forgotten")
	}
	for _, ahead := range []int{1, 4, 80} {
		if got := evicted(ahead); got != want {
			t.Errorf("%d batches ahead %d connections are forgotten, else %d", ahead, got, want)
		}
	}
}

// Memory is bounded also when the connections that fill it began as SYN cache entries.
func TestMaxMemoryAfterFlood(t *testing.T) {
	const limit, n = 16 << 20, 200_000
	tab := track.NewTable(track.TableOptions{MaxMemory: limit}, func(*flows.Reset) {})
	most := int64(0)
	for k := range 2 * n {
		s := syn(k%n, k+1)
		if k >= n {
			s = answer(s, flows.SYN|flows.ACK)
		}
		tab.Add(&s)
		if k%1000 == 0 {
			most = max(most, tab.Stats().Memory)
		}
	}
	if st := tab.Stats(); most > limit*5/4 || st.Evicted == 0 {
		t.Errorf("up to %d bytes, %+v", most, st)
	}
}

// Near the bound of memory timelines stay short, as among very many connections.
func TestTimelinesNearTheBound(t *testing.T) {
	const packets = 10
	for _, c := range []struct {
		limit int64
		want  int
	}{{0, packets}, {12 << 20, 1 + 3}} { // the SYN and the last three
		tab := track.NewTable(track.TableOptions{MaxMemory: c.limit}, func(*flows.Reset) {})
		for n := range 50_000 {
			s := syn(n, n+1)
			tab.Add(&s)
		}
		s := syn(60_000, 0)
		for k := range packets {
			s.Frame, s.Time, s.SEQ = 50_001+k, flows.Time(50_001+k)*1000, s.SEQ+1
			tab.Add(&s)
			s.Flags, s.DataLen = flows.ACK, 1
		}
		if got := len(tab.Lookup(s.Src, s.Dst).Events); got != c.want {
			t.Errorf("with %d bytes at most, %d events are known, want %d", c.limit, got, c.want)
		}
	}
}

func TestClosedAreForgottenAndRemembered(t *testing.T) {
	var rs []*flows.Reset
	tab := track.NewTable(track.TableOptions{MaxClosed: 10}, func(r *flows.Reset) { rs = append(rs, r) })
	for n := range 100 {
		s := syn(n, 2*n+1)
		tab.Add(&s)
		r := answer(s, flows.RST|flows.ACK)
		tab.Add(&r)
	}
	if st := tab.Stats(); st.Open > 12 || st.Evicted != 0 {
		t.Errorf("%+v", st)
	}
	// A late segment of a connection that was forgotten keeps its stream, and is CLOSED at both ends.
	late := syn(3, 1000)
	late.Flags, late.SEQ, late.DataLen, late.ACK = flows.ACK, 8, 10, 1
	if got := tab.Add(&late); got != 3 {
		t.Errorf("stream %d", got)
	}
	// And so does the same SYN, but another one starts the next incarnation.
	again := syn(4, 1001)
	if got := tab.Add(&again); got != 4 {
		t.Errorf("stream %d", got)
	}
	again = syn(5, 1002)
	again.SEQ++
	if got := tab.Add(&again); got != 100 {
		t.Errorf("stream %d", got)
	}
	if c := tab.Lookup(again.Src, again.Dst); c.Incarnation != 1 {
		t.Errorf("%+v", c)
	}
	tab.Flush()
	if !rs[0].After.Complete {
		t.Errorf("%+v", rs[0].After)
	}
}

func TestLookahead(t *testing.T) {
	var got []int
	tab := track.NewTable(track.TableOptions{Lookahead: 5}, func(r *flows.Reset) { got = append(got, r.Frame) })
	for n := range 20 {
		s := syn(n, 2*n+1)
		tab.Add(&s)
		r := answer(s, flows.RST|flows.ACK)
		tab.Add(&r)
	}
	if len(got) != 15 {
		t.Errorf("%d handed out", len(got))
	}
	tab.Flush()
	for i, f := range got {
		if f != 2*i+2 {
			t.Fatalf("order %v", got)
		}
	}
	got = nil
	tab = track.NewTable(track.TableOptions{LookaheadTime: 50 * time.Millisecond}, func(r *flows.Reset) { got = append(got, r.Frame) })
	s := syn(1, 1)
	tab.Add(&s)
	r := answer(s, flows.RST|flows.ACK)
	tab.Add(&r)
	s = syn(2, 3)
	s.Time = r.Time + flows.Time(40*time.Millisecond)
	tab.Add(&s)
	if len(got) != 0 {
		t.Error("handed out too early")
	}
	tab.Settle(r.Time + flows.Time(50*time.Millisecond))
	if len(got) != 1 {
		t.Error("not handed out")
	}
}

func TestManyRSTsOnOneConnection(t *testing.T) {
	const many = 5 * 4096 // several times as many as the lookahead and all lists take
	n := 0
	tab := track.NewTable(track.TableOptions{}, func(r *flows.Reset) {
		n++
		if len(r.Prior) > flows.MaxPrior || len(r.After.Events) > flows.MaxAfter || len(r.After.SenderRSTs) > 16 || len(r.Conn.Events) > 27 {
			t.Fatalf("frame %d: a list is not bounded", r.Frame)
		}
		if n == 1 && r.After.SenderRSTCount != 4096 { // as far as the lookahead goes
			t.Errorf("the first counts %d", r.After.SenderRSTCount)
		}
	})
	s := syn(1, 1)
	tab.Add(&s)
	for i := range many {
		r := answer(s, flows.RST|flows.ACK)
		r.Frame, r.Time, r.IPID = i+2, flows.Time(i)*1e6, uint16(i)
		tab.Add(&r)
	}
	tab.Flush()
	if n != many {
		t.Errorf("%d resets", n)
	}
}

// TestNoAllocation holds that segments of open connections cost no allocation.
func TestNoAllocation(t *testing.T) {
	c := newCrowd(100, 1000)
	tab := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
	var s flows.Segment
	for range 100 * 60 {
		c.segment(&s)
		tab.Add(&s)
	}
	if n := testing.AllocsPerRun(20000, func() {
		c.segment(&s)
		tab.Add(&s)
	}); n != 0 {
		t.Errorf("%v allocations per segment", n)
	}
}

// BenchmarkMemory measures the bytes that one open connection costs: a handshake and some data.
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{50_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				runtime.GC()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				c := newCrowd(n, 10)
				tab := track.NewTable(track.TableOptions{MaxConnections: 2_000_000, MaxMemory: 4 << 30}, func(*flows.Reset) {})
				var s flows.Segment
				for range n * 8 {
					c.segment(&s)
					tab.Add(&s)
				}
				c = nil
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/conn")
				b.ReportMetric(float64(tab.Stats().Memory)/float64(n), "counted-B/conn")
				runtime.KeepAlive(tab)
			}
		})
	}
}
