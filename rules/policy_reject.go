package rules

import (
	"fmt"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

const (
	policyRejectSure   = 0.89
	policyRejectOther  = 0.7  // it proves that the server did not, but another host may have
	policyRejectProven = 0.99 // a capture at another place proves that a device sent the RST
)

var policyReject = &Rule{
	ID:       "policy-reject",
	Cause:    ClosedPort,
	Path:     true,
	Severity: Error,
	Pattern:  Device,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 3360 §2.2"},
	Doc: Doc{
		Title: "A firewall rejected the connection",
		Happened: "A client sent a SYN, and a device on the path (a firewall, a security group, a filter on the host) " +
			"refused the connection with a RST that has the server's address.",
		Recognised: "The RST refuses a SYN, and it does not come from where the server's other packets come from: another " +
			"TTL (hop limit), an answer sooner than the server could give, a copied IP ID, or the server accepts the " +
			"connection all the same a moment later.",
		LookAlikes: "A port without a listener is refused by the server itself with the same bytes (no-listener).",
		Prints:     "ECONNREFUSED: connection refused, as for a closed port.",
		Remedy: "Look for a rule that rejects this source or port: nftables or iptables REJECT with tcp-reset, a " +
			"security policy, an intrusion prevention system. A capture on the server shows whether the SYN arrived there.",
		Limits: "A filter on the server's own host looks exactly like a closed port.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.PathSigns.Middlebox() {
			return 0
		}
		switch c.Proof {
		case flows.ByDevice:
			return min(refusal(c), policyRejectProven)
		case flows.ByOther:
			return min(refusal(c), policyRejectOther)
		}
		return min(refusal(c), policyRejectSure)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.SayRefusal(c)
		if c.Proof == flows.ByDevice {
			f.Remedy = "Look between the places of the captures for a rule that rejects this source or port: nftables or " +
				"iptables REJECT with tcp-reset, a security policy, an intrusion prevention system."
		}
		if _, ack := c.OpensAfter(); ack.Seen() {
			f.Summary = fmt.Sprintf("A device on the path %srefused the connection to port %d in %s's name; %s did not "+
				"accept the RST, and the handshake was completed %s later.",
				words.Probably(f.Confidence), c.Snd.Addr.Port, Sender(c), Receiver(c), words.Span(ack.Time.Sub(c.Time)))
			return
		}
		if c.Proof == flows.ByOther {
			f.Remedy = "Look between the places of the captures for a rule that rejects this source or port, and for one " +
				"that sends the port to another host: NAT, a load balancer, a port forwarding."
			f.Summary = fmt.Sprintf("The connection to port %d was refused, and not by %s: by a device on the path, or by "+
				"another host to which a device passed it on.", c.Snd.Addr.Port, Sender(c))
			return
		}
		f.Summary = fmt.Sprintf("The connection to port %d was %srefused by a device on the path, not by %s "+
			"itself.", c.Snd.Addr.Port, words.Probably(f.Confidence), Sender(c))
	},
}
