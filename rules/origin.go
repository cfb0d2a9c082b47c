package rules

import "fmt"

// setOrigin says who sent the RST, and by which signs.
func (f *Finding) setOrigin(c *Facts) {
	s := &c.PathSigns
	switch {
	case s.Middlebox():
		f.Origin = OriginMiddlebox
		f.sayOrigin(c, s.Against)
	case s.Doubtful():
		f.Origin = OriginUnknown
		f.sayOrigin(c, s.Against)
		f.sayOrigin(c, s.For)
	default:
		f.Origin = OriginEndpoint
		f.sayOrigin(c, s.For)
	}
}

func (f *Finding) sayOrigin(c *Facts, signs []Sign) {
	for i := range signs {
		g := &signs[i]
		f.OriginWhy = append(f.OriginWhy, f.evidence(-1, describeSign(c, g), g.Frames))
		if m := g.Compared; m != nil && m.Seen() {
			f.OriginWhy = append(f.OriginWhy, f.evidence(m.Stream, "the packet that it was compared with", []int{m.Frame}))
		}
	}
}

// describeSign puts a sign of the path into words.
func describeSign(c *Facts, g *Sign) string {
	who := c.sender()
	switch g.Kind {
	case SignAccepts:
		return sentence("%s accepts the connection %s after the RST that refused it, although nobody asked again", who, span(g.Span))
	case SignSends:
		return sentence("%s goes on sending data %s after its RST, as if nothing had happened", who, span(g.Span))
	case SignResumes:
		return sentence("%s goes on sending after its RST, where it had stopped before it", who)
	case SignAcknowledges:
		return sentence("%s goes on acknowledging %s after its RST, as if nothing had happened", who, span(g.Span))
	case SignAcknowledgesOn:
		return fmt.Sprintf("%s acknowledges %d times more after its RST, step by step, where no other segments come out of order", who, g.N)
	case SignBeyond:
		return sentence("its sequence number lies %s beyond all that %s had sent", octets(g.N), who)
	case SignBehind:
		return sentence("its sequence number lies %s behind what %s had already sent, and answers no segment", octets(g.N), who)
	case SignStepping:
		return sentence("further resets in %s's name guess sequence numbers up to %s beyond all that it had sent", who, octets(g.N))
	case SignNotReply:
		return "it answers late data with RST+ACK, where a host that has ended the connection sends a bare RST"
	case SignVolley:
		return fmt.Sprintf("it was sent %d times at one moment, with the same numbers", g.N)
	case SignClosedBefore:
		return sentence("both sides had closed %s before: %s itself had nothing left to reset", span(g.Span), who)
	case SignResetBefore:
		return sentence("%s's connection had been ended %s before by a RST of the other side", who, span(g.Span))
	case SignTooSoon:
		return sentence("it follows what it answers by %s; %s needs %s at least to be reached and to answer", span(g.Span), who, span(g.Need))
	case SignBothWays:
		return sentence("within %s both ends get a RST in the other's name", span(g.Span))
	case SignIdle:
		return sentence("nothing had been said for %s", span(g.Span))
	case SignSameTTL:
		says := fmt.Sprintf("its TTL %d is that of %s's other packets", c.TTL, who)
		if g.Compared != nil {
			says += " in its other connections"
		}
		return says
	case SignOtherTTL:
		where := "in this connection"
		if g.Compared != nil {
			where = "in its other connections"
		}
		return fmt.Sprintf("its TTL is %d; %s's other packets %s arrive with %d", c.TTL, who, where, g.N)
	case SignCopiedIPID:
		return sentence("its IP ID %s is copied from the segment it answers", ipid(c.IPID))
	case SignCopiedWindow:
		return fmt.Sprintf("so is its window %d", c.WND)
	case SignIPIDContinues:
		return sentence("its IP ID %s goes on where %s's last packet stopped (%s)", ipid(c.IPID), who, ipid(c.Snd.IPID))
	case SignIPIDBreaks:
		return sentence("its IP ID %s is out of %s's count (last %s)", ipid(c.IPID), who, ipid(c.Snd.IPID))
	case SignIPIDNotZero:
		return sentence("its IP ID is %s; all of %s's other packets have 0", ipid(c.IPID), who)
	case SignWrongEcho:
		return fmt.Sprintf("it echoes the timestamp %d, which %s never sent", c.Opts.TSecr, c.receiver())
	case SignTimestampContinues:
		return sentence("its timestamp goes on from %s's last one", who)
	case SignOtherMAC:
		return sentence("it comes from another Ethernet address (%s) than %s's other packets (%s)", mac(c.MAC), who, mac(c.Snd.MAC))
	case SignOpening:
		return "it comes directly after the client's first data, where filters decide"
	case SignOneCopy:
		return fmt.Sprintf("it was captured once; of the connection's %d other packets %d were captured twice, as on a router that forwards them", g.N, c.Conn.Duplicates)
	}
	return ""
}
