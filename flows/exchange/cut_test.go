package exchange

import "testing"

// TestCutRecords: two bytes of each payload are captured. Records' types are enough to know TLS; a version that is none is
// not TLS.
func TestCutRecords(t *testing.T) {
	say := func(major byte) Summary {
		var s State
		names := &Names{}
		for i, seg := range []struct {
			side int
			kind byte
			size uint32
		}{{0, 0x16, 112}, {1, 0x16, 969}, {0, 0x16, 358}, {1, 0x16, 282}, {0, 0x17, 69}, {1, 0x17, 69}, {1, 0x15, 69}} {
			s.Say(names, seg.side, i+1, int64(i)*1e6, []byte{seg.kind, major}, seg.size)
		}
		return s.Summary(names)
	}
	if x := say(3); !x.TLS || x.CloseNotify[1] != 7 || x.Waiting[0] != 0 || !x.Guess {
		t.Errorf("cut TLS: %+v", x)
	}
	if x := say(4); x.TLS {
		t.Errorf("taken for TLS: %+v", x)
	}
}

// TestCutAnywhere: the capture of a segment ends anywhere, in whatever protocol: nothing is read behind its end.
func TestCutAnywhere(t *testing.T) {
	cuts := 0
	for _, s := range append(seeds[:len(seeds):len(seeds)], "> $ch12\n< $sh12", "> $ch13\n< $sh13", tls12Hello, tls13Hello) {
		segments := s.segments(t)
		for cut, g := range segments {
			for n := range min(len(g.data), 600) {
				names, st := NewNames(), new(State)
				for i, g := range segments {
					payload := g.data[:len(g.data):len(g.data)]
					if i == cut {
						payload = payload[:n:n]
					}
					switch now := int64(i) * 1e6; {
					case g.lost > 0:
						st.Lost(g.side, uint32(g.lost))
					case g.fin:
						st.Fin(g.side, now)
					default:
						st.Say(names, g.side, i+1, now, payload, uint32(len(g.data)))
					}
				}
				checkSummary(t, st.Summary(names))
				cuts++
			}
		}
	}
	if cuts < 3000 {
		t.Errorf("only %d cuts were tried", cuts)
	}
}
