package rules

import "slices"

// ApplicationErrors are what programs print in one situation that a rule's resets put an application into.
type ApplicationErrors struct {
	When   string // "a RST came where the response should have begun"
	Prints []Print
}

// ErrorsOf returns what all known programs print in the situations that resets of rule r put applications into.
func ErrorsOf(r *Rule) []ApplicationErrors {
	var out []ApplicationErrors
	for _, s := range r.outcomes() {
		said := ApplicationErrors{When: whens[s]}
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
func (d *ApplicationErrors) add(list []printer, s situation) {
	for i := range list {
		p := Print{Program: list[i].name, Says: list[i].says[s]}
		if p.Says != "" && !slices.Contains(d.Prints, p) {
			d.Prints = append(d.Prints, p)
		}
	}
}

// Outcomes that several rules share, for Effects.
var (
	resetOutcomes    = []situation{sawNoResponse, sawMidBody, sawStream, sawPush}
	closedOutcomes   = []situation{sawEOF, sawEOFMidBody, sawEOFStream, sawEOFPush}
	lostOutcomes     = []situation{sawClientGone, sawClientClosed, sawOwnLimit}
	openingOutcomes  = []situation{sawConnectTime, sawNoResponse, sawClientGone}
	closingOutcomes  = slices.Concat(closedOutcomes, []situation{sawEOFTLS}, resetOutcomes, lostOutcomes)
	givingUpOutcomes = []situation{sawGiveUp, sawNoResponse, sawOwnLimit, sawClientGone}
	usualOutcomes    = slices.Concat(resetOutcomes, []situation{sawHandshake}, closedOutcomes, []situation{sawEOFTLS}, lostOutcomes)
)

// outcomes lists what resets of the rule put an application into, its own side's included.
func (r *Rule) outcomes() []situation {
	switch {
	case r.Effects.Outcomes != nil:
		return r.Effects.Outcomes
	case r.Cause == ClosedPort:
		return []situation{sawRefused}
	}
	return usualOutcomes
}

// connectLimit is Effects.Own of rules by which a client stopped waiting for the connection.
func connectLimit(*Facts) (situation, string) {
	return sawConnectTime, "The client itself most likely had a time limit for connecting, which ran out"
}
