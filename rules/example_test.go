package rules_test

import (
	"fmt"

	"github.com/rstexplain/rstexplain/flows/wire"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// A SYN to a port where nobody listens, as package wire reads it; a program gets its resets from package analyzer.
const refused = `
0.000  > S  0:0(0)
+0.020 < R. =0:=0(0) ack 1 win 0 ipid 0`

func Example() {
	resets, err := wire.Resets(refused)
	if err != nil {
		panic(err)
	}
	engine := rules.NewEngine(rules.Options{})
	for _, r := range resets {
		f := engine.Explain(r)
		fmt.Printf("frame %d: %s (%s), %.2f\n%s\n", r.Frame, f.Cause, f.Rule.ID, f.Confidence, f.Summary)
		for _, e := range f.Evidence {
			fmt.Println("-", e.Says, e.Frames)
		}
	}
	// Output:
	// frame 2: closed-port (no-listener), 0.99
	// The server refused the connection: nothing accepts connections on port 80 there, or a firewall rejects them.
	// - the client sends a SYN to 198.51.100.1:80 [1]
	// - the server's RST acknowledges exactly the client's SYN, 20 ms later: the standard reply where nothing accepts the connection (RFC 9293 §3.5.2), which a rejecting firewall sends too [1 2]
	// - no SYN-ACK of the server came before it [2]
}

// blockedByText is a rule of one's own: the RST says itself that it blocks.
var blockedByText = &rules.Rule{
	ID:       "blocked-by-text",
	Cause:    rules.FastClose,
	Severity: rules.Error,
	RFC:      []string{"RFC 9293 §3.5.3"},
	Doc: rules.Doc{
		Title:      "Our filter blocked the connection",
		Happened:   "The company's filter reset the connection and said why in the RST.",
		Recognised: "A RST with text in it.",
		LookAlikes: "None.",
		Prints:     "ECONNRESET.",
		Remedy:     "Ask for an exception.",
		Limits:     "Whether the text is true.",
	},
	Match: func(c *facts.Facts) float64 {
		if words.Printable(c.Payload) == "" {
			return 0
		}
		return 0.9
	},
	Explain: func(c *facts.Facts, f *rules.Finding) {
		f.Summary = words.Sentence("A filter reset the connection in %s's name.", rules.Sender(c))
		f.Say(claim.Claim{Kind: claim.ResetText, Side: c.Side, Text: words.Printable(c.Payload)}, c.Frame)
		f.SayRST(c)
		f.Open(rules.PeerCrash, "", 0.5, "no program sends text in a RST")
	},
}

func ExampleOptions_rules() {
	list := append([]*rules.Rule{blockedByText}, rules.All()...)
	if err := rules.Validate(list); err != nil {
		panic(err)
	}
	engine := rules.NewEngine(rules.Options{Rules: list})
	resets, err := wire.Resets(`
0.000  > S  0:0(0)
+0.020 < S. 0:0(0) ack 1
+0.000 > .  1:1(0) ack 1
+0.001 < R. 1:32(31) ack 1 win 0 "blocked by policy 7, user guest"`)
	if err != nil {
		panic(err)
	}
	f := engine.Explain(resets[0])
	fmt.Println(f.Rule.ID, f.Cause, f.Confidence)
	fmt.Println(f.Summary)
	fmt.Println(f.Evidence[0].Says)
	// Output:
	// blocked-by-text fast-close 0.9
	// A filter reset the connection in the server's name.
	// the RST carries the text "blocked by policy 7, user guest" (RFC 9293 §3.5.3): devices state their reason there
}
