package rules

import (
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that the SYN came from another host than the RST.
const (
	spoofedSYNSure = 0.96 // by two signs, or by its data
	spoofedSYNOne  = 0.92 // by one
)

var spoofedSYN = &Rule{
	ID:       "spoofed-syn",
	Cause:    UnknownConnection,
	Severity: Warning,
	RFC:      []string{"RFC 9293 §3.5.1", "RFC 9293 §3.10.7.1", "RFC 4987 §2.2"},
	Doc: Doc{
		Title: "A SYN with a forged source address",
		Happened: "A SYN was sent with the address of another host as its source. The SYN-ACK went to that host, which " +
			"knows of no such connection and reset it.",
		Recognised: "SYN, SYN-ACK, bare RST, and no ACK that completes the handshake; the SYN came from another Ethernet " +
			"address or from another distance (TTL, hop limit) than the RST, or carries data that the SYN-ACK does not " +
			"acknowledge, as no system sends it without TCP Fast Open.",
		LookAlikes: "A scanner's SYN has a TTL that its own system does not use, and the same Ethernet address " +
			"(syn-probe). A program that gave up connecting sent an ordinary SYN (connect-withdrawn).",
		Prints: "Nothing: no application on either side sees a connection.",
		Remedy: "Drop packets with forged sources where they enter the network (ingress filtering, BCP 38). Many of " +
			"them are a SYN flood: enable SYN cookies.",
		Limits: "Two gateways between the client and the capture give the Ethernet addresses of both.",
	},
	Match: func(c *facts.Facts) float64 {
		if !c.ResetsSYNACK() || !c.Snd.SYN.Seen() || c.Translated() {
			return 0
		}
		mac, ttl := c.OtherHost()
		data := c.SYNData(c.Side) > 0 && c.Trigger.ACK == c.Snd.SND.ISS+1
		switch {
		case data, mac && ttl:
			return spoofedSYNSure
		case mac, ttl && !rawTTL(c):
			return spoofedSYNOne
		}
		return 0
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.Summary = words.Sentence("The SYN %shas a forged source address: %s, whose address it has, does not have the "+
			"connection and reset the SYN-ACK.", words.Probably(f.Confidence), Sender(c))
		f.sayHalfOpenOfFlood(c, "this one has a forged source address, and the host that has the address reset the SYN-ACK")
		f.SayHalfOpen(c)
		mac, ttl := c.OtherHost()
		syn := c.Snd.SYN.Frame
		if mac {
			f.Say(claim.Claim{Kind: claim.MACDiffers, Side: c.Side, Text: words.MAC(c.MAC) + "/" + words.MAC(c.Snd.MAC)}, syn,
				c.Frame)
		}
		if ttl {
			f.Say(claim.Claim{Kind: claim.TTLDiffers, Side: c.Side, What: claim.SYN, Number: uint64(c.TTL),
				Expected: uint64(c.Snd.SYNTTL)}, syn, c.Frame)
		}
		if n := c.SYNData(c.Side); n > 0 {
			f.Say(claim.Claim{Kind: claim.SYNData, Side: c.Side, Bytes: int64(n)}, syn)
		}
	},
	Effects: Effects{Symptom: func(*facts.Facts, programs.Outcome) string {
		return "Nothing: the handshake was not completed, and no application got the connection"
	}},
}

// rawTTL reports whether the SYN is a scanner's and its TTL one that scanners give to what they send past their own
// system: nmap takes a random one of 37 to 59, of which the routers between take the same as of the RST.
func rawTTL(c *facts.Facts) bool {
	start := int(c.Snd.SYNTTL) + facts.Hops(c.TTL)
	return crafted(c) && start >= 37 && start <= 59
}
