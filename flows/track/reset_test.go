package track_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
)

// triggerFrame returns the frame of r's trigger, 0 for none.
func triggerFrame(r *flows.Reset) int {
	if r.Trigger == nil {
		return 0
	}
	return r.Trigger.Frame
}

func TestForms(t *testing.T) {
	for _, c := range []struct {
		name, script string
		form         flows.Class
		trigger      int
		accept       flows.Acceptability
		states       string // after the RST
	}{
		{"SYN to a closed port", "0 > S 0\n0.01 < R. =0 ack 1", flows.ClassReplyACK, 1, flows.AcceptSynSent, "CLOSED CLOSED"},
		{"fast-open SYN to a closed port", "0 > S 0:10(10)\n0.01 < R. =0 ack 11", flows.ClassReplyACK, 1, flows.AcceptSynSent, "CLOSED CLOSED"},
		{"SYN answered with a bare RST", "0 > S 0\n0.01 < R 5", flows.ClassBare, 0, flows.AcceptOutside, "SYN-SENT CLOSED"},
		{"SYN-ACK of a scanner's SYN", "0 > S 0\n0.01 < S. 0 ack 1\n0.01 > R 1", flows.ClassReply, 2, flows.AcceptExact, "CLOSED LISTEN"},
		{"health probe", "0 > S 0\n0.01 < S. 0 ack 1\n0.01 > R. 1 ack 1", flows.ClassActive, 2, flows.AcceptExact, "CLOSED LISTEN"},
		{"third ACK refused", shake + "+0.01 < R 1", flows.ClassReply, 3, flows.AcceptExact, "CLOSED CLOSED"},
		{"data meets a dead socket", shake + "+0.1 > P. 1:11(10) ack 1\n+0.01 < R 1 ipid 0", flows.ClassReply, 4, flows.AcceptExact, "CLOSED CLOSED"},
		{"decided by itself", shake + "+0.1 > P. 1:11(10) ack 1\n+0.01 < P. 1:5(4) ack 11\n+0.01 > . 11 ack 5\n+9 < R. 5 ack 11", flows.ClassActive, 0, flows.AcceptExact, "CLOSED CLOSED"},
		{"decided at once", shake + "+0.1 > P. 1:11(10) ack 1\n+0.01 < R. 1 ack 11", flows.ClassActive, 4, flows.AcceptExact, "CLOSED CLOSED"},
		{"after its own FIN", shake + "+0.1 < F. 1 ack 1\n+0.1 > P. 1:11(10) ack 2\n+0.01 < R 2", flows.ClassReply, 5, flows.AcceptExact, "CLOSED CLOSED"},
		{"the data crossed the FIN", shake + "+0.1 < F. 1 ack 1\n+0 > P. 1:11(10) ack 1\n+0.01 < R 1", flows.ClassReply, 5, flows.AcceptAtFIN, "CLOSED CLOSED"},
		{"in the window", shake + "+0.1 < R 100", flows.ClassBare, 0, flows.AcceptWindow, "ESTABLISHED CLOSED"},
		{"outside of the window", shake + "+0.1 < R 1000000", flows.ClassBare, 0, flows.AcceptOutside, "ESTABLISHED CLOSED"},
		{"below the window", shake + "+0.1 < P. 1:101(100) ack 1\n+0.1 < R 50", flows.ClassBare, 0, flows.AcceptOutside, "ESTABLISHED CLOSED"},
		{"below the window, and an ACK had this number", shake + "+0.1 < P. 1:101(100) ack 1\n+0.1 < R 1", flows.ClassReply, 3, flows.AcceptUnknown, "CLOSED CLOSED"}, // the client has acknowledged no more
		{"behind what is resent in vain", shake + "+0.1 < . 1:101(100) ack 1\n+0 < P. 101:151(50) ack 1\n+0.3 < . 1:101(100) ack 1\n+0.6 < . 1:101(100) ack 1\n+1.2 < R. 101 ack 1", flows.ClassUnclear, 0, flows.AcceptWindow, "ESTABLISHED CLOSED"},
		{"at what is resent in vain", shake + "+0.1 < . 1:101(100) ack 1\n+0.3 < . 1:101(100) ack 1\n+0.6 < . 1:101(100) ack 1\n+1.2 < R. 1 ack 1", flows.ClassUnclear, 0, flows.AcceptExact, "CLOSED CLOSED"},
		{"with ACK, nowhere", shake + "+0.1 < P. 1:101(100) ack 1\n+0.1 < R. 50 ack 1", flows.ClassUnclear, 0, flows.AcceptOutside, "ESTABLISHED CLOSED"},
		{"mid-stream, data answered", "0 > P. 1:11(10) ack 1\n0.01 < R 1", flows.ClassReply, 1, flows.AcceptExact, "CLOSED CLOSED"},
		{"mid-stream, nothing else", "0 < R 1", flows.ClassBare, 0, flows.AcceptUnknown, "CLOSED CLOSED"},
		{"segment without ACK answered", "0 > F 7\n0.01 < R. =0 ack 8", flows.ClassReplyACK, 1, flows.AcceptUnknown, "CLOSED CLOSED"},
		{"keep-alive probe answered", shake + "+0.1 > P. 1:11(10) ack 1\n+0.01 < . 1 ack 11\n+60 > . 10 ack 1\n+0.01 < R 1", flows.ClassReply, 6, flows.AcceptExact, "CLOSED CLOSED"},
		{"keep-alive probes exhausted", shake + "+0.1 > P. 1:11(10) ack 1\n+0.01 < . 1 ack 11\n+60 > . 10 ack 1\n+60 > . 10 ack 1\n+60 > R. 11 ack 1", flows.ClassActive, 0, flows.AcceptExact, "CLOSED CLOSED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs := resets(t, c.script)
			if len(rs) != 1 {
				t.Fatalf("%d resets", len(rs))
			}
			r := rs[0]
			if r.Class != c.form {
				t.Errorf("form %v, want %v", r.Class, c.form)
			}
			if f := triggerFrame(r); f != c.trigger {
				t.Errorf("trigger %d, want %d", f, c.trigger)
			}
			if r.Accept != c.accept {
				t.Errorf("accept %v, want %v", r.Accept, c.accept)
			}
			if got := fmt.Sprint(r.To[0], " ", r.To[1]); got != c.states {
				t.Errorf("states %s, want %s", got, c.states)
			}
			if want := [2]flows.State{r.Conn.Ends[0].State, r.Conn.Ends[1].State}; r.From != want {
				t.Errorf("from %v, the connection has %v", r.From, want)
			}
		})
	}
}

