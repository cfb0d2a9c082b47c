package rules

import (
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/programs"
	"github.com/rstexplain/rstexplain/rules/words"
)

// How sure it is that a handshake was refused.
const (
	tlsAlertSure  = 0.97 // a fatal alert says so
	tlsDoubtful   = 0.60 // signs speak against the server as the sender of the RST
	tlsServerSure = 0.94 // the server resets after the Client Hello
	tlsClientSure = 0.86 // the client resets after the server's flight
)

var tlsRejected = &Rule{
	ID:       "tls-rejected",
	Cause:    PeerCrash,
	Severity: Error,
	RFC:      []string{"RFC 8446 §6.2", "RFC 9293 §3.10.5"},
	Doc: Doc{
		Title: "The TLS handshake was aborted",
		Happened: "One side opened TLS and the other ended the connection before the handshake was finished: it does " +
			"not accept the name, version, cipher or certificate, its certificate could not be loaded, the port does not " +
			"speak TLS, or a filter on the path blocks the name.",
		Recognised: "Client Hello, perhaps the server's response, perhaps a fatal alert, then RST before both sides have " +
			"sent Finished.",
		LookAlikes: "A filter that resets after the Client Hello is recognised by its origin: TTL, timing, or a server " +
			"that goes on.",
		Prints: "curl: (35); Go and Python: connection reset by peer during the handshake; Java: " +
			"SSLHandshakeException or SSLException; browsers: ERR_CONNECTION_RESET or ERR_SSL_…",
		Remedy: "Compare names (SNI), versions and certificates on both sides: openssl s_client -connect host:port " +
			"-servername name. Look into the server's log at that moment.",
		Limits: "In TLS 1.3 most alerts are encrypted: their reason is then not in the packets.",
	},
	Match: func(c *facts.Facts) float64 {
		switch {
		case otherLayer(c) && c.PathSigns.Doubtful():
			return c.Lowered(tlsDoubtful, facts.LostBytes)
		case otherLayer(c):
			return c.Lowered(tlsAlertSure, facts.LostBytes)
		}
		if c.Kind == facts.KindReply || c.Close.Completion.State != facts.OpenHandshake || !c.Close.Exchange.TLS ||
			c.PeerClosedFirst() && !closedOnAlert(c) {
			return 0
		}
		x := c.Close.Exchange
		switch {
		case x.AlertSide >= 0 || x.Last[0].Kind == exchange.Alert || x.Last[1].Kind == exchange.Alert:
			return tlsAlertSure
		case c.ByClient():
			return c.Lowered(tlsClientSure, facts.LostBytes)
		}
		return c.Lowered(tlsServerSure, facts.LostBytes)
	},
	Explain: func(c *facts.Facts, f *Finding) {
		x := c.Close.Exchange
		if otherLayer(c) {
			f.explainOtherLayer(c)
			return
		}
		f.Summary = words.Sentence("%s aborted the TLS handshake", words.Capital(Sender(c)))
		after := x.Last[c.Close.Completion.Side].Kind
		name := ""
		if x.SNI != "" && clientHello(x) != 0 {
			name = " for " + x.SNI
		}
		if after == exchange.ClientHello {
			f.Summary += " after the Client Hello"
		}
		f.Summary += name
		switch {
		case x.AlertText != "" && x.AlertSide >= 0:
			f.Summary += words.Sentence("; %s's alert says %s", words.Side(flows.Side(x.AlertSide)), x.AlertText)
		case after == exchange.Alert && c.Close.Completion.Side == c.Side:
			f.Summary += " with an alert, which is encrypted"
		case after == exchange.Alert:
			f.Summary += words.Sentence(" after a TLS alert of %s", words.Side(c.Close.Completion.Side))
		}
		f.Summary += "."
		if remedy := alertRemedy(x); remedy != "" {
			f.Remedy = remedy
		}
		if closedOnAlert(c) {
			f.Symptom = words.Capital(Receiver(c)) + "'s application gets the alert as an error of its TLS library; it had " +
				"closed before the RST came"
			f.sayFINAcked(c.Side.Peer(), c.Rcv)
		}
		f.SayCompletion(c)
		if x.AlertText != "" && x.AlertSide >= 0 && c.Close.Completion.Side != flows.Side(x.AlertSide) {
			f.Say(claim.Claim{Kind: claim.AlertSent, Side: flows.Side(x.AlertSide), Text: x.AlertText},
				x.AlertFrame[x.AlertSide])
		}
		if c.Close.Completion.State != facts.OpenHandshake {
			f.sayServerName(x)
		}
		sayVersion(f, x)
		f.SayClose(c)
		f.SayRST(c)
		f.Open(FastClose, abortiveCloseID, 0.85, "the handshake was still under way")
	},
	Effects: Effects{
		Outcomes: slices.Concat([]programs.Outcome{programs.Handshake, programs.EOFHandshake, programs.Untrusted},
			resetOutcomes, lostOutcomes),
		Own: func(c *facts.Facts) (programs.Outcome, string) {
			x := c.Close.Exchange
			if x.AlertSide != int(flows.Originator) {
				return programs.Nothing, ""
			}
			switch alert, _, _ := strings.Cut(x.AlertText, " "); alert {
			case "unknown_ca", "bad_certificate", "certificate_unknown", "unsupported_certificate", "certificate_expired",
				"certificate_revoked":
				return programs.Untrusted, "The client itself rejected the server's certificate, as its alert says"
			}
			return programs.Nothing, ""
		},
	},
}

