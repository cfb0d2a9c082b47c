package claims

import (
	"strings"
	"testing"
)

// What a summary, a reason or the answer about harm states stands in a claim, and an absence in one without limits.
func TestSentences(t *testing.T) {
	unanswered := Evidence{Claim: "unanswered", Side: "originator", Frames: []int{4}, Until: 6, Says: "the client sends a request (GET / HTTP/1.1) that is not answered within 470 ms",
		Values: Values{Text: "GET / HTTP/1.1", Span: 470e6}}
	limited := unanswered
	limited.Limited = true
	abort := Evidence{Claim: "abort", Side: "responder", Frames: []int{5, 6}, Says: "the server's RST has its sender's next sequence number (SND.NXT): a local abort"}
	lost := "Not harmless: an exchange was interrupted."
	for _, c := range []struct {
		name, summary, harm, whyNot string
		evidence                    []Evidence
		wrong                       string // what is found, "" nothing
	}{
		{"all claimed", "The server reset the connection while the client's request (GET / HTTP/1.1) was unanswered for 470 ms.", lost, "", []Evidence{unanswered, abort}, ""},
		{"another figure", "The server reset the connection while the client's request was unanswered for 47 ms.", lost, "", []Evidence{unanswered, abort}, `the figure "47 ms" stands in no claim`},
		{"another text", "The server reset the connection while the client's request (GET /a) was unanswered.", lost, "", []Evidence{unanswered, abort}, `the text "GET /a" stands in no claim`},
		{"another address", "The client's request to 192.0.2.9:80 was unanswered.", lost, "", []Evidence{unanswered, abort}, `the name "192.0.2.9:80" stands in no claim`},
		{"a program", "The server, a Tomcat, reset the connection.", lost, "", []Evidence{unanswered, abort}, `the name "Tomcat" stands in no claim`},
		{"often", "The client retransmitted twice.", lost, "", []Evidence{unanswered, abort}, `the figure "twice" stands in no claim`},
		{"a frame of a claim", "The server answered frame 5.", lost, "", []Evidence{unanswered, abort}, ""},
		{"another frame", "The server answered frame 3.", lost, "", []Evidence{unanswered, abort}, `the figure "3" stands in no claim`},
		{"its own port", "The server refused the connection to port 80.", lost, "", []Evidence{unanswered, abort}, ""},
		{"a limited absence", "The client's request was unanswered.", lost, "", []Evidence{limited, abort}, `no claim shows "unanswered"`},
		{"hedged", "The client's request was unanswered, as far as this capture shows.", lost, "", []Evidence{limited, abort}, ""},
		{"not claimed", "The server closed without closing it.", lost, "", []Evidence{unanswered, abort}, `no claim shows "without closing it"`},
		{"unknown", "Nobody asked for it.", lost, "", []Evidence{unanswered, abort}, `what "Nobody" states`},
		{"a reason", "The server reset the connection.", lost, "no acknowledgment came", []Evidence{unanswered, abort}, `what "no" states`},
		{"a hedged reason", "The server reset the connection.", lost, "no acknowledgment was seen", []Evidence{unanswered, abort}, ""},
		{"harmless all the same", "The server reset the connection.", "Harmless: nothing shows that an exchange was lost.", "", []Evidence{unanswered}, "left undone"},
		{"harmless", "The server reset the connection.", "Harmless: nothing shows that an exchange was lost.", "", []Evidence{abort}, ""},
		{"no harm shown", "The server reset the connection.", lost, "", []Evidence{abort}, "no claim shows it"},
		{"another answer", "The server reset the connection.", "It was Tuesday.", "", []Evidence{abort}, "nothing is known of this answer"},
	} {
		capture := script(t, aborted)
		rst := capture.byFrame[6]
		f := &File{Resets: []Reset{{Frame: 6, Stream: rst.Stream, Originator: rst.Dst.String(), Responder: rst.Src.String(), Sender: "responder",
			Summary: c.summary, Harm: c.harm, Evidence: c.evidence, Alternatives: []Alternative{{WhyNot: c.whyNot}}}}}
		var found []string
		for _, v := range Check(capture, f).Violations {
			if v.Kind == "summary" || v.Kind == "why-not" || v.Kind == "harm" {
				found = append(found, v.Wrong)
			} else {
				t.Errorf("%s: %v", c.name, v)
			}
		}
		all := strings.Join(found, "; ")
		if c.wrong == "" && all != "" || !strings.Contains(all, c.wrong) {
			t.Errorf("%s: found %q, not %q", c.name, all, c.wrong)
		}
	}
}
