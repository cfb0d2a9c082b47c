package claims

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A negative is a clause that states an absence, and the kinds of claims of which one must be among the reset's,
// without limits, for the sentence to state it. Kinds that show it by something that is there end with "+": they have
// no limits.ts.
type negative struct {
	clause *regexp.Regexp
	kinds  string
}

// hedged are the words of a sentence that states only what this capture shows.
var hedged = regexp.MustCompile(`\b(captured?|seen)\b`)

// negatives are all absences that summaries and why-nots state. What another says of a packet, in quotes, is not among
// them.
var negatives = []negative{
	{regexp.MustCompile(`(was|were) (perhaps )?not answered( in full)?|unanswered|did not answer`),
		"unanswered no-response sent-after+ unacked keep-alive-probes+ window-probes+"},
	{regexp.MustCompile(`without an acknowledgment|and not acknowledged`), "unacked acked-each-time+"},
	{regexp.MustCompile(`were unacknowledged`), "unacked-data"},
	{regexp.MustCompile(`without the close_notify`), "no-close-notify"},
	{regexp.MustCompile(`before any request was sent|sent no request`), "nothing-asked nothing-sent"},
	{regexp.MustCompile(`without serving anything|before sending any data`),
		"nothing-asked nothing-sent unanswered no-response handshake-open"},
	{regexp.MustCompile(`without closing it`), "no-fin"},
	{regexp.MustCompile(`before the (TLS )?handshake was finished`), "handshake-open"},
	{regexp.MustCompile(`in mid-response|still coming`), "delivered not-ended sends-on+ unacked-data"},
	{regexp.MustCompile(`before the header of .{3,30}request was complete`), "not-ended"},
	{regexp.MustCompile(`had sent no message for`), "last-sent"},
	{regexp.MustCompile(`does not acknowledge the SYN`), "bad-ack+"},
	{regexp.MustCompile(`had not reached it yet, or was not accepted|the first RST was not accepted|still does not know`),
		"same-event+"},
	{regexp.MustCompile(`no longer (has|had)|does not (have|know)|has no such connection|belongs to no connection`),
		"reply-to+ echoes-both+ reply-unseen answers-reset+ reply-with-ack+ seq-not-next+"},
	{regexp.MustCompile(`nothing accepts connections`), "reply-to+ refusal-offset+ refused-count+ reply-unseen"},
	{regexp.MustCompile(`did not accept (the|that) RST`), "opened-after+ challenge-ack+"},
	{regexp.MustCompile(`was not there yet`), "accepted-elsewhere+"},
	{regexp.MustCompile(`did not send this RST|most likely sent neither|not the (client|server) itself|not by the (client|server) itself|does not come from`), "ttl-differs+ ip-id-copied+ window-copied+ mac-differs+ sends-after-reset+ acks-after-reset+ accepts-after-reset+ seq-outside+ guesses-seq+ repeated+ too-soon+ too-soon-elsewhere+ both-reset+ captured-once+ reply-with-ack+ over-before+ ip-id-not-zero+ ip-id-breaks+ answers-reset+ wrong-echo+"},
	{regexp.MustCompile(`No host does so`), "answers-reset+"},
	{regexp.MustCompile(`Nothing was lost`), "answers-reset+ over-before+"},
	{regexp.MustCompile(`no second reset`), "duplicate+"},
	{regexp.MustCompile(`its own TCP did not make`), "odd-syn+ odd-flags+"},
	{regexp.MustCompile(`segment without ACK and SYN`), "reply-to+"},
	{regexp.MustCompile(`says what went wrong, not the RST`), "response+ last-message+ goodbye+"},
	{regexp.MustCompile(`nothing left to reset`), "fin-acked+"},
	{regexp.MustCompile(`had not closed in return`), "no-fin"},
	{regexp.MustCompile(`\b(idle|silent)\b`), "idle silent keep-alive-probes+"},
	{regexp.MustCompile(`could not go on`), "window-closed"},
}

var negation = regexp.MustCompile(`(?i)\b(no|not|never|nothing|nobody|none|neither|nor|without)\b|\bun(answered|acknowledged|finished)\b`)

// unshown returns the absences that a sentence states although no claim of the reset shows them, in a capture that
// could have shown the opposite.
func (q *question) unshown(says string) (wrong []string) {
	for _, quote := range q.quoted() {
		says = strings.ReplaceAll(says, quote, "")
	}
	rest := says
	for _, n := range negatives {
		found := n.clause.FindString(rest)
		if found == "" {
			continue
		}
		rest = n.clause.ReplaceAllString(rest, "")
		if !hedged.MatchString(says) && !q.shows(n.kinds) {
			wrong = append(wrong, fmt.Sprintf("no claim shows %q", found))
		}
	}
	if found := negation.FindString(rest); found != "" && !hedged.MatchString(says) {
		wrong = append(wrong, fmt.Sprintf("it is not known which claim shows what %q states", found))
	}
	return wrong
}

