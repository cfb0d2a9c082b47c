package rules

import (
	"fmt"

	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

const portScanSure = 0.99

var portScan = &Rule{
	ID:       "port-scan",
	Cause:    ClosedPort,
	Severity: Info,
	Pattern:  Scan,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title: "One of many ports or hosts that a client tried",
		Happened: "One client tried many different ports of a host, or the same port of many hosts, and few of them " +
			"accepted: a scan, an inventory tool, or a service discovery that guesses.",
		Recognised: "The RST refuses a SYN. The same client was refused by many different ports of this host, or on this " +
			"port by many hosts, a few seconds apart at most; or it sent SYNs to many ports of few hosts, or to few ports of " +
			"many hosts, most of which were not accepted: a filter drops what it does not refuse. The port accepted no " +
			"connection in the same capture.",
		LookAlikes: "A client that retries one port many times is no scan: it is counted once. A port that accepted " +
			"before or later belongs to a service that was away (restart-window).",
		Prints: "Nothing that an application would show; a scanner reports the port as closed.",
		Remedy: "Nothing to repair at the server. Find out who scans, if no scan is expected.",
		Limits: "Slow scans, scans from many addresses, and scans of many ports on as many hosts are not recognised " +
			"as one.",
	},
	Match: func(c *facts.Facts) float64 {
		a := &c.Related
		if a.AcceptedBefore.Seen() || a.AcceptedAfter.Seen() || a.HalfOpenAfter.Seen() || c.After.SenderACK.Seen() {
			return 0 // a service that was there before or is later: the client did not guess
		}
		if !facts.Wide(a.ScanPorts, a.ScanPortsSpan) && !facts.Wide(a.ScanHosts, a.ScanHostsSpan) && !c.Scans() {
			return 0
		}
		return min(refusal(c), portScanSure)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		f.SayRefusal(c)
		a := &c.Related
		if c.Scans() { // what was asked says more than what was refused
			f.Summary = words.Sentence("A scan: %s sent SYNs to at least %s and %s; nothing accepts connections on "+
				"%s here.", Receiver(c),
				words.Count(a.AskedPorts, "different port"), words.Count(a.AskedHosts, "host"), portOf(c))
			f.Say(claim.Claim{Kind: claim.Asked, Side: c.Side.Peer(), Count: a.AskedPorts, Hosts: a.AskedHosts, AtLeast: true,
				Span: a.AskedSpan, Of: int64(a.Asked), Number: uint64(a.Answered)})
			return
		}
		// ports that fall on one place of the table count once
		scan := claim.Claim{Kind: claim.Scan, Side: c.Side.Peer(), Count: a.ScanPorts, AtLeast: true, Span: a.ScanPortsSpan}
		what := fmt.Sprintf("at least %d different ports of this host", a.ScanPorts)
		if a.ScanHosts > a.ScanPorts || !facts.Wide(a.ScanPorts, a.ScanPortsSpan) {
			scan.Count, scan.Hosts, scan.Span = 0, a.ScanHosts, a.ScanHostsSpan
			what = fmt.Sprintf("port %d of at least %d different hosts", c.Snd.Addr.Port, a.ScanHosts)
		}
		f.Summary = fmt.Sprintf("A scan: %s was refused by %s; nothing accepts connections on "+
			"port %d.", Receiver(c), what, c.Snd.Addr.Port)
		f.Say(scan)
	},
	Effects: Effects{Symptom: refusedScan},
}
