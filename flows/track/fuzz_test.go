package track_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
	"github.com/rstexplain/rstexplain/flows/wire"
)

// segmentsFrom makes a sequence of segments from the fuzzer's bytes: few addresses and numbers that are near
// each other, so that most segments belong together.
func segmentsFrom(data []byte) []flows.Segment {
	var out []flows.Segment
	now := flows.Time(1.7e18)
	frame := 0
	for len(data) >= 10 {
		b := data[:10]
		data = data[10:]
		frame += 1 + int(b[0]>>6)
		now += flows.Time(int64(int8(b[0]<<2))) << (b[1] & 31)
		s := flows.Segment{Frame: frame, Time: now, Flags: flows.Flags(b[2]) | flows.Flags(b[1]>>7)<<8, TTL: 60 + b[3]&7, IPID: uint16(b[3] >> 3 & 3),
			WND: uint16(b[4]) << (b[4] & 8), HeaderLen: 20, Domain: uint32(b[3] >> 6 & 1)}
		iss := [2]uint32{0xfffffff0, 100}
		from := int(b[5] & 1)
		num := func(v byte, base uint32) flows.Seq {
			if v == 255 {
				return 0
			}
			if v&0xc0 == 0xc0 {
				return flows.Seq(base + uint32(v)<<22)
			}
			return flows.Seq(base + uint32(v))
		}
		s.SEQ, s.ACK = num(b[6], iss[from]), num(b[7], iss[from^1])
		s.DataLen = uint32(b[8])
		if b[8] > 250 {
			s.DataLen = 1 << (b[9] & 31)
		}
		s.Payload = []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if uint32(len(s.Payload)) > s.DataLen {
			s.Payload = s.Payload[:s.DataLen]
		}
		if b[9]&32 != 0 {
			s.Opts.HasTS, s.Opts.TSval = true, uint32(frame)
		}
		if b[9]&64 != 0 {
			s.Opts.HasWScale, s.Opts.WScale = true, b[9]&15
		}
		ends := [2]flows.Addr{client(int(b[5] >> 1 & 3)), client(1000)}
		if b[5]&16 != 0 {
			for i := range ends {
				ends[i].IP[0] = 0x20
			}
			s.V6 = true
		}
		if b[5]&32 != 0 {
			ends[1] = ends[0] // to itself
		}
		s.Src, s.Dst = ends[from], ends[from^1]
		out = append(out, s)
	}
	return out
}

// steps are the transitions of RFC 9293 §3.3.2, and those of an observer: it begins in Unknown, finds out
// late that two FINs crossed, or with the FIN of a side in SYN-RECEIVED that its peer's had arrived, and takes a RST back
// whose sender goes on.
var steps = func() map[[2]flows.State]bool {
	m := map[[2]flows.State]bool{}
	add := func(from flows.State, to ...flows.State) {
		for _, s := range to {
			m[[2]flows.State{from, s}] = true
		}
	}
	add(flows.Listen, flows.SynReceived, flows.SynSent, flows.Closed)
	add(flows.SynSent, flows.SynReceived, flows.Established, flows.Closed, flows.FinWait1, flows.CloseWait)
	add(flows.SynReceived, flows.Established, flows.FinWait1, flows.CloseWait, flows.LastAck, flows.Listen, flows.Closed)
	add(flows.Established, flows.FinWait1, flows.CloseWait, flows.Closed)
	add(flows.FinWait1, flows.FinWait2, flows.Closing, flows.TimeWait, flows.Closed)
	add(flows.FinWait2, flows.TimeWait, flows.Closed)
	add(flows.CloseWait, flows.LastAck, flows.Closing, flows.Closed, flows.TimeWait)
	add(flows.Closing, flows.TimeWait, flows.Closed)
	add(flows.LastAck, flows.Closed, flows.TimeWait)
	add(flows.TimeWait, flows.Closed)
	for s := flows.Unknown; s <= flows.Closed; s++ {
		add(flows.Unknown, s)
		add(flows.Closed, s)
		add(flows.Listen, s)
	}
	return m
}()