// finished returns what is wrong with a sentence that says that the exchange was complete: a message before the RST, or
// before the close that the data which comes later crossed, must have ended it.
func (q *question) finished(says string) (wrong []string) {
	if !strings.Contains(says, "after the exchange was complete") {
		return nil
	}
	for _, evidence := range q.r.lists() {
		for i := range evidence {
			e := &evidence[i]
			if !slices.Contains(ending, e.Claim) || len(e.Frames) == 0 {
				continue
			}
			p := q.c.byFrame[e.Frames[0]]
			overtaken := p != nil && p.Src == q.sender && above(q.rst.SEQ, p.DataEnd()) >= 0 && q.r.Origin == "endpoint"
			if e.Frames[0] < q.r.Frame || overtaken {
				return nil
			}
		}
	}
	return []string{"no claim names the message that completed the exchange"}
}

// ending are the kinds of claims that name the message which completes an exchange.
var ending = []string{"last-message", "response", "goodbye", "no-close-notify"}

// quoted returns the texts that claims quote.
func (q *question) quoted() (all []string) {
	for _, evidence := range q.r.lists() {
		for i := range evidence {
			if text := evidence[i].Values.Text; text != "" {
				all = append(all, text)
			}
		}
	}
	return all
}

// shows reports whether a claim of one of these kinds is among the reset's.
func (q *question) shows(kinds string) bool {
	for _, evidence := range q.r.lists() {
		for i := range evidence {
			for _, k := range strings.Fields(kinds) {
				if bare, sure := strings.CutSuffix(k, "+"); evidence[i].Claim == bare && (sure || !evidence[i].Limited) {
					return true
				}
			}
		}
	}
	return false
}

// harms are the answers to whether a RST did harm, and the kinds of claims of which one must be among the reset's, or,
// for the harmless one, must not.
var harms = []struct{ begins, kinds, without string }{
	{"No effect: the connection went on", "sends-after-reset sends-on opened-after challenge-ack retransmits-after " +
		"acks-after-reset out-of-window", ""},
	{"Harmless: it ended an old connection", "other-ack reply-to", ""},
	{"Harmless: nothing shows that an exchange was lost", "", "unanswered no-response delivered not-ended handshake-open"},
	{"Harmless in itself: the client had closed before", "closed-by fin-acked closed-unseen", ""},
	{"Harmless in itself: the server had closed before", "closed-by fin-acked closed-unseen", ""},
	{"Harmless: only a keep-alive ping was unanswered", "unanswered no-response", ""},
	{"No exchange was lost: the SYNs of the flood were refused", "askers", ""},
	{"Possibly harmful", "", ""},
	{"Not harmless: a connection was refused", "reply-to refusal-offset reply-unseen echoes-both abort", ""},
	{"Not harmless: an exchange was interrupted", "unanswered no-response sent-after handshake-open delivered " +
		"not-ended unacked-data sends-on no-close-notify nothing-asked nothing-sent after-close unread reply-to " +
		"echoes-both unacked window-closed window-fell retransmitted refused-elsewhere response", ""},
	{"Not harmless: a transaction was open", "transaction", ""},
	{"Not harmless: what the client sent after the close was lost", "after-close reply-to reply-unseen", ""},
	{"Not harmless: the client's connection was dropped before it could use it", "nothing-asked nothing-sent", ""},
	{"Not harmless: the connection cannot be opened like this", "same-syn", ""},
	{"Not harmless: a connection in use was broken", "unacked keep-alive-probes window-probes retransmitted reply-to " +
		"reply-unseen echoes-both last-segment answers-reset", ""},
}

// harm checks the answer to whether the RST did harm.
func (q *question) harm(out *Result) {
	count := out.kind("harm")
	count.Claims++
	wrong := "nothing is known of this answer"
	for _, h := range harms {
		if !strings.HasPrefix(q.r.Harm, h.begins) {
			continue
		}
		switch {
		case h.kinds != "" && !q.shows(strings.ReplaceAll(h.kinds, " ", "+ ")+"+"):
			wrong = "no claim shows it"
		case h.without != "" && q.shows(h.without):
			wrong = "a claim shows that something was left undone"
		default:
			count.Full++
			return
		}
	}
	count.Wrong++
	out.Violations = append(out.Violations, Violation{q.c.Path, q.r.Frame, "harm", q.r.Harm, q.r.Detail + ": " + wrong})
}