// otherLayer reports whether the server answered a Client Hello in plain HTTP, and either side ended the connection on
// that. What a device on the path answers in its name is not it.
func otherLayer(c *facts.Facts) bool {
	x := c.Close.Exchange
	return x.OtherLayer && x.TLS && c.Close.Completion.State == facts.OpenHandshake && !c.PathSigns.Middlebox()
}

// explainOtherLayer explains the end of a connection on which a server answered TLS in plain HTTP.
func (f *Finding) explainOtherLayer(c *facts.Facts) {
	x := c.Close.Exchange
	m := &x.Last[flows.Responder]
	in := "plain HTTP"
	if !strings.HasPrefix(m.Text, "HTTP/") {
		in = "plain text"
	}
	f.Summary = words.Sentence("The client speaks TLS, and the server answered its Client Hello in %s (%s)", in, m.Text)
	if c.PathSigns.Doubtful() {
		f.Summary = words.Sentence("A Client Hello was answered in %s (%s), by the server or perhaps by a device on the path", in,
			m.Text)
	}
	switch {
	case c.Close.By != facts.ByThis:
		f.Summary += words.Sentence("; %s had closed, and what %s sent then reached a closed socket.", Sender(c), Receiver(c))
	case c.PeerClosedFirst():
		f.Summary += words.Sentence("; %s had closed, and %s reset the connection.", Receiver(c), Sender(c))
	default:
		f.Summary += words.Sentence("; %s reset the connection.", Sender(c))
	}
	f.Remedy = "The port speaks plain HTTP: let the client use http there, or the port that expects TLS; or configure TLS on " +
		"the server's port."
	if in == "plain text" {
		f.Remedy = "The port speaks another protocol, in the clear: check the address and port that the client uses."
	}
	f.SayCompletion(c)
	f.SayClose(c)
	if c.PeerClosedFirst() {
		f.sayFINAcked(c.Side.Peer(), c.Rcv)
	}
	f.SayRST(c)
	f.Symptom = "The client's application gets an error in the TLS handshake: a wrong version number or record type"
	f.Open(FastClose, abortiveCloseID, 0.85, "the handshake was still under way")
}

// sayVersion names the version of TLS where the hello that names it is still the last message of its side: the
// Server Hello's, else what the Client Hello offers.
// clientHello returns the frame of the last Client Hello, 0 where messages that came later are all that is remembered.
func clientHello(x *exchange.Summary) int {
	switch {
	case x.Request.Kind == exchange.ClientHello:
		return x.Request.Frame
	case x.Last[x.TLSClient].Kind == exchange.ClientHello:
		return x.Last[x.TLSClient].Frame
	}
	return 0
}

// sayServerName says which name the Client Hello asks for.
func (f *Finding) sayServerName(x *exchange.Summary) {
	if n := clientHello(x); x.SNI != "" && n != 0 {
		f.Say(claim.Claim{Kind: claim.ServerName, Side: flows.Side(x.TLSClient), Text: x.SNI}, n)
	}
}

func sayVersion(f *Finding, x *exchange.Summary) {
	client, server := &x.Last[x.TLSClient], &x.Last[1-x.TLSClient]
	switch {
	case x.TLSVersion == "":
	case server.Kind == exchange.Handshake:
		f.Say(claim.Claim{Kind: claim.TLSVersion, Side: flows.Side(1 - x.TLSClient), What: claim.ServerHello,
			Text: x.TLSVersion}, server.Frame)
	case server.Kind == exchange.None && client.Kind == exchange.ClientHello:
		f.Say(claim.Claim{Kind: claim.TLSVersion, Side: flows.Side(x.TLSClient), What: claim.ClientHello, Text: x.TLSVersion},
			client.Frame)
	}
}

// closedOnAlert reports whether the peer closed when it had got a fatal alert of the side that reset: the alert was the
// end, and not that FIN.
func closedOnAlert(c *facts.Facts) bool {
	x, fin := c.Close.Exchange, c.Rcv.FIN
	return x.Last[c.Side].Kind == exchange.Alert && fin.Seen() && x.AlertFrame[c.Side] < fin.Frame
}

// alertRemedy returns what to do about a fatal alert (RFC 8446 §6.2), "" when its name says no more.
func alertRemedy(x *exchange.Summary) string {
	alert, _, _ := strings.Cut(x.AlertText, " ")
	// A server that has sent its hello agrees to version and cipher.
	server := 1 - x.TLSClient
	late := x.Last[server].Kind == exchange.Alert && x.AlertFrame[server] != 0 && x.Messages[server] > 1
	switch alert {
	case "", "handshake_failure":
		if late {
			return "The server agreed to version and cipher, and then refused the client: most likely it requires a client " +
				"certificate, which is missing or not accepted. Configure one in the client; the server's log says why."
		}
	}
	switch alert {
	case "unknown_ca", "bad_certificate", "certificate_unknown", "unsupported_certificate":
		return "The certificate of the other side is not trusted: let it send its whole chain, and make the issuing CA " +
			"known to the side that sent the alert. openssl s_client -connect host:port -servername name -showcerts shows " +
			"what is sent."
	case "certificate_expired", "certificate_revoked":
		return "Renew the certificate of the other side, and check the clocks of both."
	case "certificate_required":
		return "The server asks for a client certificate: configure one in the client."
	case "unrecognized_name":
		return "The server has no certificate for this name: compare the client's SNI with the names that the server is " +
			"configured for."
	case "protocol_version", "handshake_failure", "insufficient_security", "illegal_parameter":
		return "Client and server have no TLS version, cipher or parameter in common: compare what both allow (openssl " +
			"s_client -tls1_2, -tls1_3; openssl ciphers -v)."
	case "no_application_protocol":
		return "Client and server have no application protocol (ALPN) in common: compare what both offer."
	}
	return ""
}
