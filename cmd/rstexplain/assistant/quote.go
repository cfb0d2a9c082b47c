package assistant

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/rules/claim"
)

// ownTexts are the claims whose text no host chose: addresses, flags, and names from tables of the program.
var ownTexts = map[string]bool{
	claim.MatchesTimeout.String(): true, claim.MACDiffers.String(): true, claim.OddFlags.String(): true,
	claim.ICMPError.String(): true, claim.SYNSent.String(): true, claim.AlertSent.String(): true,
	claim.TLSVersion.String(): true,
}

// A quote replaces or marks text of the network in the sentences about a reset. Such text could be written for a model
// that reads it: a host name in a Client Hello, a path, an error message.
type quote struct {
	show  bool // mark it; otherwise it is replaced by its length
	texts []string
}

// quoting returns the quote for what is said about r.
func quoting(r *report.Reset, show bool) *quote {
	q := &quote{show: show}
	for _, list := range [...][]report.Evidence{r.Evidence, r.OriginWhy, r.Notes} {
		q.learn(list)
	}
	q.add(r.Segment.Payload)
	return q
}

// learn takes the texts of the network in a list of claims.
func (q *quote) learn(list []report.Evidence) {
	for i := range list {
		if e := &list[i]; !ownTexts[e.Claim] {
			q.add(e.Values.Text)
		}
	}
}

func (q *quote) add(text string) {
	if text != "" && !slices.Contains(q.texts, text) {
		q.texts = append(q.texts, text)
		slices.SortFunc(q.texts, func(a, b string) int { return len(b) - len(a) }) // a text may contain another
	}
}

// inParentheses finds what sentences quote in parentheses, up to the last one that closes: a text can have its own.
var inParentheses = regexp.MustCompile(`\((.*)\)`)

// ours finds what the program itself puts in parentheses.
var ours = regexp.MustCompile(`^(\d+$|RFC \d|frames? \d|lines? \d|SND\.|SEG\.|RCV\.|ECONN|EPIPE|ETIMEDOUT|connection |broken |[0-9., ]+ ?(bytes|kB|MB|GB|B|%|ms|µs|s|of)\b|close_notify\)?$|GNU |Linux )`)

// in returns a sentence with the texts of the network marked or replaced.
func (q *quote) in(sentence string) string {
	s := clean(sentence)
	for _, text := range q.texts {
		quoted := clean(text)
		s = outside(s, func(s string) string {
			if alt := strings.Trim(fmt.Sprintf("%q", text), `"`); alt != text && strings.Contains(s, clean(alt)) {
				s = strings.ReplaceAll(s, clean(alt), q.mark(alt))
			}
			return replaceWord(s, quoted, q.mark(text))
		})
	}
	return s
}

// inSummary does the same with a sentence that can quote texts which no claim has. It takes everything in parentheses
// that the program does not write itself for such a text.
func (q *quote) inSummary(sentence string) string {
	return outside(q.in(sentence), func(s string) string {
		return inParentheses.ReplaceAllStringFunc(s, func(group string) string {
			text := group[1 : len(group)-1]
			if ours.MatchString(text) && !strings.ContainsAny(text, "()") {
				return group
			}
			return "(" + q.mark(text) + ")"
		})
	})
}

// mark returns a text of the network between ⟦ and ⟧, or how long it is.
func (q *quote) mark(text string) string {
	if !q.show {
		return fmt.Sprintf("⟦%d characters, payload=true shows them⟧", utf8.RuneCountInString(text))
	}
	return "⟦" + clean(text) + "⟧"
}

// replaceWord replaces text where it stands alone: a text "a" is not the article of a sentence's every word.
func replaceWord(s, text, with string) string {
	if text == "" {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, text)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(text):])
		b.WriteString(s[:i])
		if inWord(before) && inWord(rune(text[0])) || inWord(after) && inWord(rune(text[len(text)-1])) {
			b.WriteString(text)
		} else {
			b.WriteString(with)
		}
		s = s[i+len(text):]
	}
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// outside applies do to the parts of s that are not marked.
func outside(s string, do func(string) string) string {
	var b strings.Builder
	for s != "" {
		from := strings.Index(s, "⟦")
		if from < 0 {
			break
		}
		to := strings.Index(s[from:], "⟧")
		if to < 0 {
			break
		}
		to += from + len("⟧")
		b.WriteString(do(s[:from]))
		b.WriteString(s[from:to])
		s = s[to:]
	}
	b.WriteString(do(s))
	return b.String()
}

// clean removes what could end a mark early, and what a reader does not see: controls, and formatting characters such
// as tags and zero-width spaces, in which text can be hidden.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '⟦' || r == '⟧' || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
			return '·'
		}
		return r
	}, report.Clean(s))
}
