package words

import (
	"fmt"

	"github.com/rstexplain/rstexplain/flows"
)

// ICMP puts an ICMP error into words.
func ICMP(n *flows.ICMPNote) string {
	from := n.From.AddrPort().Addr().String()
	what := ""
	switch {
	case !n.V6 && n.Type == 3 && n.Code == 4, n.V6 && n.Type == 2:
		what = "a packet was too big for the path"
		if n.MTU > 0 {
			what += fmt.Sprintf(", which takes %d bytes", n.MTU)
		}
	case !n.V6 && n.Type == 3 && (n.Code == 9 || n.Code == 10 || n.Code == 13),
		n.V6 && n.Type == 1 && (n.Code == 1 || n.Code == 5 || n.Code == 6):
		what = "communication is administratively prohibited"
	case !n.V6 && n.Type == 3 && n.Code == 3, n.V6 && n.Type == 1 && n.Code == 4:
		what = "the port is unreachable"
	case !n.V6 && n.Type == 3, n.V6 && n.Type == 1:
		what = "the destination is unreachable"
	case !n.V6 && n.Type == 11, n.V6 && n.Type == 3:
		what = "the hop limit was exceeded"
	default:
		return ""
	}
	of := "a segment of this connection"
	if n.QuotedSYN {
		of = "a SYN of this connection"
	}
	return Sentence("ICMP from %s about %s: %s", from, of, what)
}
