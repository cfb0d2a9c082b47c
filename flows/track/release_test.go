package track_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// crowdOfResets are segments of connections of which many are reset, with copies of RSTs and with what comes after
// them.
func crowdOfResets(n int) []flows.Segment {
	c := newCrowd(40, 2)
	c.resets = true
	var out []flows.Segment
	for len(out) < n {
		var s flows.Segment
		c.segment(&s)
		out = append(out, s)
		if s.Flags&flows.RST == 0 {
			continue
		}
		if len(out)%3 == 0 { // once more, as on another interface
			s.Domain++
			out = append(out, s)
		}
		if len(out)%2 == 0 {
			s.Flags, s.ACK, s.Domain, s.IPID = flows.ACK, 1, 0, 9
			s.Src, s.Dst = s.Dst, s.Src
			out = append(out, s)
			s.IPID++
			out = append(out, s)
		}
	}
	for i := range out {
		out[i].Frame = i + 1
	}
	return out
}

// each plays segments and hands each reset to f.
func each(segs []flows.Segment, f func(*flows.Reset)) {
	t := track.NewTable(track.TableOptions{Lookahead: 8}, f)
	for i := range segs {
		s := segs[i]
		t.Add(&s)
	}
	t.Flush()
}

// TestRelease: a Reset in the memory of one that was released holds nothing of that one.
func TestRelease(t *testing.T) {
	segs := crowdOfResets(20_000)
	var want []*flows.Reset
	each(segs, func(r *flows.Reset) { want = append(want, r) })
	if len(want) < 100 {
		t.Fatalf("only %d resets", len(want))
	}
	copies := 0
	for range 2 {
		i := 0
		each(segs, func(r *flows.Reset) {
			if r.DuplicateOf != 0 {
				copies++
			}
			if d := cmp.Diff(want[i], r, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("reset at frame %d:\n%s", r.Frame, d)
			}
			// As if its memory had been used for something else, where that is allowed.
			if r.DuplicateOf == 0 && r.After.Duplicates == 0 {
				*r.Conn = flows.Conn{Stream: -1, Events: r.Conn.Events[:cap(r.Conn.Events)]}
				*r = flows.Reset{Conn: r.Conn}
			}
			track.Release(r)
			i++
		})
	}
	if copies < 10 {
		t.Errorf("only %d copies", copies)
	}
}

// BenchmarkReset follows short connections, every tenth of which is reset: with the Resets given back, and without.
// One operation is one reset.
func BenchmarkReset(b *testing.B) {
	for _, emit := range []struct {
		name string
		f    func(*flows.Reset)
	}{{"kept", func(*flows.Reset) {}}, {"released", track.Release}} {
		b.Run(emit.name, func(b *testing.B) {
			c := newCrowd(100, 1)
			c.resets = true
			resets := 0
			t := track.NewTable(track.TableOptions{}, func(r *flows.Reset) { resets++; emit.f(r) })
			b.ReportAllocs()
			for b.Loop() {
				for was := resets; resets == was; {
					var s flows.Segment
					c.segment(&s)
					t.Add(&s)
				}
			}
		})
	}
}
