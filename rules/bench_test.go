package rules

import (
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/wire"
)

// benchScripts are the commonest kinds.
var benchScripts = []script{openingScripts[0], closingScripts[1], closingScripts[3], decisionScripts[4], lostScripts[3]}

// BenchmarkExplain measures what one reset costs.
func BenchmarkExplain(b *testing.B) {
	for _, s := range benchScripts {
		b.Run(s.rule, func(b *testing.B) {
			resets, err := wire.Resets(s.hit)
			if err != nil {
				b.Fatal(err)
			}
			var r flows.Reset = *resets[len(resets)-1]
			e := NewEngine(Options{})
			b.ReportAllocs()
			for i := range b.N {
				k := *r.Conn
				k.Stream = i
				again := r
				again.Conn = &k
				e.Explain(&again)
			}
		})
	}
}