func TestTrain(t *testing.T) {
	rs := resets(t, shake+`
+0.1  < F. 1 ack 1
+0    > P. 1:11(10) ack 1
+0    > P. 11:21(10) ack 1
+0    > F. 21 ack 2
+0.01 < R 1
+0    < R 1
+0    < R 2`)
	var got []int
	for _, r := range rs {
		got = append(got, triggerFrame(r))
	}
	slices.Sort(got)
	if !slices.Equal(got, []int{5, 6, 7}) {
		t.Errorf("triggers %v: each segment in flight must have its own RST", got)
	}
	if rs[2].Trigger.Frame != 7 || len(rs[2].Prior) != 2 || rs[2].Prior[0].Frame != 8 || rs[2].Prior[0].Class != flows.ClassReply {
		t.Errorf("last: %+v", rs[2])
	}
	if a := rs[0].After; a.SenderRSTCount != 2 || len(a.SenderRSTs) != 2 || a.SenderRSTs[1].Frame != 10 {
		t.Errorf("after the first: %+v", a)
	}
}

func TestTrainIsInOrder(t *testing.T) {
	triggers := func(text string) (got []int) {
		for _, r := range resets(t, text) {
			got = append(got, triggerFrame(r))
		}
		return got
	}
	for _, c := range []struct {
		what, text string
		want       []int
	}{
		{"request and FIN after the server's FIN", `
0     > S 0
+0.05 < S. 0 ack 1
+0    > . 1 ack 1
+2    < F. 1 ack 1
+0.05 > . 1 ack 2
+0.3  > P. 1:56(55) ack 2
+0    > F. 56 ack 2
+0.07 < R 2
+0    < R 2`, []int{6, 7}},
		{"the ACK of the FIN just before them is taken in silence", `
0     > S 0
+0.05 < S. 0 ack 1
+0    > . 1 ack 1
+2    < F. 1 ack 1
+0.05 > . 1 ack 2
+0    > P. 1:56(55) ack 2
+0    > F. 56 ack 2
+0.07 < R 2
+0    < R 2`, []int{6, 7}},
		{"goodbye, FIN and the ACK of the FIN", shake + `
+1    > F. 1 ack 1
+0.04 < P. 1:28(27) ack 1
+0    < F. 28 ack 1
+0    < . 29 ack 2
+0.002 > R 1
+0    > R 1
+0    > R 2`, []int{5, 6, 7}},
		{"the capture ends after the first RST", `
0     > S 0
+0.05 < S. 0 ack 1
+0    > . 1 ack 1
+2    < F. 1 ack 1
+0.05 > . 1 ack 2
+0.3  > P. 1:56(55) ack 2
+0.005 > F. 56 ack 2
+0.05 < R 2`, []int{6}},
		{"both numbers of an answer, and data captured out of order", shake + `
+1     > .  1:101(100) ack 1
+0     > .  201:301(100) ack 1
+0     > .  101:201(100) ack 1
+0.001 < R. 1 ack 1
+0     < R. 1 ack 101
+0     < R. 1 ack 301
+0     < R. 1 ack 201`, []int{0, 4, 5, 6}},
		{"a decision that does not acknowledge the last data did not follow them", shake + `
+1     > .  1:101(100) ack 1
+0     > .  101:201(100) ack 1
+0.001 < R. 1 ack 101`, []int{0}},
		{"an byte that the sender had acknowledged drew no RST", shake + `
+1     > P. 1:11(10) ack 1
+0.001 < . 1 ack 11
+0.001 > P. 11:21(10) ack 1
+0.001 < R 1`, []int{6}},
		{"the first was lost on its way: its RST would have come sooner", `
0     > S 0
+0.05 < S. 0 ack 1
+0    > . 1 ack 1
+2    < F. 1 ack 1
+0.05 > P. 1:56(55) ack 2
+1    > P. 1:56(55) ack 2
+0.05 < R 2`, []int{6}},
		{"request and FIN, captured from the middle, where no reaction was seen", `
0     < F. 1 ack 1
+0.05 > . 1 ack 2
+0.3  > P. 1:15(14) ack 2
+0    > F. 15 ack 2
+0.026 < R 2
+0    < R 2`, []int{3, 4}},
		{"from the middle, the request long before", `
0     < F. 1 ack 1
+0.05 > . 1 ack 2
+0.3  > P. 1:15(14) ack 2
+0.2  > F. 15 ack 2
+0.026 < R 2`, []int{4}},
	} {
		if got := triggers(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: triggers %v, want %v", c.what, got, c.want)
		}
	}
}

