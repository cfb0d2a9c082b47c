package rules

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

//go:generate go test -run TestCausesPage -update

var update = flag.Bool("update", false, "write docs/causes.md anew")

// causesPage is where the page generated from the rules is kept.
const causesPage = "../docs/causes.md"

// TestCausesPage: docs/causes.md is what the rules say. Run it with -update after a rule has changed.
func TestCausesPage(t *testing.T) {
	want := causesMarkdown()
	if *update {
		if err := os.WriteFile(causesPage, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(causesPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run go generate ./rules", causesPage)
	}
}

// labels are the five causes for the page's first table.
var labels = map[Cause][2]string{
	ClosedPort:        {"The port did not accept the connection", "It was asked to open a connection that nothing there accepts."},
	PeerCrash:         {"The peer let go with something left undone", "It had given the connection up with unfinished business: its process or host died, or its application closed in the middle of the exchange."},
	UnknownConnection: {"The connection is not known there", "A segment reached it for a connection that it does not have: never had, finished long ago, or forgotten."},
	RetransmitTimeout: {"The peer stopped answering", "It gave up on a peer that no longer answered its data, probes or handshake."},
	FastClose:         {"A deliberate, quick end", "It released the connection on purpose, with nothing left undone: the exchange was complete, or never wanted."},
}

// signTable are the signs of another sender, strongest first.
var signTable = []struct {
	weight float64
	says   string
}{
	{signGoesOn, "The side that the RST names goes on sending or acknowledging as if nothing had happened."},
	{signStepping, "Several RSTs guess at sequence numbers beyond all that this side had sent."},
	{signTooSoon, "The RST follows what it answers sooner than this side can be reached and answer; half as much where the distance was measured only once."},
	{signOtherHops, "The TTL (hop limit) is that of a host at another distance, where this side's never changes; somewhat less where few packets were seen."},
	{signOneCopyOfMany, "It was captured once where each of the connection's other packets was captured twice, as on a router that forwards them."},
	{signBeyond, "Its sequence number lies beyond all that this side had sent."},
	{signCopiedIPID, "Its IP ID is copied from the segment that it answers."},
	{signBehind, "Its sequence number lies behind what this side had sent, and no segment explains it."},
	{signIdle, "Both ends were reset at one moment, after a silence (in addition to the next)."},
	{signOneHop, "The TTL is one off: also seen with PPPoE and changing paths."},
	{signBothWays, "Both ends get a RST in the other's name at one moment."},
	{signOtherMAC, "It comes from another Ethernet address."},
	{signOtherStart, "Another TTL, but as many hops away: a stack may begin with another value."},
	{signOpening, "It comes directly after the client's first data, where filters decide (only together with others)."},
	{signDead, "This side's connection had ended before by a RST of the other side."},
	{signNotReply, "It answers late data with RST+ACK, where a host without the connection sends a bare RST."},
	{signIPIDBreak, "Its IP ID is out of this side's count."},
	{genuineTTL, "The TTL is that of this side's other packets, and it comes from afar."},
	{genuineIPID, "Its IP ID goes on where this side's last packet stopped."},
	{genuineTS, "Its timestamp goes on from this side's last one."},
}

func causesMarkdown() []byte {
	var b bytes.Buffer
	p := func(format string, a ...any) { fmt.Fprintf(&b, format, a...) }
	p("<!-- Generated from the rules by go generate ./rules. Do not edit. -->\n\n")
	p("# Why a connection was reset\n\n")
	p("A RST is a TCP segment that ends a connection at once. Applications print it as \"connection reset by peer\" or \"connection refused\", and neither\n")
	p("says why. rstexplain gives each RST one of five labels, which answer one question: why did the stack that sent this RST send it?\n\n")
	p("| label | in a word | the sender's situation |\n|---|---|---|\n")
	for _, c := range Causes {
		p("| `%s` | %s | %s |\n", c, labels[c][0], labels[c][1])
	}
	p("\nBeside the label stand a finer *detail* (the rule that spoke, below), the *origin* (who really sent the RST), a *confidence* (the probability that the\n")
	p("label is right) and the other causes that the packets leave open.\n\n")
	p("The rules are asked in the order of this page; the first that fits gives the label. Two questions decide most cases. Does the RST *answer* a segment, or\n")
	p("is it its sender's *own decision*? RFC 9293 §3.5.2 and §3.10.7 fix the numbers of an answer: a segment with ACK draws a RST without ACK whose sequence\n")
	p("number is that acknowledgment; a segment without ACK draws a RST+ACK with sequence number 0. And: when the sender *let go* of the connection (by its FIN, else\n")
	p("by its first RST), was something *left undone*: a request unanswered, a response cut short, data of the peer under way? That is the line between\n")
	p("`peer-crash` and `fast-close`.\n\n")
	p("| detail | label | usual severity | in a word |\n|---|---|---|---|\n")
	for _, r := range All() {
		p("| [%s](#%s) | `%s` | %s | %s |\n", r.ID, r.ID, r.Cause, r.Severity, r.Doc.Title)
	}
	hits := map[string]string{}
	for _, s := range scripts() {
		hits[s.rule] = s.hit
	}
	for _, r := range All() {
		p("\n## %s\n\n**%s.** Label `%s`, usually %s.\n\n", r.ID, r.Doc.Title, r.Cause, r.Severity)
		for _, part := range [][2]string{{"What happened", r.Doc.Happened}, {"How it is recognised", r.Doc.Recognised}, {"What looks alike", r.Doc.LookAlikes},
			{"What the application prints", r.Doc.Prints}, {"What to do", r.Doc.Remedy}, {"What cannot be known", r.Doc.Limits}} {
			p("**%s.** %s\n\n", part[0], part[1])
		}
		p("**To read.** %s\n\n", strings.Join(r.RFC, ", "))
		p("**An example**, as segments in text (`>` is the client, `<` the server; sequence numbers relative; `R` is the RST in question, the last):\n\n```\n%s\n```\n", example(hits[r.ID]))
	}
	p("\n# Repeats\n\nA host that has let go answers every segment that was still under way with a RST of its own. Such RSTs carry the label of the first and point to it.\n")
	p("So do SYNs that are refused again, and copies that the capture made. What comes later than a round trip, and does not show that its sender never got the first\n")
	p("RST, is `unknown-connection` ([late-segment](#late-segment)); after a [retransmission timeout](#data-unacked) it keeps that label.\n")
	p("\n# Origin\n\nA RST may be sent by a device on the path in the name of one side. Each sign of that has a weight; from 1 on the report says `middlebox`, from 0.5 on `unknown`,\n")
	p("below that `endpoint`. No single weak sign decides. A forged RST gets the label of the situation that it imposes.\n\n| weight | sign |\n|---:|---|\n")
	for _, s := range signTable {
		p("| %+.1f | %s |\n", s.weight, s.says)
	}
	p("\nSources: N. Weaver, R. Sommer, V. Paxson, \"Detecting Forged TCP Reset Packets\" (NDSS 2009); R. Sundara Raman et al., \"Global, Passive Detection of Connection Tampering\"\n(SIGCOMM 2023); RFC 3360.\n")
	p("\n# Known idle times\n\nA silence before a RST is compared with these. It *matches* one of them; it never proves it. A file of your own can add more.\n\n| time | where | who | source |\n|---:|---|---|---|\n")
	list := slices.Clone(KnownTimeouts().list)
	slices.SortStableFunc(list, func(a, b Timeout) int { return int((a.After - b.After) / time.Millisecond) })
	for _, e := range list {
		p("| %g s | %s | %s | <%s> |\n", e.After.Seconds(), e.Where, e.Who, e.Source)
	}
	return b.Bytes()
}

// example tidies a script for the page.
func example(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	const most = 24
	if len(lines) > most {
		lines = append(slices.Clone(lines[:3]), append([]string{"…"}, lines[len(lines)-most+4:]...)...)
	}
	out := lines[:0]
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}
