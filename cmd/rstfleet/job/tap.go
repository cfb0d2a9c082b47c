package job

import (
	"fmt"
	"regexp"
	"strings"
)

// A TapPattern says which part of the name of a capture is the tap that it was captured at.
type TapPattern struct{ match *regexp.Regexp }

// NewTapPattern returns the pattern of a text such as {tap}/*, which the end of a name matches: {tap} and * stand for
// any characters but /, ** for any.
func NewTapPattern(text string) (*TapPattern, error) {
	before, after, ok := strings.Cut(text, "{tap}")
	if !ok || strings.Contains(after, "{tap}") {
		return nil, fmt.Errorf("{tap} stands in it %d times instead of once", strings.Count(text, "{tap}"))
	}
	re := func(s string) string {
		s = regexp.QuoteMeta(s)
		s = strings.ReplaceAll(s, `\*\*`, `.*`)
		return strings.ReplaceAll(s, `\*`, `[^/]*`)
	}
	match, err := regexp.Compile(`(?:^|/)` + re(strings.TrimPrefix(before, "/")) + `([^/]+?)` + re(after) + `$`)
	if err != nil {
		return nil, err
	}
	return &TapPattern{match}, nil
}

// Tap returns the tap of a capture.
func (p *TapPattern) Tap(name string) (tap string, ok bool) {
	m := p.match.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	return m[1], true
}