func TestTriggerIsPossible(t *testing.T) {
	// The responder answers after 100 ms at the soonest, so the second request cannot have caused the RST.
	rs := resets(t, `
0      > S 0
+0.1   < S. 0 ack 1
+0     > . 1 ack 1
+1     > P. 1:11(10) ack 1
+0.095 > P. 11:21(10) ack 1
+0.007 < R 1`)
	if f := triggerFrame(rs[0]); f != 4 {
		t.Errorf("trigger %d", f)
	}
}

// Queues have filled since the handshake: the first segment under way is answered, not the latest that a round trip as
// short as the handshake's leaves.
func TestTriggerByRecentReactions(t *testing.T) {
	slow := shake + `+1 > P. 1:11(10) ack 1
+0.1 < . 1 ack 11
+0.1 > P. 11:21(10) ack 1
+0.1 < . 1 ack 21
+0.1 > P. 21:31(10) ack 1
+0.1 < . 1 ack 31
+0.1 > P. 31:41(10) ack 1
+0.05 > P. 41:51(10) ack 1
+0.05 < R 1`
	if f := triggerFrame(resets(t, slow)[0]); f != 10 {
		t.Errorf("trigger %d", f)
	}
	fast := strings.ReplaceAll(slow, "+0.1 <", "+0.02 <") // no queues: what is 0.1 s old has been answered, or lost
	if f := triggerFrame(resets(t, fast)[0]); f != 11 {
		t.Errorf("trigger %d", f)
	}
}

