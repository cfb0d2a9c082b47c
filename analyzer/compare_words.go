package analyzer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/analyzer/vantage"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/words"
)

// claim returns a claim as the report has it, with its sentence.
func (x *comparing) claim(d *vantage.Verdict, k *vantage.Claim) report.SharedClaim {
	m := report.SharedClaim{Claim: string(k.Kind), Frames: x.places(k.Places), Side: k.Side, Text: k.Text, Count: k.Count,
		Number: k.Number, Expected: k.Expected, Span: int64(k.Span), Need: int64(k.Need)}
	switch k.Kind {
	case vantage.NeverLeft, vantage.LostOnTheWay, vantage.TriggerNeverArrived, vantage.SYNNeverArrived, vantage.NotHere, vantage.AnsweredBetween,
		vantage.SegmentsLost, vantage.FullSizeLost, vantage.IdleDropped, vantage.EmptyThere, vantage.ICMPAtOne:
		m.Not = x.name(k.To)
	}
	m.Says, m.Limited = x.sentence(d, k), k.Limited
	return m
}

func (x *comparing) sentence(d *vantage.Verdict, k *vantage.Claim) string {
	at := func(i int) string {
		if i >= len(k.Places) {
			return ""
		}
		return fmt.Sprintf("frame %d at %s", k.Places[i].Frame, x.name(k.Places[i].Vantage))
	}
	sender, to := words.Side(d.Side), ""
	if k.To < len(x.points) {
		to = x.name(k.To)
	}
	switch k.Kind {
	case vantage.LeftHost:
		return fmt.Sprintf("the RST leaves %s's own host: %s", sender, at(0))
	case vantage.Arrived:
		s := fmt.Sprintf("the same RST was captured twice on its way: %s, then %s", at(0), at(1))
		if k.Count > 0 {
			s += fmt.Sprintf(", where its TTL is %d lower", k.Count)
		}
		return s
	case vantage.NeverLeft:
		return fmt.Sprintf("the RST arrives (%s), and the capture at %s, which it would have passed before, does not "+
			"hold it", at(0), to)
	case vantage.LostOnTheWay:
		return fmt.Sprintf("it was sent (%s), and did not arrive at %s", at(0), to)
	case vantage.Altered:
		return fmt.Sprintf("%s changed between %s and %s", k.Text, at(0), at(1))
	case vantage.GoesOn:
		return fmt.Sprintf("%s goes on (%s) %s after it would have sent the RST", sender, at(0), words.Span(k.Span))
	case vantage.OtherTTL:
		return fmt.Sprintf("the RST arrives with TTL %d (%s); %s %s have %d", k.Number, at(0), count(k.Count,
			"other packet"), "of "+sender, k.Expected)
	case vantage.TooSoon:
		return fmt.Sprintf("the RST follows what it answers by %s (%s, %s); to %s and back "+
			"takes %s", words.Span(k.Span), at(0), at(1), sender, words.Span(k.Need))
	case vantage.TriggerNeverArrived:
		return fmt.Sprintf("the segment that it answers (%s) is not in the capture at %s", at(0), to)
	case vantage.TriggerArrived:
		return fmt.Sprintf("the segment that it answers was captured at both places: %s, %s", at(0), at(1))
	case vantage.SYNNeverArrived:
		return fmt.Sprintf("the SYN (%s) did not reach %s", at(0), to)
	case vantage.SYNArrived:
		return fmt.Sprintf("the SYN (%s) reached the other end: %s", at(0), at(1))
	case vantage.AnsweredBetween:
		return fmt.Sprintf("the SYN-ACK (%s) never was at %s, whose host refuses the SYN (%s)", at(0), to, at(1))
	case vantage.NotHere:
		return fmt.Sprintf("the capture at %s holds no packet of this connection (%s), and holds others of "+
			"this host", to, at(0))
	case vantage.EmptyThere:
		return fmt.Sprintf("the capture at %s holds no TCP segment at all; if it ran on the right interface, not even the "+
			"SYN of this connection (refused in %s) reached that host", to, at(0))
	case vantage.BothReset:
		return "each end got a RST in the other's name that the other never sent"
	case vantage.SegmentsLost:
		s := fmt.Sprintf("%s of the %s did not reach %s: ", count(k.Count, "segment"), role(k.Side), to)
		if k.Count == 1 {
			return s + at(0)
		}
		for i, p := range k.Places {
			s += []string{"frames ", ", "}[min(i, 1)] + fmt.Sprint(p.Frame)
		}
		if k.Count > len(k.Places) {
			s += " and more"
		}
		return s + " at " + x.name(k.Places[0].Vantage)
	case vantage.ICMPAtOne:
		return fmt.Sprintf("%s (%s); the capture at %s holds no such error", k.Text, at(0), to)
	case vantage.FullSizeLost:
		return fmt.Sprintf("only large segments were lost, of %d bytes and more; segments up to %d bytes "+
			"arrived", k.Number, k.Expected)
	case vantage.IdleDropped:
		return fmt.Sprintf("the path let %s through (%s); after %s of silence it did not let %s through", at(0), at(1),
			words.Span(k.Span), at(2))
	}
	return string(k.Kind)
}

