package rules

import (
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
)

// Evidence is one checkable statement: a claim, and its sentence.
type Evidence struct {
	claim.Claim
	Says string
}

// Say adds a claim about the reset's own connection to the evidence, with the frames that it rests on in the order in
// which the claim's kind names them. Frames that are 0, never seen, are left out; a claim all of whose frames are is
// not made. Whether the capture could have shown the opposite of an absence is decided here.
func (f *Finding) Say(c claim.Claim, frames ...int) { f.SayOf(claim.Own, c, frames...) }

// SayOf adds a claim whose frames belong to another connection.
func (f *Finding) SayOf(stream int, c claim.Claim, frames ...int) {
	if c.Stream = stream; !unseen(frames) && f.timed(&c, frames) {
		f.Evidence = append(f.Evidence, f.evidence(c, frames))
	}
}

// Note adds a claim about the reset's own connection that is worth knowing and not about the cause.
func (f *Finding) Note(c claim.Claim, frames ...int) {
	if c.Stream = claim.Own; !unseen(frames) && f.timed(&c, frames) {
		f.Notes = append(f.Notes, f.evidence(c, frames))
	}
}

// timed reports whether c can be claimed of a connection of which the source leaves segments out: time that passes
// there is no silence. A wait in c is then of unknown length.
func (f *Finding) timed(c *claim.Claim, frames []int) bool {
	if !c.Kind.Waits() || f.facts == nil || c.Stream != claim.Own || len(frames) == 0 && c.From == 0 {
		return true
	}
	from, until := c.From, c.Until
	if from == 0 {
		from = frames[0]
	}
	if until == 0 {
		until = f.facts.Frame
	}
	if !f.facts.Conn.Omitted.Within(from, until) {
		return true
	}
	c.Span, c.Every = 0, 0
	return c.Kind.Absence() && c.Kind != claim.Idle && c.Kind != claim.Silent && c.Kind != claim.NoCloseNotify &&
		c.Kind != claim.LastData && c.Kind != claim.LastSegment
}

// unseen reports whether a claim rests on frames of which none was captured: it cannot be made.
func unseen(frames []int) bool {
	for _, n := range frames {
		if n != 0 {
			return false
		}
	}
	return len(frames) > 0
}

// Claims reports whether the evidence holds a claim of this kind that the capture bears out in full.
func (f *Finding) Claims(k claim.Kind) bool {
	return slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return e.Kind == k && !e.Limited })
}

// evidence completes a claim: its frames, its limits and its sentence.
func (f *Finding) evidence(c claim.Claim, frames []int) Evidence {
	start := len(f.room)
	for _, n := range frames {
		if n != 0 {
			f.room = append(f.room, n)
		}
	}
	end := len(f.room)
	c.Frames = f.room[start:end:end]
	c.Limited = c.Limited || c.Kind.Absence() && f.hidden(&c)
	c.HopLimit = (c.Kind == claim.TTLSame || c.Kind == claim.TTLDiffers) && f.facts != nil && f.facts.Snd.Addr.Is6()
	return Evidence{Claim: c, Says: c.Statement()}
}

// impossible reports whether the RST has SYN or FIN set too: a damaged segment, or one that is made to confuse.
func impossible(c *facts.Facts) bool { return c.Flags&(flows.SYN|flows.FIN) != 0 }

// impossibleSure is the highest confidence in what a RST with impossible flags means.
const impossibleSure = 0.5

// sayImpossible says of a RST that its flags are impossible, and whether its sender goes on: then it reset nothing.
func (f *Finding) sayImpossible(c *facts.Facts) {
	if !impossible(c) {
		return
	}
	f.Confidence = min(f.Confidence, impossibleSure)
	f.Remedy = "Nothing to mend at the two hosts: look for what damages or forges packets on the path, or at the " +
		"capture " +
		"point (a checksum that is wrong shows damage)."
	if f.Severity == Error {
		f.Severity = Warning
	}
	f.Say(claim.Claim{Kind: claim.ImpossibleFlags, Side: c.Side, Text: c.Flags.String()}, c.Frame)
	f.Evidence = slices.DeleteFunc(f.Evidence, func(e Evidence) bool {
		return e.Kind == claim.AbortOffset || e.Kind == claim.SEQNotNext // of a number that is as doubtful as the flags
	})
	for i := range c.After.Events {
		e := &c.After.Events[i]
		if e.Side == c.Side && e.DataLen > 0 && e.SEQ == c.SEQ {
			f.Say(claim.Claim{Kind: claim.SendsAfterReset, Side: c.Side, Span: e.Time.Sub(c.Time)}, e.Frame)
			if c.GoesOn().Seen() {
				f.Severity, f.Harm = Info, noEffect
			}
			break
		}
	}
}

// hidden reports whether the capture could have missed what c says is absent.
func (f *Finding) hidden(c *claim.Claim) bool {
	if f.facts == nil {
		return false
	}
	k := f.facts.Conn
	missing := k.Defects.Has(flows.Evicted) || k.Omitted.Count > 0
	for _, side := range c.Kind.Watches(c.Side) {
		e := k.End(side)
		missing = missing || e.Segments == 0 && k.Defects&(flows.OneDirection|flows.NoHandshake) != 0 || e.Missing > 0 ||
			f.facts.MissedAfter(side) || f.facts.MissedByReset(side) > 0
	}
	if c.Kind.NeedsPayload() {
		missing = missing || k.Defects.Has(flows.SnapCut)
	}
	if c.Kind.NeedsBeginning() {
		missing = missing || k.Defects.Has(flows.NoHandshake)
	}
	return missing
}

// icmpClaim returns an ICMP error as a claim.
func icmpClaim(n *flows.ICMPNote) claim.Claim {
	c := claim.Claim{Kind: claim.ICMPError, Text: n.From.AddrPort().Addr().String(),
		Number: uint64(n.Type)<<8 | uint64(n.Code), Expected: uint64(n.MTU)}
	if n.V6 {
		c.Number |= 1 << 16
	}
	if n.QuotedSYN {
		c.What = claim.SYN
	}
	return c
}