// What a RST with ACK acknowledged is not answered by the RSTs that follow it.
func TestTriggerAckedByReset(t *testing.T) {
	rs := resets(t, shake+`+1 > P. 1:11(10) ack 1
+0 > P. 11:21(10) ack 1
+0.01 < R. 1 ack 11
+0.0001 < R 1`)
	if f := triggerFrame(rs[1]); f != 5 {
		t.Errorf("trigger %d", f)
	}
	rs = resets(t, shake+`+1 > P. 1:11(10) ack 1
+0 > P. 11:21(10) ack 1
+0.01 < R. 1 ack 1
+0.0001 < R 1`)
	if f := triggerFrame(rs[1]); f != 4 {
		t.Errorf("trigger %d", f)
	}
}

// What a RST acknowledges is not under way when its sender closes.
func TestResetAcknowledges(t *testing.T) {
	rs := resets(t, shake+`+1 > P. 1:11(10) ack 1
+0 > P. 11:21(10) ack 1
+0.01 < R. 1 ack 11
+0.0001 < R 1`)
	if k := rs[1].Conn.Closes[flows.Responder]; k == nil || k.Outstanding[flows.Originator] != 10 {
		t.Errorf("%+v", k)
	}
}

func TestTriggerCapturedLate(t *testing.T) {
	rs := resets(t, shake+"+1 < R 1\n+0.0001 > P. 1:11(10) ack 1")
	if r := rs[0]; triggerFrame(r) != 3 { // the handshake's ACK has the number as well
		t.Errorf("%+v", r)
	}
	// Nothing shows that the order is wrong: an abort that the data crossed.
	rs = resets(t, "0 < R 1\n+0.0001 > P. 1:11(10) ack 1")
	if r := rs[0]; r.Trigger != nil || r.Class != flows.ClassBare {
		t.Errorf("%+v", r)
	}
	rs = resets(t, shake+"2 < . 1 ack 1\n+0 < R 1\n+0.0001 > . 1 ack 1")
	if r := rs[0]; triggerFrame(r) > r.Frame {
		t.Errorf("%+v", r)
	}
	// The times show it.
	rs = resets(t, "0.0001 < R 1\n0 > P. 1:11(10) ack 1")
	if r := rs[0]; triggerFrame(r) != 2 || r.TriggerDelay != 100*time.Microsecond || r.Class != flows.ClassReply || !r.Conn.Defects.Has(flows.Reordered) {
		t.Errorf("%+v", r)
	}
	rs = resets(t, "0 < R. =0 ack 1\n+0.0001 > S 0")
	if r := rs[0]; triggerFrame(r) != 2 || r.Class != flows.ClassReplyACK {
		t.Errorf("%+v", r)
	}
	rs = resets(t, "0 < R 1\n+1 > P. 1:11(10) ack 1")
	if r := rs[0]; r.Trigger != nil || r.Class != flows.ClassBare {
		t.Errorf("%+v", r)
	}
}

