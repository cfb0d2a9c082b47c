package claims

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The sentences of a reset beside its claims are its summary, why other causes are less likely, whether it did harm,
// what the application got, what to do and what to capture. They state nothing about packets that no claim of the same
// reset states.

var (
	reference = regexp.MustCompile(`RFC \d+( §[\d.]+)?`)
	quantity  = regexp.MustCompile(`−?\d+(\.\d+)?( (µs|ms|s|min|h|days|bytes?|kB|MB|GB|times))?\b`)
	measured  = regexp.MustCompile(`^\d+ (bytes?|kB|MB|GB|keep-alive|zero-window)`)
	often     = regexp.MustCompile(`\b(once|twice)\b`)
	name      = regexp.MustCompile(`[\pL\d][^\s,;()]*[./:_@][^\s,;()]*[\pL\d]`)
	quotes    = regexp.MustCompile(`\(([^()]*)\)`)
	capital   = regexp.MustCompile(`[^.:] \(?(\p{Lu}[\pL\d+-]*)`)
)

// field has the words of RFC 9293 and of TLS that are written in capitals.
var field = map[string]bool{
	"RST": true, "SYN": true, "FIN": true, "ACK": true, "SYN-ACK": true, "RST+ACK": true,
	"TCP": true, "TLS": true, "ACKs": true,
	"SEQ": true, "RSTs": true, "SYNs": true, "FINs": true, "ICMP": true, "IP": true, "Client": true,
	"Server": true, "Hello": true, "MPTCP": true,
}

// sentences checks what a reset says beside its claims.
func (q *question) sentences(out *Result) {
	r, all := q.r, q.stated()
	q.check(out, all, "summary", r.Summary)
	if r.Harm != "" {
		q.harm(out)
	}
	for _, a := range r.Alternatives {
		q.check(out, all, "why-not", a.WhyNot)
	}
	q.advice(out, all, "symptom", r.Symptom)
	q.advice(out, all, "remedy", r.Remedy)
	q.advice(out, all, "capture-next", r.CaptureNext)
}

func (q *question) check(out *Result, all, kind, says string) {
	if says == "" {
		return
	}
	count := out.kind(kind)
	count.Claims++
	wrong := slices.Concat(q.unstated(all, says), q.unshown(says), q.finished(says))
	if len(wrong) == 0 {
		count.Full++
		return
	}
	count.Wrong++
	out.Violations = append(out.Violations, Violation{q.c.Path, q.r.Frame, kind, says, q.r.Detail +
		": " + strings.Join(wrong, "; ")})
}

// stated returns all that the claims of the reset state, one line each, and the connection's own addresses and ports.
func (q *question) stated() string {
	var b strings.Builder
	for _, evidence := range q.r.lists() {
		for i := range evidence {
			e := &evidence[i]
			fmt.Fprintln(&b, e.Says)
			fmt.Fprintln(&b, e.Values.Text)
			if n := e.Values.Count; e.Claim == "retransmitted" {
				fmt.Fprintf(&b, "%d retransmissions, %d retransmission\n", n, n)
			}
			for _, n := range e.Frames {
				fmt.Fprintln(&b, "frame", n)
			}
		}
	}
	for _, end := range []string{q.r.Originator, q.r.Responder} {
		fmt.Fprintln(&b, end)
	}
	fmt.Fprintln(&b, "port", q.sender.Port())
	return b.String()
}

// unstated returns the figures and names of a sentence that stand in no claim.
func (q *question) unstated(all, says string) (wrong []string) {
	says = reference.ReplaceAllString(says, "")
	miss := func(what, token string) {
		if !standsIn(all, token) {
			wrong = append(wrong, fmt.Sprintf("the %s %q stands in no claim", what, token))
		}
	}
	for _, m := range quotes.FindAllStringSubmatch(says, -1) {
		if text := strings.TrimPrefix(strings.TrimPrefix(m[1], "last: "), "Client Hello for "); !measured.MatchString(text) &&
			!strings.Contains(all, text) {
			wrong = append(wrong, fmt.Sprintf("the text %q stands in no claim", text))
		}
	}
	for _, quote := range q.quoted() {
		says = strings.ReplaceAll(says, quote, "")
	}
	for _, token := range name.FindAllString(says, -1) {
		if _, err := strconv.ParseFloat(token, 64); err != nil {
			miss("name", token)
			says = strings.ReplaceAll(says, token, "")
		}
	}
	for _, token := range quantity.FindAllString(says, -1) {
		miss("figure", token)
	}
	for _, token := range often.FindAllString(says, -1) {
		miss("figure", token)
	}
	for _, m := range capital.FindAllStringSubmatch(says, -1) {
		if !field[m[1]] {
			miss("name", m[1])
		}
	}
	return wrong
}

// standsIn reports whether a text has a token that is no part of a longer number or word.
func standsIn(text, token string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], token)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at+i])
		at += i + len(token)
		after, _ := utf8.DecodeRuneInString(text[at:])
		if before != '.' && !wordly(before) && !wordly(after) {
			return true
		}
	}
}

func wordly(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
