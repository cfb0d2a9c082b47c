package rules

import "fmt"

// How many different ports or hosts make a scan.
const (
	scanWidth    = 8
	portScanSure = 0.99
)

var portScan = &Rule{
	ID:       "port-scan",
	Cause:    ClosedPort,
	Severity: Info,
	RFC:      []string{"RFC 9293 §3.5.2", "RFC 9293 §3.10.7.1"},
	Doc: Doc{
		Title:      "One of many ports or hosts that somebody tried",
		Happened:   "One client tried many different ports of a host, or the same port of many hosts, and was refused by most: a scan, an inventory tool, or a service discovery that guesses.",
		Recognised: "The RST refuses a SYN, and the same client was refused by many different ports of this host, or on this port by many hosts, in the same capture.",
		LookAlikes: "A client that retries one port many times is no scan: it is counted once.",
		Prints:     "Nothing that an application would show; a scanner reports the port as closed.",
		Remedy:     "Nothing to repair at the server. Find out who scans, when nobody should.",
		Limits:     "Slow scans, or scans from many addresses, are not seen as one.",
	},
	Match: func(c *Case) float64 {
		if c.Around.ScanPorts < scanWidth && c.Around.ScanHosts < scanWidth {
			return 0
		}
		return min(c.refusal(), portScanSure)
	},
	Tell: func(c *Case, f *Finding) {
		tellRefusal(c, f)
		a := &c.Around
		what := fmt.Sprintf("%d different ports of this host", a.ScanPorts)
		if a.ScanHosts > a.ScanPorts {
			what = fmt.Sprintf("port %d of %d different hosts", c.Snd.Addr.Port, a.ScanHosts)
		}
		f.Summary = fmt.Sprintf("A scan: %s was refused by %s; nothing accepts connections on port %d.", c.receiver(), what, c.Snd.Addr.Port)
		f.say(fmt.Sprintf("%s was refused by %s in this capture", c.receiver(), what))
	},
	Against: "too few different ports and hosts were tried",
}