// TestForgedOpening: what a client in SYN-SENT drops leaves no trace in its connection.
func TestForgedOpening(t *testing.T) {
	for _, c := range []struct {
		what, text string
		frame      int // of the RST
		to         string
	}{
		{"a refusal that does not acknowledge the SYN", "0 > S 0\n+0.2 < R. =0 ack 0", 2, "SYN-SENT CLOSED"},
		{"a refusal that does", "0 > S 0\n+0.2 < R. =0 ack 1", 2, "CLOSED CLOSED"},
		{"an answer to a FIN", "0 > S 0\n+0.2 < F. =0 ack 1\n+0 > R 1", 3, "SYN-SENT CLOSED"},
	} {
		rs := resets(t, c.text+`
+1    < S. 0 ack 1
+0.01 > .  1 ack 1
+0    > P. 1:101(100) ack 1
+0.1  < P. 1:51(50) ack 101
+0.01 > .  101 ack 51
+1    < R. 51 ack 101`)
		if got := fmt.Sprint(rs[0].To[0], " ", rs[0].To[1]); rs[0].Frame != c.frame || got != c.to {
			t.Errorf("%s: frame %d, states %s, want %s", c.what, rs[0].Frame, got, c.to)
		}
		r := rs[1]
		if r.From != [2]flows.State{flows.Established, flows.Established} || r.Accept != flows.AcceptExact || r.Class != flows.ClassActive {
			t.Errorf("%s: afterwards %v, accept %v, form %v", c.what, r.From, r.Accept, r.Class)
		}
		if r.Conn.Closes[flows.Responder] != nil || r.Conn.Closes[flows.Originator] != nil || r.Conn.Ends[1].FIN.Seen() {
			t.Errorf("%s: it is thought to have been given up", c.what)
		}
		for _, e := range r.Conn.Events {
			if e.Notes&flows.AckedUnseen != 0 {
				t.Errorf("%s: frame %d acknowledges what is thought not to be in the capture", c.what, e.Frame)
			}
		}
		if r.Conn.Ends[1].Bytes != 50 || r.Conn.Defects != 0 {
			t.Errorf("%s: %d bytes, defects %b", c.what, r.Conn.Ends[1].Bytes, r.Conn.Defects)
		}
	}
}

// TestUnheardSYNACK: where the capture lacks the SYN-ACK, the client's ACK shows that it came.
func TestUnheardSYNACK(t *testing.T) {
	c := after(t, "0 > S 0\n+0.1 < P. 1:11(10) ack 1\n+0 > . 1 ack 11\n")
	if c.Ends[0].State != flows.Established || c.Ends[1].Bytes != 10 {
		t.Errorf("%+v", c.Ends[0])
	}
}

// TestOnlyResets: a side that sends nothing but RSTs is a direction that was captured, unless its peer
// acknowledges more of it.
func TestOnlyResets(t *testing.T) {
	for _, c := range []struct {
		what, text string
		one        bool
	}{
		{"a refusal", "0 > S 0\n+0.1 < R. =0 ack 1", false},
		{"a refusal after resends", "0 > S 0\n+1 > S 0\n+0.1 < R. =0 ack 1", false},
		{"data resent to a host that knows nothing", "0 > P. 1:11(10) ack 1\n+1 > P. 1:11(10) ack 1\n+0.1 < R 1", false},
		{"its second RST", "0 > P. 1:11(10) ack 1\n+0.1 < R 1\n+1 > P. 1:11(10) ack 1\n+0.1 < R 1", false},
		{"the client has the SYN-ACK", "0 > S 0\n+0.1 > . 1 ack 1\n+0.1 < R 1", true},
		{"the peer acknowledges more and more", "0 > . 1 ack 1\n+0.1 > . 1 ack 1001\n+0.1 > P. 1:11(10) ack 1001\n+0.1 < R 1001", true},
		{"a SYN-ACK without a SYN", "0 < S. 0 ack 1\n+0.1 > R 1", false},
		{"it had closed unseen", "0 > P. 1:11(10) ack 1\n+0.1 < R. 2 ack 11", true},
		{"the other side resets", "0 > S 0\n+0.1 > . 1 ack 1\n+0.1 > R. 1 ack 1", true},
	} {
		for _, r := range resets(t, c.text) {
			if r.Conn.Defects.Has(flows.OneDirection) != c.one {
				t.Errorf("%s: defects %b", c.what, r.Conn.Defects)
			}
		}
	}
}

