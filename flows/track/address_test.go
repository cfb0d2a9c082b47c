package track_test

import (
	"bytes"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

// elsewhere returns segs with other first bytes in the addresses of all their ends but those that keep says.
func elsewhere(segs []flows.Segment, at int, octet byte, keep func(*flows.Addr) bool) []flows.Segment {
	out := make([]flows.Segment, len(segs))
	for i, s := range segs {
		for _, a := range []*flows.Addr{&s.Src, &s.Dst} {
			if !keep(a) {
				a.IP[at] = octet
			}
		}
		out[i] = s
	}
	return out
}

func none(*flows.Addr) bool { return false }

// TestAliases holds that nothing depends on how long the addresses are, nor on whether they have compressed addresses.
func TestAliases(t *testing.T) {
	server := client(1000).IP
	for seed := range seeds(12, 40) {
		segs := conversations(seed, 600)
		want := play(t, track.TableOptions{}, segs, oneByOne)
		for _, c := range []struct {
			name string
			segs []flows.Segment
			back []string // what makes the addresses those of segs again
		}{
			{name: "IPv6", segs: elsewhere(segs, 0, 0x20, none), back: []string{`"IP":[32,`, `"IP":[0,`}},
			{name: "240.0.0.0/4", segs: elsewhere(segs, 12, 240, none), back: []string{`255,255,240,`, `255,255,10,`}},
			{name: "IPv4 with IPv6", segs: elsewhere(segs, 0, 0x20, func(a *flows.Addr) bool { return a.IP == server }), back: []string{`"IP":[32,`, `"IP":[0,`}},
		} {
			for way, how := range map[string]way{"one by one": oneByOne, "in batches": inBatches, "with a small backlog": deferring, "with two aliases": scarcely, "as embryos": conceiving} {
				got := play(t, track.TableOptions{}, c.segs, how)
				got = bytes.ReplaceAll(got, []byte(c.back[0]), []byte(c.back[1]))
				if !bytes.Equal(want, got) {
					t.Fatalf("seed %d: %s, %s: other results", seed, c.name, way)
				}
			}
		}
	}
}

// Addresses have the same compressed address always, others another one, and no more than may be.
func TestAliasesAreFew(t *testing.T) {
	notPlain(t)
	const limit = 4 << 20
	tab := track.NewTable(track.TableOptions{MaxMemory: limit}, func(*flows.Reset) {})
	for round := range 2 {
		for n := range 10_000 {
			a := client(n << 8)
			a.IP[0] = 0x20
			alias, ok := tab.Compress(&a.IP)
			if want := uint32(240<<24 + n); ok != (n < limit/1024) || ok && alias != want {
				t.Fatalf("round %d, address %d: alias %#x, %v", round, n, alias, ok)
			}
		}
		v4 := client(7)
		if ip, ok := tab.Compress(&v4.IP); !ok || ip != 10<<24 {
			t.Errorf("the IPv4-mapped address 10.0.0.0: %#x, %v", ip, ok)
		}
		tab.AddBatch(tab.NewBatch())
	}
	if m := tab.Stats().Memory; m > limit {
		t.Errorf("%d bytes", m)
	}
}

// Headers that no connection has sent find their connection, and begin one, with and without compressed addresses,
// and whether or not a segment follows them.
func TestAliasesOfHeaders(t *testing.T) {
	for _, aliases := range []int{0, 1, 2, 100} {
		for _, followed := range []bool{true, false} {
			tab := track.NewTable(track.TableOptions{}, func(*flows.Reset) {})
			tab.Aliases(aliases)
			known, unknown := syn(1, 1), syn(300, 3)
			for _, s := range []*flows.Segment{&known, &unknown} {
				s.Src.IP[0], s.Dst.IP[0] = 0x20, 0x20
			}
			b := tab.NewBatch()
			b.Add(&known)
			tab.AddBatch(b)
			quoted := func(s *flows.Segment) int { return tab.AddICMP(flows.ICMPNote{Src: s.Src, Dst: s.Dst, Type: 1}) }
			if n := quoted(&known); n != 0 {
				t.Errorf("%d aliases: the quoted SYN is of stream %d, want 0", aliases, n)
			}
			if n := quoted(&unknown); n != -1 {
				t.Errorf("%d aliases: a SYN that was not seen is of stream %d", aliases, n)
			}
			header := unknown
			after := unknown
			after.Frame = 4
			b = tab.NewBatch()
			b.Number(&header)
			b.AddICMP(flows.ICMPNote{Mark: flows.Mark{Frame: 3}, Src: header.Src, Dst: header.Dst, Type: 1})
			if followed {
				b.Add(&after)
			}
			tab.AddBatch(b)
			if n := quoted(&unknown); n != 1 {
				t.Errorf("%d aliases: the header, quoted, is of stream %d, want 1", aliases, n)
			}
			c := tab.Lookup(after.Src, after.Dst)
			if c == nil || c.Stream != 1 || followed && c.Packets != 1 {
				t.Errorf("%d aliases, followed: %v: %+v", aliases, followed, c)
			}
		}
	}
}
