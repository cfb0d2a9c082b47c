package rules

import "github.com/rstexplain/rstexplain/flows"

// A Case is a reset as the rules see it: what the observer saw, and what follows from it directly and
// is asked by more than one rule.
type Case struct {
	*flows.Reset
}