func TestAftermath(t *testing.T) {
	// A forged RST: its "sender" goes on talking.
	rs := resets(t, shake+`
+0.1  > P. 1:11(10) ack 1
+0.01 < R 1 ttl 40
+0.01 < . 1 ack 11
+0.01 < P. 1:101(100) ack 11
+0.01 > R 1
+0.01 > R 101`)
	a := rs[0].After
	if a.SenderSegments != 2 || a.SenderACK.Frame != 6 || a.SenderNewData.Frame != 7 || a.ReceiverRST.Frame != 8 || a.Last.Frame != 9 || len(a.Events) != 4 {
		t.Errorf("%+v", a)
	}
	if rs[1].From[flows.Responder] != flows.Established || rs[1].From[flows.Originator] != flows.Closed {
		t.Errorf("the sender's state was not taken back: %v", rs[1].From)
	}
	// A RST in the window: challenge ACK, and the connection lives on.
	rs = resets(t, shake+"+0.1 < R 100 ttl 40\n+0.01 > . 1 ack 1\n+1 > P. 1:11(10) ack 1\n+0.01 < . 1 ack 11")
	r := rs[0]
	if r.After.ChallengeACK.Frame != 5 || !r.Notes.Has(flows.NotAccepted) || r.After.ReceiverData.Frame != 6 || !r.After.Events[0].Notes.Has(flows.ChallengeACK) {
		t.Errorf("%+v", r.After)
	}
	// It does not arrive: the receiver goes on resending.
	rs = resets(t, shake+"+0.1 > P. 1:11(10) ack 1\n+0.1 < R 1\n+0.2 > P. 1:11(10) ack 1\n+0.1 < R 1\n+0.4 > P. 1:11(10) ack 1\n+0.1 < R 1")
	if a := rs[0].After; a.ReceiverRetransmits != 2 || a.SenderRSTCount != 2 || a.ReceiverSegments != 2 {
		t.Errorf("%+v", a)
	}
	if f := triggerFrame(rs[2]); f != 8 {
		t.Errorf("trigger %d", f)
	}
	// The 4-tuple is used again.
	rs = resets(t, shake+"+0.1 > R. 1 ack 1\n+5 > S 100000\n+0 < S. 7 ack 100001\n+0 > . 100001 ack 8\n+0 > R. 100001 ack 8")
	if a := rs[0].After; a.Reopened.Frame != 5 || !a.Complete || len(a.Events) != 0 {
		t.Errorf("%+v", a)
	}
	if r := rs[1]; r.Conn.Incarnation != 1 || r.Conn.Stream != 1 || r.Conn.Before.Stream != 0 || len(r.Prior) != 0 {
		t.Errorf("%+v", r.Conn)
	}
	// A refused SYN is sent again with the same number.
	rs = resets(t, "0 > S 0\n0.01 < R. =0 ack 1\n0.5 > S 0\n0.51 < R. =0 ack 1")
	if a := rs[0].After; a.ReceiverSYN.Frame != 3 || a.SenderRSTCount != 1 {
		t.Errorf("%+v", a)
	}
	if triggerFrame(rs[1]) != 3 || rs[1].Class != flows.ClassReplyACK || rs[1].Accept != flows.AcceptSynSent {
		t.Errorf("%+v", rs[1])
	}
}

