package rules

import (
	"slices"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// setOrigin says who sent the RST, and by which signs.
func (f *Finding) setOrigin(c *facts.Facts) {
	s := &c.PathSigns
	switch {
	case impossible(c):
		f.Origin = OriginUnknown // its fields are as doubtful as its flags
	case s.Middlebox():
		f.Origin = OriginMiddlebox
		f.sayOrigin(c, s.Against)
	case s.Doubtful():
		f.Origin = OriginUnknown
		f.sayOrigin(c, s.Against)
		f.sayOrigin(c, s.For)
	case !c.Comparable() && len(s.For) == 0:
		f.Origin = OriginUnknown // no other packet of the sender
		f.sayOrigin(c, s.Against)
	default:
		f.Origin = OriginEndpoint
		f.sayOrigin(c, s.For)
	}
}

// correctOrigin replaces an origin that the packets suggest by the known one. The signs for the other one stay as
// notes.
func (f *Finding) correctOrigin(known Origin) {
	f.Notes = append(f.Notes, f.OriginWhy...)
	f.Origin, f.OriginWhy = known, f.OriginWhy[:0]
}

func (f *Finding) sayOrigin(c *facts.Facts, signs []facts.Sign) {
	for i := range signs {
		if e := f.sign(c, &signs[i]); e.Kind != claim.None {
			f.OriginWhy = append(f.OriginWhy, e)
		}
	}
}

// SaySigns adds the signs of another sender than the named one to the evidence.
func (f *Finding) SaySigns(c *facts.Facts) {
	for i := range c.PathSigns.Against {
		if e := f.sign(c, &c.PathSigns.Against[i]); e.Kind != claim.None {
			f.Evidence = append(f.Evidence, e)
		}
	}
}

// sign returns a sign of who sent the RST as a claim.
func (f *Finding) sign(c *facts.Facts, g *facts.Sign) Evidence {
	k := claim.Claim{Side: c.Side, Stream: claim.Own, Span: g.Span}
	if m := g.Compared; m != nil && m.Seen() {
		k.Stream = m.Stream
	}
	switch g.Kind {
	case facts.SignAccepts:
		k.Kind = claim.AcceptsAfterReset
	case facts.SignSends, facts.SignResumes:
		k.Kind = claim.SendsAfterReset
	case facts.SignAcknowledges, facts.SignAcknowledgesOn:
		k.Kind, k.Count = claim.AcksAfterReset, int(g.N)
	case facts.SignBeyond:
		k.Kind, k.Bytes = claim.SEQOutside, g.N
	case facts.SignBehind:
		k.Kind, k.Bytes = claim.SEQOutside, -g.N
	case facts.SignStepping:
		k.Kind, k.Bytes = claim.GuessesSEQ, g.N
	case facts.SignNotReply:
		k.Kind = claim.ReplyWithACK
	case facts.SignVolley:
		k.Kind, k.Count = claim.Repeated, int(g.N)
	case facts.SignClosedBefore:
		k.Kind, k.What = claim.OverBefore, claim.FIN
	case facts.SignResetBefore:
		k.Kind, k.What = claim.OverBefore, claim.Reset
	case facts.SignTooSoon:
		k.Kind, k.Every = claim.TooSoon, g.Need
		if g.Elsewhere {
			k.Kind = claim.TooSoonElsewhere
		}
	case facts.SignBothWays:
		k.Kind = claim.BothReset
	case facts.SignIdle:
		k.Kind, k.From, k.Until = claim.Idle, g.Frames[0], g.Frames[len(g.Frames)-1]
	case facts.SignSameTTL:
		k.Kind, k.Number = claim.TTLSame, uint64(c.TTL)
	case facts.SignSeenDevice:
		k.Kind, k.What, k.Number = claim.TTLSame, claim.Reset, uint64(c.TTL)
	case facts.SignOtherTTL:
		k.Kind, k.Number, k.Expected = claim.TTLDiffers, uint64(c.TTL), uint64(g.N)
		if g.SYNACK {
			k.What = claim.SYNACK
		}
	case facts.SignCopiedIPID:
		k.Kind, k.Number = claim.IPIDCopied, uint64(c.IPID)
	case facts.SignCopiedWindow:
		k.Kind, k.Number = claim.WindowCopied, uint64(c.WND)
	case facts.SignIPIDContinues:
		k.Kind, k.Number, k.Expected = claim.IPIDContinues, uint64(c.IPID), uint64(c.Snd.IPID)
	case facts.SignIPIDBreaks:
		k.Kind, k.Number, k.Expected = claim.IPIDBreaks, uint64(c.IPID), uint64(c.Snd.IPID)
	case facts.SignIPIDNotZero:
		k.Kind, k.Number = claim.IPIDNotZero, uint64(c.IPID)
	case facts.SignWrongEcho:
		k.Kind, k.Number, k.Expected = claim.WrongEcho, uint64(c.Opts.TSecr), uint64(c.Rcv.TSval)
	case facts.SignTimestampContinues:
		k.Kind, k.Number, k.Expected = claim.TimestampContinues, uint64(c.Opts.TSval), uint64(c.Snd.TSval)
	case facts.SignOtherMAC:
		k.Kind, k.Text = claim.MACDiffers, words.MAC(c.MAC)+"/"+words.MAC(c.Snd.MAC)
	case facts.SignOpening:
		k.Kind = claim.AfterFirstData
	case facts.SignAnswersReset:
		k.Kind = claim.AnswersReset
	case facts.SignACKOutside:
		k.Kind, k.Bytes = claim.ACKOutside, g.N
	case facts.SignMirrors:
		k.Kind = claim.MirrorsData
	case facts.SignOneCopy:
		k.Kind, k.Hosts, k.Count = claim.CapturedOnce, int(g.N), int(c.Conn.Duplicates)
	}
	if k.Stream != claim.Own {
		return f.evidence(k, []int{g.Compared.Frame})
	}
	slices.Sort(g.Frames)
	return f.evidence(k, g.Frames)
}

// maxDevices is of how many hosts is remembered that a device sent a RST in their name.
const maxDevices = 1 << 12

// notice remembers the TTL of a device that sent a RST in the name of a host: the first of each host.
func (e *Engine) notice(c *facts.Facts, f *Finding) {
	at := c.Snd.Addr.IP
	if f.Origin != OriginMiddlebox || len(e.devices) >= maxDevices || e.devices[at].At.Seen() ||
		!slices.ContainsFunc(c.PathSigns.Against, func(g facts.Sign) bool { return g.Kind == facts.SignOtherTTL }) {
		return
	}
	e.devices[at] = facts.Device{TTL: c.TTL, At: flows.ConnMark{Mark: c.Mark, Stream: c.Conn.Stream}}
}
