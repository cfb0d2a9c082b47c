package report

import (
	"strconv"
	"strings"
)

// SymptomLines describes the symptom of r in lines: what the application got, what the most likely programs print, and
// where to find what others print.
func (r *Reset) SymptomLines() []string {
	if r.Symptom == "" {
		return nil
	}
	out := []string{r.Symptom}
	if len(r.Prints) > 0 {
		out[0] += ":"
	}
	both := false
	for _, p := range r.Prints {
		both = both || p.By != r.Prints[0].By
	}
	for _, p := range r.Prints {
		who := p.Program
		if both {
			who += map[string]string{"originator": " (client)", "responder": " (server)"}[p.By]
		}
		out = append(out, who+": "+p.Says)
	}
	if n := r.MorePrints; n > 0 && len(r.Prints) > 0 {
		out = append(out, "and "+strconv.Itoa(n)+" more programs: rstexplain rules "+r.Detail)
	}
	return out
}

// symptomLine is SymptomLines in one line, for a cell.
func symptomLine(r *Reset) string {
	return strings.Replace(strings.Join(r.SymptomLines(), "; "), ":; ", ": ", 1)
}