func TestPriorKeepsTheFirst(t *testing.T) {
	var b strings.Builder
	b.WriteString(shake)
	for i := range 40 {
		fmt.Fprintf(&b, "+0.1 > P. %d:%d(10) ack 1\n+0.01 < R 1 ipid %d\n", 1+10*i, 11+10*i, i+1)
		if i == 20 {
			b.WriteString("+0.01 > R. 211 ack 1\n")
		}
	}
	rs := resets(t, b.String())
	last := rs[len(rs)-1]
	if len(last.Prior) != flows.MaxPrior || last.Prior[0].Frame != rs[0].Frame || last.Prior[1].Side != flows.Originator || last.Prior[7].Frame != rs[len(rs)-2].Frame {
		t.Errorf("%+v", last.Prior)
	}
	if rs[0].After.SenderRSTCount != 39 || len(rs[0].After.SenderRSTs) != 16 || rs[0].After.ReceiverRST.Frame == 0 {
		t.Errorf("%+v", rs[0].After)
	}
}

func TestRSTText(t *testing.T) {
	rs := resets(t, shake+"+1 < R. 1:401(400) ack 1 \"blocked by policy\"")
	if r := rs[0]; len(r.Payload) != 256 || !strings.HasPrefix(string(r.Payload), "blocked by policyxx") || r.DataLen != 400 {
		t.Errorf("%q", r.Payload)
	}
}

func TestTimelineIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(shake)
	for i := range 200 {
		fmt.Fprintf(&b, "+0.1 > P. %d:%d(10) ack 1\n", 1+10*i, 11+10*i)
	}
	b.WriteString("+1 < R 1")
	r := resets(t, b.String())[0]
	e := r.Conn.Events
	if len(e) != 27 || e[0].Frame != 1 || e[1].Frame != 2 || e[2].Frame != 3 || e[3].Skipped != 176 || e[3].Frame != 180 || e[26].Frame != 203 {
		t.Errorf("%v, skipped %d", frames(r.Conn), e[3].Skipped)
	}
	if e[0].Flags != flows.SYN || e[1].Flags != flows.SYN|flows.ACK || e[1].To != [2]flows.State{flows.Established, flows.SynReceived} || e[2].SEQ != e[0].SEQ+1 {
		t.Errorf("handshake %+v", e[:3])
	}
	if r.Conn.Packets != 203 || r.Conn.Ends[0].Outstanding() != 2000 {
		t.Errorf("%+v", r.Conn)
	}
}

func TestLongConnections(t *testing.T) {
	// Longer than 48 bits of nanoseconds hold (39 hours either way).
	c := after(t, shake+"+1 > P. 1:2(1) ack 1\n200000 > P. 2:3(1) ack 1\n90000000 > P. 3:4(1) ack 1\n100 > P. 4:5(1) ack 1")
	for i, want := range []time.Duration{0, 0, 0, 0, 200000 * time.Second, 90000000 * time.Second, 100 * time.Second} {
		if i < 4 {
			continue
		}
		d := c.Events[i].Time.Sub(c.Events[0].Time) - want
		if d < -2*time.Millisecond || d > 2*time.Millisecond {
			t.Errorf("event %d is %v off", i, d)
		}
	}
}

// An answer captured after the RST triggers it only where nothing else can: not in a connection whose beginning is missing.
func TestTriggerCapturedLateMayBeMissing(t *testing.T) {
	rs := resets(t, "0 > P. 1:11(10) ack 1\n+0.05 < . 1 ack 11\n+0.01 < R 1\n+0.00002 < R 1\n+0.00001 > P. 21:31(10) ack 1")
	for _, r := range rs {
		if f := triggerFrame(r); f > r.Frame {
			t.Errorf("frame %d: trigger %d", r.Frame, f)
		}
	}
}