// A way is how segments are handed to a table. All ways must give the same.
type way uint8

const (
	oneByOne way = iota
	inBatches
	deferring  // with room for few segments only
	conceiving // with SYN cache entries, whatever is half-open
	scarcely   // in batches, with compressed addresses for two addresses only
)

// batchOf returns a batch of segs.
func batchOf(t *track.Table, segs []flows.Segment) *track.Batch {
	b := t.NewBatch()
	for i := range segs {
		b.Add(&segs[i])
	}
	return b
}

// play runs segments through a table, checks what must always hold, and returns all that came out: the
// resets, as JSON.
func play(t *testing.T, opts track.TableOptions, segs []flows.Segment, how way) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	var wantRST, gotRST []int
	tab := track.NewTable(opts, func(r *flows.Reset) {
		gotRST = append(gotRST, r.Frame)
		if err := encoder.Encode(r); err != nil {
			t.Fatal(err)
		}
		checkConn(t, r.Frame, r.Conn)
		if len(r.Prior) > flows.MaxPrior+1 || len(r.After.Events) > flows.MaxAfter {
			t.Fatal("a list is not bounded")
		}
		if r.Trigger != nil && r.Trigger.Side == r.Side {
			t.Fatalf("frame %d: answers its own side's segment", r.Frame)
		}
		if r.Trigger != nil && r.Trigger.Flags.Has(flows.RST) {
			t.Fatalf("frame %d: answers a RST", r.Frame)
		}
		for _, e := range append(slices.Clone(r.After.Events), flows.Event{Mark: flows.Mark{Frame: math.MaxInt}}) {
			if e.Frame <= r.Frame {
				t.Fatalf("frame %d: frame %d comes after it", r.Frame, e.Frame)
			}
		}
	})
	switch how {
	case inBatches, deferring, conceiving, scarcely:
		switch how {
		case deferring:
			tab.SmallBacklog()
		case conceiving:
			tab.Embryos(0)
		case scarcely:
			tab.Aliases(2)
		}
		for some := range slices.Chunk(segs, 10) { // the first finds an empty table
			tab.AddBatch(batchOf(tab, some))
		}
	}
	for i := range segs {
		s := &segs[i]
		if s.Flags.Has(flows.RST) {
			wantRST = append(wantRST, s.Frame)
		}
		if how == oneByOne {
			before := tab.Lookup(s.Src, s.Dst)
			stream := tab.Add(s)
			c := tab.Lookup(s.Src, s.Dst)
			if c == nil || c.Stream != stream {
				t.Fatalf("frame %d: the connection is not there", s.Frame)
			}
			checkConn(t, s.Frame, c)
			if before != nil && before.Stream == c.Stream {
				checkSteps(t, s.Frame, before, c)
			}
		}
	}
	tab.Flush()
	if !slices.Equal(wantRST, gotRST) {
		t.Fatalf("RSTs %v, resets %v", wantRST, gotRST)
	}
	return out.Bytes()
}

// checkConn holds what must be true of a connection after each segment.
func checkConn(t *testing.T, frame int, c *flows.Conn) {
	t.Helper()
	for k := range c.Ends {
		e := &c.Ends[k]
		if e.HasSND && e.SND.NXT.Less(e.SND.UNA) {
			t.Fatalf("frame %d: %s: SND.UNA %d is behind SND.NXT %d", frame, flows.Side(k), e.SND.UNA, e.SND.NXT)
		}
		for _, r := range []flows.Run{e.Retransmits, e.KeepAlives, e.WndProbes} {
			if len(r.Frames) > flows.MaxRunFrames || r.Count < len(r.Frames) || (r.What == flows.RunNone) != (r.Count == 0) {
				t.Fatalf("frame %d: run %+v", frame, r)
			}
		}
	}
	for k := 1; k < len(c.Events); k++ {
		was, is := &c.Events[k-1], &c.Events[k]
		if is.Frame <= was.Frame {
			t.Fatalf("frame %d: timeline %v", frame, frames(c))
		}
		if is.Time < was.Time && !c.Defects.Has(flows.Reordered) {
			t.Fatalf("frame %d: the time of frame %d is before that of frame %d, and nothing says so", frame, is.Frame, was.Frame)
		}
	}
	if k := c.Ends[0].Segments + c.Ends[1].Segments + c.Ends[0].RSTs + c.Ends[1].RSTs + c.Duplicates; k != c.Packets {
		t.Fatalf("frame %d: %d packets, %d counted", frame, c.Packets, k)
	}
}

