package rules

import (
	"slices"

	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
)

// ApplicationErrors are what programs print in one situation that a rule's resets put an application into.
type ApplicationErrors struct {
	When   string // "a RST came where the response should have begun"
	Prints []Print
}

// ErrorsOf returns what all known programs print in the situations that resets of rule r put applications into.
func ErrorsOf(r *Rule) []ApplicationErrors {
	var out []ApplicationErrors
	for _, o := range r.outcomes() {
		var prints []Print
		programs.Each(o, func(program, says string) {
			if p := (Print{Program: program, Says: says}); !slices.Contains(prints, p) {
				prints = append(prints, p)
			}
		})
		if len(prints) > 0 {
			out = append(out, ApplicationErrors{When: o.String(), Prints: prints})
		}
	}
	return out
}

// Outcomes that several rules share, for Effects.
var (
	resetOutcomes   = []programs.Outcome{programs.NoResponse, programs.MidBody, programs.Stream, programs.Push}
	closedOutcomes  = []programs.Outcome{programs.EOF, programs.EOFMidBody, programs.EOFStream, programs.EOFPush}
	lostOutcomes    = []programs.Outcome{programs.ClientGone, programs.ClientClosed, programs.OwnLimit}
	openingOutcomes = []programs.Outcome{programs.ConnectLimit, programs.NoResponse, programs.ClientGone}
	closingOutcomes = slices.Concat(closedOutcomes, []programs.Outcome{programs.EOFHandshake}, resetOutcomes,
		lostOutcomes)
	givingUpOutcomes = []programs.Outcome{programs.GiveUp, programs.NoResponse, programs.OwnLimit, programs.ClientGone}
	usualOutcomes    = slices.Concat(resetOutcomes, []programs.Outcome{programs.Handshake}, closedOutcomes,
		[]programs.Outcome{programs.EOFHandshake}, lostOutcomes)
)

// outcomes lists what resets of the rule put an application into, its own side's included.
func (r *Rule) outcomes() []programs.Outcome {
	switch {
	case r.Effects.Outcomes != nil:
		return r.Effects.Outcomes
	case r.Cause == ClosedPort:
		return []programs.Outcome{programs.Refused}
	}
	return usualOutcomes
}

// connectLimit is Effects.Own of rules by which a client stopped waiting for the connection.
func connectLimit(*facts.Facts) (programs.Outcome, string) {
	return programs.ConnectLimit, "The client itself most likely had a time limit for connecting, which ran out"
}
