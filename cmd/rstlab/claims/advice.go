package claims

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What an application got, what to do, and what to capture is no statement about packets but for some clauses: those of
// statements, times of frames, and figures with a unit. Each must stand in a claim.

// statements are the clauses of such sentences that state something about packets, and the kinds of claims that show
// it, as in negatives.
var statements = []negative{
	{regexp.MustCompile(`at the first RST of the event`), "same-event+ duplicate+ reset-before+"},
	{regexp.MustCompile(`nothing more than at frame`),
		"same-event+ duplicate+ also-reset+ reset-before+ over-before+ closed-by+"},
	{regexp.MustCompile(`the handshake was not (finished, so that it was never handed the connection|finished|completed, and no application got the connection)`),
		"syn+ syn-ack+ other-ack+ bad-ack+ no-syn+ reply-to+"},
	{regexp.MustCompile(`(had|has) given up before the RST came`), "closed-by+ closed-unseen+ fin-acked+"},
	{regexp.MustCompile(`if its TCP drops it as the numbers say|which its TCP does not accept`),
		"out-of-window+ in-window+ at-fin+ not-for-syn+ challenge-ack+ wrong-echo+"},
	{regexp.MustCompile(`did not accept this RST, and the connection opened|the connection opened afterwards`),
		"opened-after+ accepts-after-reset+"},
	{regexp.MustCompile(`no application had opened this connection`),
		"unasked+ no-syn+ odd-flags+ syn-data+ ttl-differs+ mac-differs+"},
	{regexp.MustCompile(`which still had the old connection`), "other-ack+ reply-to+"},
	{regexp.MustCompile(`does not trust`), "alert+"},
	{regexp.MustCompile(`whoever floods waits for no answer`), "askers+"},
	{regexp.MustCompile(`it had sent its close_notify`), "goodbye+"},
	{regexp.MustCompile(`An exchange was unfinished`), "unanswered+ no-response+ sent-after+ delivered+ not-ended+ " +
		"handshake-open+ unacked-data+ sends-on+ after-close+ nothing-asked+ nothing-sent+ unread+ window-fell+ sending+ " +
		"no-close-notify+"},
	{regexp.MustCompile(`stopped waiting after`), "unanswered no-response sent-after+ unacked"},
	{regexp.MustCompile(`Nothing was lost\.`), "answers-reset+ over-before+ opened-after+ no-handshake+ reply-to+"},
	{regexp.MustCompile(`the connection was over`),
		"over-before+ fin-acked+ closed-by+ goodbye+ last-message+ reset-before+"},
	{regexp.MustCompile(`'s last message( \([^)]*\))?: it says why`),
		"verdict+ goodbye+ last-message+ response+ handshake-open+"},
	{regexp.MustCompile(`the unanswered request`), "unanswered no-response"},
	{regexp.MustCompile(`can be seen to|was seen to`), "none"},
	{regexp.MustCompile(`have no TLS version, cipher or parameter in common|The certificate of the other side is not trusted`),
		"alert+"},
}

// counsel are the clauses with a negation that only advise, or say what may be the case.
var counsel = regexp.MustCompile(`do(es)? not (set|read)|does not read|noticed nothing|notices nothing( but)?|[Nn]othing to repair|^[Nn]othing:|Most likely nothing|nothing more|` +
	`is not (in it|intended|in this capture|expected)|are not( in it)?|why (the capture does not hold it|no answer came)|is not what TLS expects|if no scan is expected|send nothing more|neither the answer nor the RST is in that capture|` +
	`without (loss|closing)|do not arrive here|Where its response was not complete, which encryption hides|of which no|without the connection`)

// constants are the figures of advice that say nothing about the capture.
var constants = regexp.MustCompile(`\(Go reads up to 256 kB\)|Go reads up to 256 kB|within a minute`)

var (
	timed    = regexp.MustCompile(` at ((\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3})( UTC)? \((frame|line) (\d+)\)`)
	unit     = regexp.MustCompile(`−?\d+(\.\d+)? (µs|ms|s|min|h|days|bytes?|kB|MB|GB|times|retransmissions?)\b`)
	ofFrame  = regexp.MustCompile(`\bframes? (\d+)`)
	harmless = regexp.MustCompile(`^Harmless(\.|:| )`)
)

