package rules

import (
	"fmt"
	"regexp"
	"slices"
)

var (
	ruleID  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	rfcForm = regexp.MustCompile(`^RFC [0-9]+ §[0-9A-Z]+(\.[0-9]+)*$`)
)

// Validate returns an error for the first rule that is not fit to be shown: without an ID or cause of the right form,
// undocumented in any part, without an RFC section, without a way to match, named twice, or placed after a fallback.
// Those who add rules of their own check the whole list that they give to Options.Rules.
func Validate(list []*Rule) error {
	names := map[string]bool{}
	fallback := ""
	for i, r := range list {
		switch {
		case r == nil:
			return fmt.Errorf("rule %d is nil", i)
		case !ruleID.MatchString(r.ID):
			return fmt.Errorf("rule %d: ID %q is not in kebab-case", i, r.ID)
		case names[r.ID]:
			return fmt.Errorf("rule %s: named twice", r.ID)
		case !slices.Contains(Causes, r.Cause):
			return fmt.Errorf("rule %s: cause %q is not one of the five", r.ID, r.Cause)
		case r.Severity != Info && r.Severity != Warning && r.Severity != Error:
			return fmt.Errorf("rule %s: severity %q", r.ID, r.Severity)
		case r.Match == nil || r.Explain == nil:
			return fmt.Errorf("rule %s: Match or Explain is missing", r.ID)
		case fallback != "" && !r.Fallback:
			return fmt.Errorf("rule %s: comes after the fallback %s and would not be asked: put it before", r.ID, fallback)
		case len(r.RFC) == 0:
			return fmt.Errorf("rule %s: no RFC section", r.ID)
		}
		names[r.ID] = true
		if r.Fallback {
			fallback = r.ID
		}
		for _, s := range r.RFC {
			if !rfcForm.MatchString(s) {
				return fmt.Errorf("rule %s: %q is not of the form \"RFC 9293 §3.5\"", r.ID, s)
			}
		}
		for _, part := range []struct{ name, text string }{
			{"Title", r.Doc.Title}, {"Happened", r.Doc.Happened}, {"Recognised", r.Doc.Recognised},
			{"LookAlikes", r.Doc.LookAlikes},
			{"Prints", r.Doc.Prints}, {"Remedy", r.Doc.Remedy}, {"Limits", r.Doc.Limits},
		} {
			if part.text == "" {
				return fmt.Errorf("rule %s: undocumented: Doc.%s is empty", r.ID, part.name)
			}
		}
	}
	return nil
}
