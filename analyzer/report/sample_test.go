package report

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules"
	"github.com/rstexplain/rstexplain/rules/claim"
)

const sampleStart = flows.Time(1767225600_123456789) // 2026-01-01T00:00:00.123456789Z

func at(ms float64) flows.Time { return sampleStart + flows.Time(ms*float64(time.Millisecond)) }

func addr(s string) flows.Addr { return flows.AddrFrom(netip.MustParseAddrPort(s)) }

// dataAfterFIN is a made-up reset: a server closes in mid-exchange and the client's data meets the
// closed socket, as flows and rules would hand it over.
func dataAfterFIN() (*flows.Reset, *rules.Finding) {
	const o, r = flows.Originator, flows.Responder
	const issO, issR = flows.Seq(4_000_000_000), flows.Seq(77)
	est := [2]flows.State{flows.Established, flows.Established}
	halfClosed := [2]flows.State{flows.CloseWait, flows.FinWait2}
	closed := [2]flows.State{flows.Closed, flows.Closed}
	mark := func(frame int, ms float64) flows.Mark { return flows.Mark{Frame: frame, Time: at(ms)} }
	ack := flows.ACK
	events := []flows.Event{
		{Mark: mark(118, 0), Side: o, Flags: flows.SYN, SEQ: issO, WND: 64240, TTL: 64, IPID: 4711,
			To: [2]flows.State{flows.SynSent, flows.Listen}},
		{Mark: mark(119, 0.21), Side: r, Flags: flows.SYN | ack, SEQ: issR, ACK: issO + 1, WND: 65160, TTL: 62,
			From: [2]flows.State{flows.SynSent, flows.Listen}, To: [2]flows.State{flows.SynSent, flows.SynReceived}},
		{Mark: mark(120, 0.26), Side: o, Flags: ack, SEQ: issO + 1, ACK: issR + 1, WND: 64256, TTL: 64, IPID: 4712,
			From: [2]flows.State{flows.SynSent, flows.SynReceived}, To: est},
		{Mark: mark(121, 0.4), Side: o, Flags: flows.PSH | ack, SEQ: issO + 1, ACK: issR + 1, DataLen: 512, WND: 64256,
			TTL: 64, IPID: 4713, From: est, To: est},
		{Mark: mark(127, 1200.5), Side: r, Flags: flows.FIN | ack, SEQ: issR + 1, ACK: issO + 513, WND: 65152, TTL: 62,
			From: est, To: [2]flows.State{flows.CloseWait, flows.FinWait1}, Skipped: 3},
		{Mark: mark(128, 1200.55), Side: o, Flags: ack, SEQ: issO + 513, ACK: issR + 2, WND: 64256, TTL: 64, IPID: 4714,
			From: [2]flows.State{flows.CloseWait, flows.FinWait1}, To: halfClosed},
		{Mark: mark(130, 1201.9), Side: o, Flags: flows.PSH | ack, SEQ: issO + 513, ACK: issR + 2, DataLen: 1448,
			WND: 64256, TTL: 64, IPID: 4715, From: halfClosed, To: halfClosed},
	}
	c := &flows.Conn{
		Stream: 5, Start: events[0].Mark, Last: events[6].Mark, Packets: 10,
		SYN: events[0].Mark, SYNACK: events[1].Mark, HandshakeACK: events[2].Mark,
		HandshakeRTT: 260 * time.Microsecond, Events: events, History: "ShADadf",
		Exchange: exchange.Summary{Protocol: "HTTP/1.1"},
	}
	c.Ends[o] = flows.Endpoint{Addr: addr("192.0.2.10:51234"), State: flows.CloseWait, HasISS: true, SYN: c.SYN,
		DataSegments: 2, Bytes: 1960}
	c.Ends[o].SND.ISS = issO
	c.Ends[r] = flows.Endpoint{Addr: addr("[2001:db8::9]:8080"), State: flows.FinWait2, HasISS: true, SYN: c.SYNACK}
	c.Ends[r].SND.ISS = issR
	rst := &flows.Reset{
		Event: flows.Event{Mark: mark(131, 1202.11), Side: r, Flags: flows.RST, SEQ: issR + 2, TTL: 62,
			From: halfClosed, To: closed},
		Conn: c, Class: flows.ClassReply, HeaderLen: 20, Trigger: &events[6], TriggerDelay: 210 * time.Microsecond,
		Candidates: 1, Accept: flows.AcceptExact,
		After: flows.After{Complete: true, Events: []flows.Event{
			{Mark: mark(140, 1800), Side: o, Flags: flows.PSH | ack, SEQ: issO + 513, ACK: issR + 2, DataLen: 1448,
				WND: 64256, TTL: 64, Notes: flows.Retransmitted, From: closed, To: closed}}},
	}
	f := &rules.Finding{
		Rule: &rules.Rule{ID: "data-after-fin", Cause: rules.PeerCrash,
			Doc: rules.Doc{Title: "The peer closed in mid-exchange, and later data met a closed socket"}},
		Cause: rules.PeerCrash, Confidence: 0.9612, Origin: rules.OriginEndpoint, Severity: rules.Error,
		Summary: "The responder closed the connection while the request \"GET /a\" was unanswered; the data that the originator " +
			"sent 1.4 ms later met a socket that nobody holds any more.",
		Evidence: []rules.Evidence{
			{Claim: claim.Claim{Frames: []int{127}, Stream: -1}, Says: "the responder sends FIN although the request of #121 is unanswered"},
			{Claim: claim.Claim{Kind: claim.AfterClose, Side: flows.Responder, From: 127, Until: 131, Limited: true, What: claim.Data, Text: "GET /\"a\"",
				Bytes: -1448, Of: 2, Count: 3, Hosts: 4, AtLeast: true, Span: 5, Every: 6, Number: 1 << 40, Expected: 8, Frames: []int{130}, Stream: -1}, Says: "the originator sends 1,448 bytes after that FIN"},
			{Claim: claim.Claim{Frames: []int{131}, Stream: -1}, Says: "RST without ACK whose SEQ is the ACK of #130: it answers that segment"},
			{Claim: claim.Claim{Frames: []int{150, 151, 152, 160}, Stream: 9}, Says: "another connection to 2001:db8::9 falls in the same second"},
		},
		Alternatives: []rules.Alternative{
			{Cause: rules.FastClose, Detail: "keepalive-race", Confidence: 0.03, WhyNot: "the exchange was not finished: 512 bytes had no answer"},
			{Cause: rules.UnknownConnection, Detail: "late-segment", Confidence: 0.02, WhyNot: "the originator had not closed"},
		},
		Symptom: "The originator's application gets ECONNRESET",
		Prints: []rules.Print{{By: flows.Originator, Program: "Go", Says: "read: connection reset by peer"},
			{By: flows.Originator, Program: "Python", Says: "ConnectionResetError: [Errno 104]"}},
		MorePrints:  7,
		Trigger:     rst.Trigger.Frame,
		Remedy:      "Look in the responder's log at 00:00:01 for a crash, a restart or a handler that closes without an answer.",
		CaptureNext: "",
		Notes:       []rules.Evidence{{Claim: claim.Claim{Frames: []int{140}, Stream: -1}, Says: "the originator sends the data again: the RST did not reach it"}},
	}
	return rst, f
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
