package rules

import (
	"fmt"

	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// setOrigin says who sent the RST, and by which signs.
func (f *Finding) setOrigin(c *facts.Facts) {
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

func (f *Finding) sayOrigin(c *facts.Facts, signs []facts.Sign) {
	for i := range signs {
		g := &signs[i]
		f.OriginWhy = append(f.OriginWhy, f.text(-1, DescribeSign(c, g), g.Frames))
		if m := g.Compared; m != nil && m.Seen() {
			f.OriginWhy = append(f.OriginWhy, f.text(m.Stream, "the packet that it was compared with", []int{m.Frame}))
		}
	}
}

// DescribeSign puts a sign of the path into words.
func DescribeSign(c *facts.Facts, g *facts.Sign) string {
	who := Sender(c)
	switch g.Kind {
	case facts.SignAccepts:
		return words.Sentence("%s accepts the connection %s after the RST that refused it, although nobody asked again", who, words.Span(g.Span))
	case facts.SignSends:
		return words.Sentence("%s goes on sending data %s after its RST, as if nothing had happened", who, words.Span(g.Span))
	case facts.SignResumes:
		return words.Sentence("%s goes on sending after its RST, where it had stopped before it", who)
	case facts.SignAcknowledges:
		return words.Sentence("%s goes on acknowledging %s after its RST, as if nothing had happened", who, words.Span(g.Span))
	case facts.SignAcknowledgesOn:
		return fmt.Sprintf("%s acknowledges %d times more after its RST, step by step, where no other segments come out of order", who, g.N)
	case facts.SignBeyond:
		return words.Sentence("its sequence number lies %s beyond all that %s had sent", words.Bytes(g.N), who)
	case facts.SignBehind:
		return words.Sentence("its sequence number lies %s behind what %s had already sent, and answers no segment", words.Bytes(g.N), who)
	case facts.SignStepping:
		return words.Sentence("further resets in %s's name guess sequence numbers up to %s beyond all that it had sent", who, words.Bytes(g.N))
	case facts.SignNotReply:
		return "it answers late data with RST+ACK, where a host that has ended the connection sends a bare RST"
	case facts.SignVolley:
		return fmt.Sprintf("it was sent %d times at one moment, with the same numbers", g.N)
	case facts.SignClosedBefore:
		return words.Sentence("both sides had closed %s before: %s itself had nothing left to reset", words.Span(g.Span), who)
	case facts.SignResetBefore:
		return words.Sentence("%s's connection had been ended %s before by a RST of the other side", who, words.Span(g.Span))
	case facts.SignTooSoon:
		return words.Sentence("it follows what it answers by %s; %s needs %s at least to be reached and to answer", words.Span(g.Span), who, words.Span(g.Need))
	case facts.SignBothWays:
		return words.Sentence("within %s both ends get a RST in the other's name", words.Span(g.Span))
	case facts.SignIdle:
		return words.Sentence("nothing had been said for %s", words.Span(g.Span))
	case facts.SignSameTTL:
		says := fmt.Sprintf("its TTL %d is that of %s's other packets", c.TTL, who)
		if g.Compared != nil {
			says += " in its other connections"
		}
		return says
	case facts.SignOtherTTL:
		where := "in this connection"
		if g.Compared != nil {
			where = "in its other connections"
		}
		return fmt.Sprintf("its TTL is %d; %s's other packets %s arrive with %d", c.TTL, who, where, g.N)
	case facts.SignCopiedIPID:
		return words.Sentence("its IP ID %s is copied from the segment it answers", words.IPID(c.IPID))
	case facts.SignCopiedWindow:
		return fmt.Sprintf("so is its window %d", c.WND)
	case facts.SignIPIDContinues:
		return words.Sentence("its IP ID %s goes on where %s's last packet stopped (%s)", words.IPID(c.IPID), who, words.IPID(c.Snd.IPID))
	case facts.SignIPIDBreaks:
		return words.Sentence("its IP ID %s is out of %s's count (last %s)", words.IPID(c.IPID), who, words.IPID(c.Snd.IPID))
	case facts.SignIPIDNotZero:
		return words.Sentence("its IP ID is %s; all of %s's other packets have 0", words.IPID(c.IPID), who)
	case facts.SignWrongEcho:
		return fmt.Sprintf("it echoes the timestamp %d, which %s never sent", c.Opts.TSecr, Receiver(c))
	case facts.SignTimestampContinues:
		return words.Sentence("its timestamp goes on from %s's last one", who)
	case facts.SignOtherMAC:
		return words.Sentence("it comes from another Ethernet address (%s) than %s's other packets (%s)", words.MAC(c.MAC), who, words.MAC(c.Snd.MAC))
	case facts.SignOpening:
		return "it comes directly after the client's first data, where filters decide"
	case facts.SignOneCopy:
		return fmt.Sprintf("it was captured once; of the connection's %d other packets %d were captured twice, as on a router that forwards them", g.N, c.Conn.Duplicates)
	}
	return ""
}
