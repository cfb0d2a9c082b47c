package report

import (
	"io"
	"strings"
)

// A Term is a word that reports use and a reader may not know.
type Term struct {
	Name  string // "challenge ACK"
	Means string
}

// Glossary explains the words of the field that reports use, in alphabetical order.
var Glossary = []Term{
	{"ACK", "The flag, and the number, by which a TCP acknowledges what it has received: the number is the next byte " +
		"that it expects (RFC 9293 §3.4)."},
	{"abort", "To end a connection at once by a RST, without sending or reading what is still queued (RFC 9293 " +
		"§3.10.5). The RST then has ACK and its sender's next sequence number."},
	{"acceptable", "A segment whose sequence numbers lie in the receiver's window. A RST that is not acceptable is " +
		"dropped; one in the window that is not the next number expected draws a challenge ACK (RFC 9293 §3.10.7.4, RFC " +
		"5961 §3.2)."},
	{"backscatter", "SYN-ACKs or RSTs that arrive for SYNs which somebody sent with this host's address as a false " +
		"source."},
	{"challenge ACK", "The ACK by which a TCP responds to a suspicious RST or SYN: if the peer really has no " +
		"connection, it replies with a RST that has the exact sequence number (RFC 5961)."},
	{"CLOSE-WAIT", "The state of a side whose peer has closed, while its own application has not closed yet (RFC 9293 " +
		"§3.3.2)."},
	{"closed socket", "One end of a connection after its application has closed it or has exited: data that still " +
		"arrives there is answered by a RST (RFC 9293 §3.6, RFC 2525 §2.17)."},
	{"confidence", "The probability that the cause is the right one. It is measured against captures whose causes " +
		"are known."},
	{"duplicate", "A packet that is in the capture twice, for example because it was captured on two interfaces. It is " +
		"not a second event."},
	{"FIN", "The flag by which one side says that it will send no more data: the normal way to close (RFC 9293 §3.6)."},
	{"half-closed", "A connection that one side has closed by FIN while the other may still send (RFC 9293 §3.6)."},
	{"half-open", "A connection that one side has lost, for example in a crash, while the other side still considers " +
		"it open (RFC 9293 §3.5.1)."},
	{"handshake", "The SYN, the SYN-ACK and the ACK that open a connection (RFC 9293 §3.5)."},
	{"idle", "Without data in either direction."},
	{"in flight", "Sent but not yet received."},
	{"incarnation", "One connection of several that used the same addresses and ports one after the other."},
	{"keep-alive probe", "A segment with an old sequence number that a TCP sends on an idle connection to check " +
		"whether its peer still responds (RFC 9293 §3.8.4)."},
	{"middlebox", "A device on the path that is neither end of the connection: a firewall, a NAT, a load balancer, an " +
		"intrusion prevention system."},
	{"MSS", "The largest amount of data that a side accepts in one segment (RFC 9293 §3.7.1)."},
	{"originator", "The side that opened the connection by its SYN; reports call it the client."},
	{"origin", "Who really sent a RST: the endpoint that its source address names, or a middlebox."},
	{"responder", "The side that answered the SYN; reports call it the server."},
	{"retransmission", "Data, a SYN or a FIN that is sent again because it was not acknowledged (RFC 9293 §3.8.1)."},
	{"RST", "The flag of a reset: the connection ends at once (RFC 9293 §3.5.2)."},
	{"RTT", "Round-trip time: the time from a segment to its acknowledgment."},
	{"SEQ", "The sequence number of a segment's first byte. Ladders show it relative to the connection's beginning, as " +
		"Wireshark does."},
	{"SND.NXT", "The sequence number that a side will send next (RFC 9293 §3.3.1)."},
	{"snaplen", "How many bytes of each packet the capture kept."},
	{"stream", "Wireshark's number of a connection in the capture (tcp.stream)."},
	{"SYN", "The flag that opens a connection."},
	{"TIME-WAIT", "The state of the side that closed first. It lasts for a while so that late segments are recognised " +
		"(RFC 9293 §3.6)."},
	{"trigger", "The segment that a RST answers."},
	{"TTL", "Time to live: every router decrements it by one. Packets from one sender usually arrive with the same " +
		"TTL. IPv6 calls it hop limit."},
	{"window", "How many bytes beyond its ACK a side is ready to receive (RFC 9293 §3.8.6). A zero window means that " +
		"the application is not reading."},
	{"zero-window probe", "A segment that checks whether the peer's window is still zero (RFC 9293 §3.8.6.1)."},
}

// GlossaryText prints the glossary for a terminal.
func GlossaryText(w io.Writer, opts TextOptions) error {
	p := newPage(opts)
	var b strings.Builder
	for _, t := range Glossary {
		b.WriteString(p.style.bold(t.Name) + "\n" + p.wrap("    ", t.Means))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