// role is what a reader calls a side.
func role(side string) string {
	if side == flows.Originator.String() {
		return "client"
	}
	return "server"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// verdict says in a sentence or two what the captures together show.
func (x *comparing) verdict(d *vantage.Verdict, m *report.SharedReset) string {
	sender := words.Side(d.Side)
	var s string
	switch {
	case d.Elsewhere && d.Doubt == vantage.NoDoubt:
		s = fmt.Sprintf("%s did not send this RST: nothing of the connection is in the capture at %s. A device on the path "+
			"refused it, or passed it on to another host (NAT, a load balancer) that did.", words.Capital(sender), x.name(d.From))
	case d.Made == vantage.Between && d.Here && d.Proven:
		s = fmt.Sprintf("The device at %s made this RST in %s's name: it never was in the capture at %s, and leaves "+
			"%s with the TTL of a packet that is new.", m.MadeAt, sender, x.name(d.From), m.MadeAt)
	case d.Made == vantage.Between && d.Proven && d.Doubt == vantage.NotRunning && d.Short:
		s = fmt.Sprintf("A device %s made this RST in %s's name: by its TTL it has passed fewer routers than %s's other "+
			"packets.", m.MadeAt, sender, sender)
	case d.Made == vantage.Between && d.Proven:
		s = fmt.Sprintf("A device %s made this RST in %s's name: it never was in the "+
			"capture at %s.", m.MadeAt, sender, x.name(d.From))
	case d.Made == vantage.Between && d.Device:
		s = fmt.Sprintf("Most likely a device %s made this RST in %s's name: the capture at %s does not hold it. That "+
			"alone proves nothing, because %s.", m.MadeAt, sender, x.name(d.From), x.doubt(d.Doubt))
	case d.Made == vantage.Between:
		s = fmt.Sprintf("The capture at %s does not hold this RST, but that proves nothing, because %s: whether %s sent it "+
			"is not known.", x.name(d.From), x.doubt(d.Doubt), sender)
	case d.Made == vantage.OnHost && d.Proven:
		s = fmt.Sprintf("%s sent this RST itself: it left its host.", words.Capital(sender))
	case d.Made == vantage.OnHost:
		s = fmt.Sprintf("%s most likely sent this RST itself.", words.Capital(sender))
	case d.Made == vantage.OnPeer && d.Proven:
		s = fmt.Sprintf("The %s's own host made this RST in %s's name: it came over the loopback interface of that host, as what "+
			"a firewall there sends when it rejects a segment.", role(d.Side.Peer().String()), sender)
	case d.Made == vantage.OnPeer:
		s = fmt.Sprintf("Most likely the %s's own host made this RST in %s's name: the capture there holds nothing that "+
			"the %s sent on this connection, nor does the one at %s. A firewall on that host rejects what it sends.",
			role(d.Side.Peer().String()), sender, role(d.Side.Peer().String()), x.name(d.To))
	case d.Made == vantage.On:
		s = fmt.Sprintf("Most likely the device at %s made this RST in %s's name.", x.name(d.From), sender)
	case d.Made == vantage.OnLink:
		s = fmt.Sprintf("Another machine on the link of %s sent this RST in %s's name: it has another Ethernet address "+
			"than %s's other packets, and has passed no router.", x.name(d.From), sender, sender)
	case d.Made == vantage.Beyond && d.Device:
		s = fmt.Sprintf("Most likely a device at %s or beyond it made this RST in %s's name.", x.name(d.From), sender)
	case d.Made == vantage.Beyond:
		s = fmt.Sprintf("This RST comes from beyond %s; no capture was made nearer to %s.", x.name(d.From), sender)
	case d.Group.Vantages() > 1:
		s = "Nothing tells which of the captures was made nearer to the sender: who sent the RST is judged by one " +
			"capture alone."
	default:
		s = "Only one of the captures holds this connection: who sent the RST is judged by that one alone."
	}
	if d.Doubt == vantage.Rebound {
		s += fmt.Sprintf(" The capture at %s holds a RST with the same sequence number in a connection that has another "+
			"port and no SYN: NAT seems to have lost its state, and to have made another mapping.", x.name(d.From))
	}
	for v, t := range d.Group.Traces {
		if t == nil {
			continue
		}
		for _, p := range d.Group.Rejoined(x.result, v) {
			s += fmt.Sprintf(" From frame %d at %s on the connection has another port there: NAT had lost its state, and made "+
				"another mapping.", p.Frame, x.name(v))
		}
	}
	for i := range d.Claims {
		switch k := &d.Claims[i]; k.Kind {
		case vantage.LostOnTheWay:
			s += fmt.Sprintf(" It did not arrive at %s.", x.name(k.To))
		case vantage.Altered:
			s += fmt.Sprintf(" Its %s changed on the way.", k.Text)
		case vantage.SYNNeverArrived:
			s += fmt.Sprintf(" The SYN did not reach %s.", x.name(k.To))
		case vantage.SYNArrived:
			if d.Made == vantage.OnHost {
				s += " The SYN had reached the host, and nothing there accepted it."
			}
		case vantage.AnsweredBetween:
			s += fmt.Sprintf(" A device before %s had accepted the connection in the server's name, as a SYN proxy does.",
				x.name(k.To))
		case vantage.IdleDropped:
			if k.Limited {
				continue
			}
			s += fmt.Sprintf(" The path had let the connection through before, and did not after %s of silence.", words.Span(k.Span))
		case vantage.FullSizeLost:
			s += fmt.Sprintf(" Only large segments are lost before %s: a smaller MTU on the path, and no ICMP that "+
				"says so.", x.name(k.To))
		}
	}
	return s
}

// notRunning says that it is open whether a capture ran at a time.
func (x *comparing) notRunning(capture string) string {
	if x.result.WasSet() {
		return "a clock may have been set: whether " + capture + " ran at that time is not known"
	}
	return capture + " holds no packet of that time, and may not have run"
}

// doubt says why little follows from a RST not being in a capture.
func (x *comparing) doubt(d vantage.Doubt) string {
	switch d {
	case vantage.NotRunning:
		return x.notRunning("that capture")
	case vantage.LosesPacket:
		return "that capture lacks other packets too"
	case vantage.HasTwin:
		return "that capture holds another RST with the same numbers, which may be this one"
	case vantage.OneSided:
		return "that capture does not hold the packets of both directions"
	}
	return "a capture may lack a packet"
}

// aloneViews lists what each capture says of the RST without the others.
func (x *comparing) aloneViews(d *vantage.Verdict, m *report.SharedReset) []report.AloneView {
	var out []report.AloneView
	for _, p := range d.Seen {
		i, ok := x.views[p.Vantage].at[p.Frame]
		if !ok {
			continue
		}
		a := &x.views[p.Vantage].resets[i].summary
		v := report.AloneView{At: x.name(p.Vantage), Frame: p.Frame, Cause: a.cause, Detail: a.detail,
			Confidence: a.confidence, Origin: a.origin}
		sameOrigin := a.origin == m.Origin
		v.Right = a.cause == m.Cause && sameOrigin
		v.Open = !sameOrigin && a.origin == rules.OriginUnknown
		v.Confirmed = v.Right && d.Proven && len(x.points) > 1
		switch {
		case v.Right && !v.Confirmed && a.detail == m.Detail:
			v.Why = "nothing in the other captures contradicts it"
		case v.Right && a.detail == m.Detail:
			v.Why = "the other captures confirm it"
		case !sameOrigin && d.Proven && m.Origin == rules.OriginMiddlebox:
			v.Why = "it could not know that the RST never left the host that it names"
		case !sameOrigin && d.Proven:
			v.Why = "it could not know that the RST left the host that it names"
		case !sameOrigin:
			v.Why = "the other captures make another origin more likely"
		case p != d.View:
			v.Why = fmt.Sprintf("the capture at %s is nearer to the sender, and shows what that had sent and received", m.At)
		default:
			v.Why = "with the origin known, another explanation fits better"
		}
		out = append(out, v)
	}
	return out
}

// ladder returns the packets around the RST.
func (x *comparing) ladder(d *vantage.Verdict) []report.Rung {
	var out []report.Rung
	for _, r := range x.result.Ladder(d, x.alone(d.View).Trigger) {
		m := report.Rung{Time: int64(r.First), Last: int64(r.Last), Sender: r.Side.String(), Flags: r.Flags.String(),
			SEQ: r.SEQ, ACK: r.ACK, LEN: r.Len}
		m.Seen = x.places(r.Seen)
		for _, ttl := range r.TTLs {
			m.TTLs = append(m.TTLs, int(ttl))
		}
		switch {
		case r.Lost >= 0:
			m.Fate = "did not reach " + x.name(r.Lost)
		case r.NotFrom >= 0:
			m.Fate = "was never at " + x.name(r.NotFrom)
		}
		switch {
		case slices.Contains(r.Seen, d.View):
			m.Role = report.RoleReset
		case r.Trigger:
			m.Role = report.RoleTrigger
		}
		out = append(out, m)
	}
	return out
}

// comparisonWarnings says which captures do not fit together, and what to do.
func comparisonWarnings(c *report.Comparison, views []*view, x *vantage.Comparison) []report.Warning {
	var out []report.Warning
	say := func(hint, form string, args ...any) {
		out = append(out, report.Warning{Says: fmt.Sprintf(form, args...), Hint: hint})
	}
	for v, p := range c.Vantages {
		if p.TCPSegments == 0 && !p.Partial {
			say("capture on the interface that the connections use, on all of its traffic",
				"the capture at %s holds no TCP segment", p.Name)
		}
		for w := range v {
			a, b := views[w].file, views[v].file
			if x.Same(w, v) {
				say("name captures that were made at two places", "the captures at %s and %s hold the same packets at the same "+
					"times: they seem to be one capture", c.Vantages[w].Name, p.Name)
				continue
			}
			shared := x.Shared(w, v)
			apart := max(int64(a.First)-int64(b.Last), int64(b.First)-int64(a.Last))
			switch {
			case shared == 0 && c.Connections.Relayed > 0:
				say("no action is needed: each of the two connections is explained by itself", "the captures at %s and %s share no connection; a proxy between them ends "+
					"connections and begins others, and the same request is found in %s of them", c.Vantages[w].Name, p.Name,
					count(c.Connections.Relayed, "pair"))
			case shared == 0 && apart > 0 && a.TCPSegments > 0 && b.TCPSegments > 0:
				say("capture at both places at the same time; if the clock of one was wrong, that alone does no harm where they "+
					"share a connection",
					"the captures at %s and %s share no connection, and their times do not overlap: %s lie "+
						"between them", c.Vantages[w].Name, p.Name, words.Span(time.Duration(apart)))
			case shared == 0 && a.TCPSegments > 0 && b.TCPSegments > 0:
				say("capture the same connections at both places: look for the same ports and the same time; a proxy between "+
					"them ends a connection and begins another",
					"the captures at %s and %s share no connection: each is explained alone", c.Vantages[w].Name, p.Name)
			}
			if k, ok := x.Clock(w, v); ok && shared > 0 {
				d := k.Offset
				if d < 0 {
					d = -d
				}
				if d > time.Hour {
					say("no action is needed: times are corrected by that", "the clocks at %s and %s are %s apart", c.Vantages[w].Name, p.Name,
						words.Span(d))
				}
				if k.Steps {
					say("synchronize the clocks before the capture; what depends on the order of packets of both captures is "+
						"less sure",
						"no steady difference between the clocks at %s and %s explains their times: one of them was set during the "+
							"capture", c.Vantages[w].Name, p.Name)
				}
				if k.Loose > 0 && !k.Steps {
					say("synchronize the clocks before the capture; what depends on the order of packets of both captures is "+
						"less sure",
						"at some time, the delays between %s and %s change for good by their clocks: a long queue, or one of the clocks "+
							"was set during the capture", c.Vantages[w].Name, p.Name)
				}
				if !k.OneWay[0] || !k.OneWay[1] {
					say("capture both directions at both places", "packets of one direction alone are in both the captures at %s "+
						"and %s: how far their clocks are apart is known only up to the delay", c.Vantages[w].Name, p.Name)
				}
			}
		}
	}
	if x.Reversed {
		say("no action is needed, unless the names were mixed up: which capture was made where follows from the packets",
			"packets pass the captures in another order than the one in which they were named: %s", strings.Join(c.Path, ", "))
	}
	return out
}
