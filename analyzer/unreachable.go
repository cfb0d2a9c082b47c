package analyzer

import (
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/words"
)

// unreachables collects the ICMP errors that ended a connection attempt: the application sees a failed connection,
// often a refused one, without a RST.
type unreachables struct {
	kinds  []*unreachable // in the order in which they were met
	by     map[unreachableKey]*unreachable
	others int // of kinds that are not kept
}

type unreachableKey struct {
	from      [16]byte
	dst       flows.Addr
	typ, code uint8
	v6        bool
}

// An unreachable is all ICMP errors of one kind, from one place, about one service.
type unreachable struct {
	unreachableKey
	frames []int // the first ones
	count  int
}

// Bounds on what is kept and named.
const (
	unreachableKinds  = 100
	unreachableFrames = 8
)

// add takes an ICMP error that quotes a TCP segment.
func (u *unreachables) add(n *flows.ICMPNote) {
	if !n.QuotedSYN || !words.Refuses(n.V6, n.Type, n.Code) {
		return
	}
	k := unreachableKey{n.From.IP, n.Dst, n.Type, n.Code, n.V6}
	e := u.by[k]
	if e == nil {
		if len(u.kinds) == unreachableKinds {
			u.others++
			return
		}
		if u.by == nil {
			u.by = map[unreachableKey]*unreachable{}
		}
		e = &unreachable{unreachableKey: k}
		u.by[k] = e
		u.kinds = append(u.kinds, e)
	}
	e.count++
	if len(e.frames) < unreachableFrames {
		e.frames = append(e.frames, n.Frame)
	}
}

// notes lists them, as claims.
func (u *unreachables) notes() []report.Evidence {
	var out []report.Evidence
	for _, e := range u.kinds {
		c := claim.Claim{Kind: claim.ICMPRefused, Text: flows.Addr{IP: e.from}.AddrPort().Addr().String() +
			" > " + e.dst.String(),
			Number: uint64(e.typ)<<8 | uint64(e.code), Count: e.count}
		if e.v6 {
			c.Number |= 1 << 16
		}
		out = append(out, note(&c, e.frames))
	}
	if u.others > 0 {
		out = append(out, note(&claim.Claim{Kind: claim.ICMPRefusedMore, Count: u.others}, []int{}))
	}
	return out
}

// note puts a claim about the capture as a whole into a report.
func note(c *claim.Claim, frames []int) report.Evidence {
	return report.Evidence{Claim: c.Kind.String(), Frames: frames, Says: c.Statement(),
		Values: report.Values{Text: c.Text, Number: c.Number, Count: c.Count}}
}
