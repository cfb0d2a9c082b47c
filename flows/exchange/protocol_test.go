package exchange

import "testing"

// TestCandidates holds that a signature which rules out a first byte has no say in what follows it.
func TestCandidates(t *testing.T) {
	seen := 0
	for _, s := range seeds {
		for _, g := range s.segments(t) {
			for n := 1; n <= min(len(g.data), maxSignature); n++ {
				b := g.data[:n]
				for side := range 2 {
					for i := range signatures {
						if v := signatures[i].match(b, side); v != no && candidates[side][b[0]]&(1<<i) == 0 {
							t.Errorf("side %d, %q: %s says %d, and no to its first byte", side, b, protocolNames[signatures[i].proto], v)
						} else if v == yes {
							seen++
						}
					}
				}
			}
		}
	}
	if seen < 1000 {
		t.Errorf("the signatures knew only %d of the texts", seen)
	}
}
