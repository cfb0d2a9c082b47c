package track_test

import (
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
	"github.com/rstexplain/rstexplain/flows/wire"
)

// walk plays a script whose lines end in "; ORIGINATOR RESPONDER" and checks both states after each. It
// returns the resets.
func walk(t *testing.T, script string) []*flows.Reset {
	t.Helper()
	var out []*flows.Reset
	tab := track.NewTable(track.TableOptions{}, func(r *flows.Reset) { out = append(out, r) })
	lines := strings.Split(script, "\n")
	for i := range lines {
		lines[i], _, _ = strings.Cut(lines[i], ";")
	}
	s, err := wire.Read(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range s.Items {
		tab.Add(it.Segment)
		line := strings.Split(script, "\n")[it.Line-1]
		_, want, ok := strings.Cut(line, ";")
		if !ok {
			continue
		}
		c := tab.Lookup(it.Segment.Src, it.Segment.Dst)
		if got := c.Ends[0].State.String() + " " + c.Ends[1].State.String(); got != strings.TrimSpace(want) {
			t.Errorf("line %d: %s\n\tstates %s", it.Line, strings.TrimSpace(line), got)
		}
	}
	tab.Flush()
	return out
}

// TestFigures walks through the figures of RFC 9293. The sequence numbers are theirs. Where a figure
// shows SYN-RECEIVED for a side that has not answered yet, the observer has Unknown.
func TestFigures(t *testing.T) {
	for _, f := range []struct{ name, script string }{
		{"6, basic handshake", `
> iss 100
< iss 300
0 > S =100                    ; SYN-SENT unknown
0 < S. =300 ack =101          ; ESTABLISHED SYN-RECEIVED
0 > . =101 ack =301           ; ESTABLISHED ESTABLISHED
0 > . =101:111(10) ack =301   ; ESTABLISHED ESTABLISHED
`},
		{"7, simultaneous open", `
> iss 100
< iss 300
0 > S =100                    ; SYN-SENT unknown
0 < S =300                    ; SYN-RECEIVED SYN-RECEIVED
0 > S. =100 ack =301          ; SYN-RECEIVED ESTABLISHED
0 < S. =300 ack =101          ; ESTABLISHED ESTABLISHED
`},
		{"8, old duplicate SYN, captured at TCP peer A", `
> iss 100
< iss 300
0 > S =100                    ; SYN-SENT unknown
0 < S. =300 ack =91           ; SYN-SENT SYN-RECEIVED
0 > R =91                     ; SYN-SENT LISTEN
0 > S =100                    ; SYN-SENT LISTEN
0 < S. =400 ack =101          ; ESTABLISHED SYN-RECEIVED
0 > . =101 ack =401           ; ESTABLISHED ESTABLISHED
`},
		{"8, old duplicate SYN, captured at TCP peer B", `
> iss 100
< iss 300
0 > S =90                     ; SYN-SENT unknown
0 < S. =300 ack =91           ; ESTABLISHED SYN-RECEIVED
0 > R =91                     ; CLOSED LISTEN
0 > S =100                    ; SYN-SENT unknown
0 < S. =400 ack =101          ; ESTABLISHED SYN-RECEIVED
0 > . =101 ack =401           ; ESTABLISHED ESTABLISHED
`},
		{"9, half-open connection discovered", `
> iss 99
< iss 299
0 > S =99
0 < S. =299 ack =100
0 > . =100 ack =300           ; ESTABLISHED ESTABLISHED
9 > S =400                    ; SYN-SENT unknown
9 < . =300 ack =100           ; SYN-SENT ESTABLISHED
9 > R =100                    ; SYN-SENT CLOSED
9 > S =400                    ; SYN-SENT CLOSED
`},
		{"10, active side discovers it", `
> iss 99
< iss 299
0 > S =99
0 < S. =299 ack =100
0 > . =100 ack =300           ; ESTABLISHED ESTABLISHED
9 < . =300:310(10) ack =100   ; ESTABLISHED ESTABLISHED
9 > R =100                    ; CLOSED CLOSED
`},
		{"11, old duplicate SYN between two passive sockets", `
0 > S =7                      ; SYN-SENT unknown
0 < S. =70 ack =8             ; ESTABLISHED SYN-RECEIVED
0 > R =8                      ; CLOSED LISTEN
`},
		{"12, normal close", `
> iss 99
< iss 299
0 > S =99
0 < S. =299 ack =100
0 > . =100 ack =300           ; ESTABLISHED ESTABLISHED
0 > F. =100 ack =300          ; FIN-WAIT-1 CLOSE-WAIT
0 < . =300 ack =101           ; FIN-WAIT-2 CLOSE-WAIT
0 < F. =300 ack =101          ; TIME-WAIT LAST-ACK
0 > . =101 ack =301           ; TIME-WAIT CLOSED
`},
		{"13, simultaneous close", `
> iss 99
< iss 299
0 > S =99
0 < S. =299 ack =100
0 > . =100 ack =300           ; ESTABLISHED ESTABLISHED
0 > F. =100 ack =300          ; FIN-WAIT-1 CLOSE-WAIT
0 < F. =300 ack =100          ; CLOSING CLOSING
0 > . =101 ack =301           ; CLOSING TIME-WAIT
0 < . =301 ack =101           ; TIME-WAIT TIME-WAIT
`},
	} {
		t.Run(f.name, func(t *testing.T) { walk(t, f.script) })
	}
}

// TestFigureResets checks what the resets of the figures answer.
func TestFigureResets(t *testing.T) {
	r := walk(t, "> iss 100\n< iss 300\n0 > S =100\n0 < S. =300 ack =91\n0 > R =91\n")[0]
	if r.Class != flows.ClassReply || r.Trigger == nil || r.Trigger.Frame != 2 || r.Accept != flows.AcceptExact {
		t.Errorf("figure 8: form %v, trigger %v, accept %v", r.Class, r.Trigger, r.Accept)
	}
	r = walk(t, "> iss 99\n< iss 299\n0 > S =99\n0 < S. =299 ack =100\n0 > . =100 ack =300\n9 > S =400\n9 < . =300 ack =100\n9 > R =100\n9 > S =400")[0]
	if r.Class != flows.ClassReply || r.Trigger == nil || r.Trigger.Frame != 5 || r.Accept != flows.AcceptExact || !r.Trigger.Notes.Has(flows.ChallengeACK) {
		t.Errorf("figure 9: form %v, trigger %v, accept %v", r.Class, r.Trigger, r.Accept)
	}
	if b := r.Conn.Before; b == nil || b.Stream != 0 || b.States != [2]flows.State{flows.Established, flows.Established} || r.Conn.Incarnation != 1 {
		t.Errorf("figure 9: before %+v", b)
	}
}
