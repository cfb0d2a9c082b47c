package kernel

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed reasons.tsv
var reasonTable string

// A Reason is what a kernel means by one of its reasons.
type Reason struct {
	Name  string
	SYN   bool // of a RST that answers a SYN without ACK
	Other bool // of any other
	After bool // of any other, once the host had accepted a RST on the connection
	Rule  string
	Rules []string // the IDs of the rules that fit
	Means string
}

// Reasons returns the table of reasons.
var Reasons = sync.OnceValue(func() []Reason {
	var out []Reason
	for _, l := range strings.Split(reasonTable, "\n") {
		f := strings.Split(l, "\t")
		if len(f) != 5 || l[0] == '#' {
			continue
		}
		out = append(out, Reason{Name: f[0], SYN: f[1] == "any" || f[1] == "syn", Other: f[1] == "any" || f[1] == "other",
			After: f[1] == "after", Rule: f[2], Rules: strings.Fields(f[3]), Means: f[4]})
	}
	return out
})

// reasonFor returns the row of a reason, nil for one that says nothing.
func reasonFor(name string, syn, after bool) *Reason {
	all := Reasons()
	var found *Reason
	for i := range all {
		r := &all[i]
		switch {
		case r.Name != name:
		case after && !syn && r.After:
			return r
		case syn && r.SYN || !syn && r.Other:
			found = r
		}
	}
	return found
}

func (r *Reason) fits(id string) bool { return slices.Contains(r.Rules, id) }
