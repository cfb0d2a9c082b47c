package claim

import (
	"strings"

	"github.com/rstexplain/rstexplain/rules/words"
)

// icmpRefused words an ICMP error that ends an attempt to connect. Bit 16 of Number says ICMPv6.
func icmpRefused(c *Claim) string {
	says, errno := words.Refusal(c.Number>>16&1 == 1, uint8(c.Number>>8), uint8(c.Number))
	from, to, _ := strings.Cut(c.Text, " > ")
	times := ""
	if c.Count > 1 {
		times = " (" + words.Times(c.Count) + ")"
	}
	return "ICMP \"" + says + "\" from " + from + " in response to the SYN to " + to + times +
		": the application gets " + errno + " without a RST"
}

// icmpText words an ICMP error (RFC 792, RFC 4443). Bit 16 of Number says ICMPv6.
func icmpText(c *Claim) string {
	v6, typ, code := c.Number>>16&1 == 1, c.Number>>8&255, c.Number&255
	what := "type " + number(typ) + " code " + number(code)
	switch {
	case !v6 && typ == 3 && code == 4, v6 && typ == 2:
		what = "a packet was too big for the path"
		if c.Expected > 0 {
			what += ", which takes " + words.Bytes(int64(c.Expected))
		}
	case !v6 && typ == 3 && (code == 9 || code == 10 || code == 13),
		v6 && typ == 1 && (code == 1 || code == 5 || code == 6):
		what = "communication is administratively prohibited"
	case !v6 && typ == 3 && code == 3, v6 && typ == 1 && code == 4:
		what = "the port is unreachable"
	case !v6 && typ == 3, v6 && typ == 1:
		what = "the destination is unreachable"
	case !v6 && typ == 11, v6 && typ == 3:
		what = "the hop limit was exceeded"
	}
	of := "a segment"
	if c.What == SYN {
		of = "a SYN"
	}
	return "ICMP from " + c.Text + " about " + of + " of this connection: " + what
}