// advice checks a sentence that advises.
func (q *question) advice(out *Result, all, kind, says string) {
	if says == "" {
		return
	}
	count := out.kind(kind)
	count.Claims++
	wrong := q.misadvised(all, says)
	if kind == "remedy" && harmless.MatchString(says) && !strings.HasPrefix(says,
		"Harmless where") && !strings.HasPrefix(says, "Harmless in itself") &&
		strings.HasPrefix(q.r.Harm, "Not harmless") {
		wrong = append(wrong, fmt.Sprintf("the harm is %q", q.r.Harm))
	}
	if kind == "symptom" && strings.Contains(says, "application most likely noticed nothing") &&
		strings.HasPrefix(q.r.Harm,
			"Not harmless") {
		wrong = append(wrong, fmt.Sprintf("the harm is %q", q.r.Harm))
	}
	if len(wrong) == 0 {
		count.Full++
		return
	}
	count.Wrong++
	out.Violations = append(out.Violations, Violation{q.c.Path, q.r.Frame, kind, says, q.r.Detail +
		": " + strings.Join(wrong, "; ")})
}

func (q *question) misadvised(all, says string) (wrong []string) {
	for _, m := range timed.FindAllStringSubmatch(says, -1) {
		n, _ := strconv.Atoi(m[5])
		p := q.c.byFrame[n]
		switch {
		case m[4] == "line": // of a text, which the checker does not read
		case p == nil:
			wrong = append(wrong, fmt.Sprintf("there is no frame %d", n))
		case !strings.HasPrefix(time.Unix(0, p.Time).UTC().Format("2006-01-02 15:04:05.000"), m[1]) &&
			time.Unix(0, p.Time).UTC().Format("15:04:05.000") != m[1]:
			wrong = append(wrong, fmt.Sprintf("frame %d was captured at %s", n,
				time.Unix(0, p.Time).UTC().Format("2006-01-02 15:04:05.000")))
		case n != q.r.Frame && p.Stream != q.r.Stream:
			wrong = append(wrong, fmt.Sprintf("frame %d is of another connection", n))
		}
	}
	for _, what := range []struct {
		after string
		is    func(*Packet) bool
	}{{"'s FIN at ", func(p *Packet) bool { return p.Has(FIN) || q.names("closed-unseen", p.Frame) }},
		{"RST at ", func(p *Packet) bool { return p.Has(RST) }}, {"request at ", func(p *Packet) bool { return p.Len > 0 }}} {
		for _, part := range strings.Split(says, "; ") {
			if m := timed.FindStringSubmatch(part); m != nil && strings.Contains(part, what.after) {
				n, _ := strconv.Atoi(m[5])
				if p := q.c.byFrame[n]; p != nil && !what.is(p) {
					wrong = append(wrong, fmt.Sprintf("frame %d is none", n))
				}
			}
		}
	}
	rest := timed.ReplaceAllString(says, "")
	for _, m := range ofFrame.FindAllStringSubmatch(rest, -1) {
		if !standsIn(all, "frame "+m[1]) {
			wrong = append(wrong, fmt.Sprintf("frame %s stands in no claim", m[1]))
		}
	}
	rest = constants.ReplaceAllString(rest, "")
	for _, figure := range unit.FindAllString(rest, -1) {
		if !standsIn(all, figure) {
			wrong = append(wrong, fmt.Sprintf("the figure %q stands in no claim", figure))
		}
	}
	for _, quote := range q.quoted() {
		rest = strings.ReplaceAll(rest, quote, "")
	}
	for _, s := range statements {
		if found := s.clause.FindString(rest); found != "" {
			rest = s.clause.ReplaceAllString(rest, "")
			if !q.shows(s.kinds) {
				wrong = append(wrong, fmt.Sprintf("no claim shows %q", found))
			}
		}
	}
	rest = counsel.ReplaceAllString(rest, "")
	if found := negation.FindString(rest); found != "" {
		wrong = append(wrong, fmt.Sprintf("it is not known which claim shows what %q states", found))
	}
	return wrong
}

// names reports whether a claim of a kind rests on a frame.
func (q *question) names(kind string, frame int) bool {
	for _, evidence := range q.r.lists() {
		for i := range evidence {
			if e := &evidence[i]; e.Claim == kind && slices.Contains(e.Frames, frame) {
				return true
			}
		}
	}
	return false
}
