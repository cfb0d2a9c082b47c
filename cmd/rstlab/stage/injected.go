//go:build linux

package stage

import "github.com/rstexplain/rstexplain/cmd/rstlab/wire"

type wireOf struct{ *wire.Wire }

// injectedResets lists the RSTs that the wire forged.
func (w wireOf) injectedResets() []*sending {
	var out []*sending
	for _, in := range w.Injected() {
		f := in.Frame
		if !f.TCP() || f.Flags()&wire.RST == 0 {
			continue
		}
		x := &sending{RST: RST{Time: in.Time, Src: f.Src(), Dst: f.Dst(), SEQ: f.SEQ(), ACK: f.ACK(), Flags: int(f.Flags()),
			Window: int(f.Window()), TTL: int(f.TTL())}}
		x.key = x.RST.key()
		out = append(out, x)
	}
	return out
}
