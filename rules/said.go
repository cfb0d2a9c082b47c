package rules

import "slices"

// A Said is what programs print in one situation that a rule's resets put an application into.
type Said struct {
	When   string // "a RST came where the response should have begun"
	Prints []Print
}

// SaidIn returns what all known programs print in the situations that resets of rule r put applications into.
func SaidIn(r *Rule) []Said {
	var out []Said
	for _, s := range situations(r) {
		said := Said{When: whens[s]}
		for _, list := range [...][]printer{printers, proxies, serverPrinters, runtimes} {
			said.add(list, s)
		}
		for _, name := range protocolNames {
			said.add(protocolPrinters[name], s)
		}
		if len(said.Prints) > 0 {
			out = append(out, said)
		}
	}
	return out
}

// add adds what the programs of list print in s.
func (d *Said) add(list []printer, s situation) {
	for i := range list {
		p := Print{Program: list[i].name, Says: list[i].says[s]}
		if p.Says != "" && !slices.Contains(d.Prints, p) {
			d.Prints = append(d.Prints, p)
		}
	}
}

// whens name the situations.
var whens = words{
	sawRefused:      "the connect was refused",
	sawNoResponse:   "a RST came where the response should have begun",
	sawMidBody:      "a RST came within the response",
	sawEOF:          "a FIN came where the response should have begun",
	sawEOFMidBody:   "a FIN came within the response",
	sawHandshake:    "a RST came in the TLS handshake",
	sawEOFTLS:       "a FIN came in the TLS handshake",
	sawStream:       "a RST came with an HTTP/2 stream open",
	sawEOFStream:    "a FIN came with an HTTP/2 stream open",
	sawGiveUp:       "its system gave up on a silent peer",
	sawOwnLimit:     "its own time limit for the answer ran out",
	sawConnectTime:  "its own time limit for connecting ran out",
	sawUntrusted:    "it does not trust the server's certificate",
	sawClientGone:   "a server lost its client",
	sawClientClosed: "a server's client closed before it had all",
	sawPush:         "a RST came while it was sending",
	sawEOFPush:      "a FIN came while it was sending",
}

// situations lists what resets of rule r put an application into, its own side's included.
func situations(r *Rule) []situation {
	reset := []situation{sawNoResponse, sawMidBody, sawStream, sawPush}
	closed := []situation{sawEOF, sawEOFMidBody, sawEOFStream, sawEOFPush}
	lost := []situation{sawClientGone, sawClientClosed, sawOwnLimit}
	switch r.ID {
	case "accept-queue-overflow":
		return []situation{sawNoResponse}
	case "syn-unanswered", "handshake-unanswered":
		return []situation{sawGiveUp, sawConnectTime}
	case "syn-probe", "connect-withdrawn", "late-syn-ack", "bad-handshake-ack", "tuple-reuse":
		return []situation{sawConnectTime, sawNoResponse, sawClientGone}
	case "tls-rejected":
		return slices.Concat([]situation{sawHandshake, sawEOFTLS, sawUntrusted}, reset, lost)
	case "keepalive-race":
		return slices.Concat(closed, lost)
	case "data-after-fin", "early-response", "close-notify-race", "late-goodbye", "reset-after-fin", "late-segment":
		return slices.Concat(closed, []situation{sawEOFTLS}, reset, lost)
	case "gave-up-silently", "data-unacked", "keepalive-unanswered", "zero-window", "mtu-black-hole":
		return []situation{sawGiveUp, sawNoResponse, sawOwnLimit, sawClientGone}
	}
	if r.Cause == ClosedPort {
		return []situation{sawRefused}
	}
	return slices.Concat(reset, []situation{sawHandshake}, closed, []situation{sawEOFTLS}, lost)
}
