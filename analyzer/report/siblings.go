package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/rules/claim"
)

// withSiblings returns list with the claims about other connections that the sender reset within a second in one item:
// their number, the time and the examples. A list without such claims is returned as it is.
func withSiblings(list []Evidence) []Evidence {
	kind, total := claim.AlsoReset.String(), claim.AlsoResetCount.String()
	first := slices.IndexFunc(list, func(e Evidence) bool { return e.Claim == kind })
	if first < 0 {
		return list
	}
	one := Evidence{Claim: kind, Side: list[first].Side}
	var examples []string
	count, says, apart := 0, "", time.Duration(0)
	rest := make([]Evidence, 0, len(list))
	for i := range list {
		e := &list[i]
		switch {
		case e.Claim == kind && e.Stream != nil:
			examples = append(examples, fmt.Sprint(*e.Stream))
			one.Frames = append(one.Frames, e.Frames...)
			one.Lines = append(one.Lines, e.Lines...)
			count++
			apart = max(apart, time.Duration(e.Values.Span).Abs())
		case e.Claim == total:
			says = e.Says
		default:
			rest = append(rest, *e)
		}
	}
	if count < 2 && says == "" {
		return list
	}
	streams := "streams " + joinedAnd(examples)
	if len(examples) == 1 {
		streams = "stream " + examples[0]
	}
	if says == "" {
		one.Says = fmt.Sprintf("the %s's host resets %s within %s: %s", sideWord(one.Side), counted(count,
			"other connection", "other connections"), lasted(apart), streams)
	} else {
		one.Says = says + ", for example " + streams
	}
	return slices.Insert(rest, min(first, len(rest)), one)
}

// sideWord is "client" or "server".
func sideWord(side string) string {
	if side == "originator" {
		return "client"
	}
	return "server"
}

// joinedAnd joins words as "1, 2 and 3".
func joinedAnd(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