// checkSteps holds that a segment takes each side of a connection to a state that it can be taken to.
func checkSteps(t *testing.T, frame int, before, after *flows.Conn) {
	t.Helper()
	for k := range after.Ends {
		was, is := &before.Ends[k], &after.Ends[k]
		if was.Addr == is.Addr && was.State != is.State && !steps[[2]flows.State{was.State, is.State}] {
			t.Fatalf("frame %d: %s: %v became %v", frame, flows.Side(k), was.State, is.State)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("\x01\x11\x02\x00\x10\x00\x00\x00\x00\x00\x01\x11\x12\x00\x10\x01\x00\x01\x00\x00\x01\x11\x10\x00\x10\x00\x01\x01\x00\x00\x01\x11\x18\x00\x10\x00\x01\x01\x20\x00\x01\x11\x04\x00\x00\x01\x01\x00\x00\x00"))
	f.Add([]byte("\x01\x11\x11\x00\x10\x00\x05\x01\x00\x00\x01\x11\x11\x00\x10\x01\x01\x06\x00\x00\x01\x11\x14\x00\x00\x00\x06\x02\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 800)]
		segs := segmentsFrom(data)
		tight := track.TableOptions{MaxConnections: 2, MaxClosed: 1, Lookahead: 2, ShortAbove: 1, LookaheadTime: 1000}
		for _, opts := range []track.TableOptions{{}, {ShortAbove: 3}, tight} {
			want := play(t, opts, segs, oneByOne)
			if !bytes.Equal(want, play(t, opts, segs, inBatches)) {
				t.Fatal("batches give other results")
			}
			if !bytes.Equal(want, play(t, opts, segs, deferring)) {
				t.Fatal("a small backlog gives other results")
			}
			if !bytes.Equal(want, play(t, opts, segs, scarcely)) {
				t.Fatal("wide addresses give other results")
			}
			embryos := play(t, opts, segs, conceiving)
			if opts.MaxConnections == 0 && !bytes.Equal(want, embryos) { // what is evicted may be another
				t.Fatal("embryos give other results")
			}
		}
	})
}

// TestStreamsOfFuzzed compares the stream numbers of random segments with tshark's.
func TestStreamsOfFuzzed(t *testing.T) {
	whole := &wire.Script{}
	var data []byte
	for i := range uint64(400 * 5) {
		x := (i + 1) * 0x9e3779b97f4a7c15
		x ^= x >> 29
		x *= 0xbf58476d1ce4e5b9
		data = binary.LittleEndian.AppendUint64(data, x^x>>32)
	}
	segs := segmentsFrom(data)
	for i := range segs {
		s := &segs[i]
		s.Frame, s.Time = i+1, flows.Time(1.7e18)+flows.Time(i)*1e6
		if s.Src.IP[0] != 0 {
			s.Src.IP[0], s.Dst.IP[0] = 0, 0
			s.Src.IP[14], s.Dst.IP[14] = 66, 66
			s.V6 = false
		}
		s.DataLen = min(s.DataLen, 100)
		whole.Items = append(whole.Items, wire.Item{Segment: s})
	}
	file := filepath.Join(t.TempDir(), "a.pcap")
	if err := os.WriteFile(file, pcapOf(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	want := tsharkStreams(t, file)
	tab := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
	for i := range segs {
		if got := tab.Add(&segs[i]); got != want[i+1] {
			t.Fatalf("frame %d: stream %d, tshark says %d", i+1, got, want[i+1])
		}
	}
}
