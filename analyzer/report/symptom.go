package report

import (
	"slices"
	"strings"
)

// SymptomLines describes the symptom of r in lines: what the application got, what the programs print that the bytes of
// the connection name, and where to find what others print. A phrase that several programs print stands once.
func (r *Reset) SymptomLines() []string {
	if r.Symptom == "" {
		return nil
	}
	manual := ""
	if r.MorePrints > 0 || len(r.Prints) > 0 {
		manual = "rstexplain rules " + r.Detail
	}
	says, programs := r.namedPrints()
	if len(says) == 0 {
		if manual == "" {
			return []string{r.Symptom}
		}
		return []string{r.Symptom + "; what programs print then: " + manual}
	}
	out := []string{r.Symptom + ":"}
	for i := range says {
		out = append(out, strings.Join(programs[i], ", ")+": "+says[i])
	}
	return append(out, "other programs: "+manual)
}

// namedPrints returns the phrases of the programs that the bytes of the connection name, and for each the programs that
// print it.
func (r *Reset) namedPrints() (says []string, programs [][]string) {
	sides := map[string]bool{}
	for _, p := range r.Prints {
		if p.Named {
			sides[p.By] = true
		}
	}
	for _, p := range r.Prints {
		if !p.Named {
			continue
		}
		who := p.Program
		if len(sides) > 1 {
			who += map[string]string{"originator": " (client)", "responder": " (server)"}[p.By]
		}
		if i := slices.Index(says, p.Says); i >= 0 {
			programs[i] = append(programs[i], who)
		} else {
			says, programs = append(says, p.Says), append(programs, []string{who})
		}
	}
	return says, programs
}