// A window update of a side that sends no data is no probe: its peer has acknowledged exactly up to there.
func TestWindowUpdateIsNoProbe(t *testing.T) {
	const stream = "0 > P. 1:1001(1000) ack 1\n+0.05 < . 1 ack 1001 win 0\n"
	rs := resets(t, stream+"+1.2 < . 1 ack 1001 win 0\n+1.2 < . 1 ack 1001 win 7000\n+0.01 > R 1001")
	for _, e := range rs[0].Conn.Events {
		if e.Notes&flows.KeepAlive != 0 {
			t.Errorf("frame %d is taken for a probe", e.Frame)
		}
	}
	// Nobody has acknowledged anything: the same segment again and again is one.
	rs = resets(t, "0 < . 1 ack 1001\n+1.2 < . 1 ack 1001\n+1.2 < . 1 ack 1001\n+1.2 < R. 2 ack 1001")
	probes := 0
	for _, e := range rs[0].Conn.Events {
		if e.Notes&flows.KeepAlive != 0 {
			probes++
		}
	}
	if probes == 0 {
		t.Error("no probe")
	}
}

// RSTs from before the handshake ended an earlier incarnation, also where Wireshark's stream number is the same.
func TestResetBeforeHandshake(t *testing.T) {
	rs := resets(t, "0 < R 77777\n"+strings.Replace(shake, "0.000 ", "0.100 ", 1)+"+0.01 > P. 1:11(10) ack 1\n+0.01 < R 1")
	if first := rs[0]; !first.After.Reopened.Seen() || first.After.SenderSegments != 0 {
		t.Errorf("%+v", first.After)
	}
	if r := rs[1]; len(r.Prior) != 0 || r.Conn.Defects.Has(flows.NoHandshake) || r.From != [2]flows.State{flows.Established, flows.Established} || triggerFrame(r) != 5 {
		t.Errorf("%v %v %v", r.Prior, r.Conn.Defects, r.From)
	}
	// A RST that was captured before the SYN which it refuses belongs to it.
	rs = resets(t, "0 < R. =0 ack 1\n+0.0001 > S 0\n+1 > S 0\n+0.01 < R. =0 ack 1")
	if r := rs[1]; len(r.Prior) != 1 {
		t.Errorf("%v", r.Prior)
	}
}

// ACKs at one SEQ that acknowledge more and more are sent at SND.NXT: repetitions of the last answer what the capture
// lacks, and are no probes.
func TestRepeatedACKIsNoProbe(t *testing.T) {
	const acks = "0 > . 1 ack 1001\n+0.05 > . 1 ack 2001\n+0.8 > . 1 ack 2001\n+2.2 > . 1 ack 2001\n"
	rs := resets(t, acks+"+0.0005 < R 2001")
	for _, e := range rs[0].Conn.Events {
		if e.Notes&flows.KeepAlive != 0 {
			t.Errorf("frame %d is taken for a probe", e.Frame)
		}
	}
	// Where the number never rises, they are.
	rs = resets(t, strings.Replace(acks, "1001", "2001", 1)+"+0.0005 < R 2001")
	if rs[0].Trigger == nil || rs[0].Trigger.Notes&flows.KeepAlive == 0 {
		t.Error("no probe")
	}
}

// At the sender's own host the time to an answer varies more than it is long: of segments with one ACK, the data just
// before the RST is what it answers, and not an ACK that drew nothing.
func TestTriggerAtOnce(t *testing.T) {
	const closed = "0 > S 0\n+0.3 < S. 0 ack 1\n+0.00007 > . 1 ack 1\n+0.0005 > P. 1:101(100) ack 1\n+0.03 > F. 101 ack 1\n+0.3 < . 1 ack 102\n"
	rs := resets(t, closed+"+0.042 < . 1:1343(1342) ack 102\n+0.000029 > R 102")
	if f := triggerFrame(rs[0]); f != 7 {
		t.Errorf("trigger %d", f)
	}
	// Further away nothing answers so soon: what came 40 ms before is meant.
	far := strings.Replace(closed, "+0.00007", "+0.030", 1)
	rs = resets(t, far+"+0.042 < . 1:1343(1342) ack 102\n+0.000029 > R 102")
	if f := triggerFrame(rs[0]); f == 7 {
		t.Errorf("trigger %d, sooner than its sender can answer", f)
	}
}
