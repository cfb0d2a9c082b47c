package exchange

import "strconv"

// TLS records (RFC 8446 §5.1, RFC 5246 §6.2.1), as far as they can be told apart without their keys: the
// handshake in clear, then types and sizes.

// tlsBits is how far a TLS connection has come.
type tlsBits uint16

const (
	sawClientHello tlsBits = 1 << iota
	sawServerHello
	tls13          // negotiated: what follows the Server Hello is encrypted
	offersTickets  // psk_key_exchange_modes was sent, so a server may send tickets (RFC 8446 §4.6.1)
	offersH2       // ALPN offers h2
	settledALPN    // the server chose in clear
	speaksH2       // the client's first record has the size of a connection preface
	ccsClient      // Change Cipher Spec sent
	ccsServer      //
	finishedClient // Finished sent, as far as can be seen
	finishedServer //
	clientFlight   // TLS 1.3: the client has sent encrypted handshake records
	noMoreTickets  // TLS 1.3: the server has sent something else than tickets
	offersEarly    // early_data was offered (RFC 8446 §4.2.10)
	ticketOne      // TLS 1.3: one record that looks like a ticket
	longHash       // TLS 1.3: the cipher suite's hash has 48 bytes, not 32
)

// Content types of a record.
const (
	tlsCCS       = 20
	tlsAlert     = 21
	tlsHandshake = 22
	tlsAppData   = 23
	tlsHeartbeat = 24
)

const (
	tlsHeader  = 5
	maxRecord  = 1<<14 + 2048             // RFC 5246 §6.2.3, the largest of all versions
	fullRecord = 1 << 14                  // bytes of plaintext that a record can hold
	fullPadded = fullRecord - padding - 1 // what OpenJDK puts into one that it pads
)

// isTLS knows the first record of a TLS connection, or one from its middle.
func isTLS(b []byte, _ int) verdict {
	if b[0]&0x80 != 0 && b[0] != 0xff { // a Client Hello in the form of SSL 2.0 (RFC 5246 appendix E.2)
		switch {
		case len(b) > 2 && b[2] != 1, len(b) > 3 && b[3] != 3, len(b) > 4 && b[4] > 4:
			return no
		case len(b) < 11:
			return maybe
		case be16(b)&0x7fff != 9+be16(b[5:])+be16(b[7:])+be16(b[9:]) || be16(b[5:])%3 != 0:
			return no
		}
		return yes
	}
	if b[0] < tlsCCS || b[0] > tlsAppData {
		return no
	}
	switch {
	case len(b) > 1 && b[1] != 3, len(b) > 2 && b[2] > 4, len(b) > 3 && b[3] > maxRecord>>8:
		return no
	case len(b) < tlsHeader+1:
		return maybe
	}
	n := be16(b[3:])
	switch b[0] {
	case tlsHandshake:
		if b[5] != 1 && b[5] != 2 || n < 4 { // Client Hello, Server Hello
			return no
		}
		if len(b) < 11 {
			return maybe
		}
		if b[6] != 0 || b[9] != 3 {
			return no
		}
	case tlsAlert:
		if n == 2 && b[5] != 1 && b[5] != 2 || n < 2 || n > 128 {
			return no
		}
	case tlsCCS:
		if n != 1 || b[5] != 1 {
			return no
		}
	default:
		if n < 17 || b[2] == 0 || b[2] == 4 {
			return no
		}
	}
	return yes
}

// startsTLS reports whether a record may begin here.
func startsTLS(b []byte) bool {
	return len(b) >= tlsHeader && b[0] >= tlsCCS && b[0] <= tlsHeartbeat && b[1] == 3 && b[2] <= 4 &&
		be16(b[3:]) > 0 && be16(b[3:]) <= maxRecord
}

// client returns the side that sent the Client Hello.
func (s *State) client() int {
	if s.bits&clientIs1 != 0 {
		return 1
	}
	return 0
}

// readTLS reads one record: its header, and of a hello in clear the hello.
func (h *hearing) readTLS(b []byte, last bool) int {
	if b[0]&0x80 != 0 && h.tls == 0 && h.via == undecided && (len(b) >= 11 || !last) {
		if len(b) < 11 {
			return 0
		}
		return h.readSSL2Hello(b)
	}
	if h.tls == 0 && h.via != undecided && h.via < httpConnect && (b[0] < tlsCCS || b[0] > tlsAppData) {
		h.proto, h.via = h.via, undecided // the capture holds what was inside TLS, decrypted
		return h.parse(b, last)
	}
	if h.answersPlainly(b) {
		return h.plainAnswer(b, last)
	}
	if len(b) < tlsHeader {
		return h.short(b, last)
	}
	if !startsTLS(b) {
		return h.strange(b)
	}
	n := be16(b[3:])
	used := tlsHeader
	ok := true
	switch fromClient := h.side == h.client(); b[0] {
	case tlsCCS:
		h.shake(textHandshake)
		h.versionByNext(b[min(len(b), tlsHeader+1):])
		switch {
		case h.tls&sawClientHello != 0 && h.tls&sawServerHello == 0:
			// Sent for the sake of middleboxes (RFC 8446 appendix D.4): nothing is encrypted yet.
		case fromClient:
			h.tls |= ccsClient
		default:
			h.tls |= ccsServer
		}
	case tlsAlert:
		used, ok = h.tlsAlert(b, n, last)
	case tlsHandshake:
		used, ok = h.tlsHandshake(b, n, last)
	case tlsAppData:
		h.tlsApp(n)
	default:
		h.begin(Housekeeping, textHeartbeat)
	}
	if !ok {
		return 0
	}
	h.v.left = int64(tlsHeader + n - used)
	h.v.flags &^= fullSize
	if size := n - h.added(); b[0] == tlsAppData &&
		(h.overhead == 0 && n >= fullRecord || size == fullRecord || h.v.flags&padded != 0 && size == fullPadded) {
		h.v.flags |= fullSize
	}
	return used
}

// fullSize says of a voice that its last record was as large as a record can be.
const fullSize = f1

// shake takes a part of the handshake; the message is called after the last part that has a name.
func (h *hearing) shake(text id) {
	h.run(Handshake, text)
	if text != textHandshake {
		h.v.text = text
	}
}

// sent reports whether this side has sent client, where it is the client, or server.
func (h *hearing) sent(client, server tlsBits) bool {
	if h.side == h.client() {
		return h.tls&client != 0
	}
	return h.tls&server != 0
}

// tlsHandshake reads a handshake record of n bytes: a hello for what it says, another in clear for its
// type, an encrypted one (after Change Cipher Spec) as Finished.
func (h *hearing) tlsHandshake(b []byte, n int, last bool) (used int, ok bool) {
	if h.sent(ccsClient, ccsServer) && h.tls&tls13 == 0 {
		h.shake(textFinished)
		if h.side == h.client() {
			h.tls |= finishedClient
		} else {
			h.tls |= finishedServer
		}
		return tlsHeader, true
	}
	body := b[tlsHeader:min(len(b), tlsHeader+n)]
	if len(b) >= maxScrap {
		body = b[tlsHeader:min(maxScrap, tlsHeader+n)]
		last = true
	}
	if len(body) == 0 {
		if last {
			h.shake(textHandshake)
		}
		return tlsHeader, last
	}
	if len(body) < n && !last {
		return 0, false
	}
	h.handshakeMessages(body, n)
	return tlsHeader + len(body), true
}

// handshakeMessages takes the messages of a record of n bytes in clear, of which body holds the captured ones. A
// message may go on in the next record: voice.aux counts its bytes that are still to come.
func (h *hearing) handshakeMessages(body []byte, n int) {
	v := h.v
	at := int(v.aux)
	if at > 0 {
		h.shake(textHandshake)
	}
	for at < n {
		m := body[min(at, len(body)):]
		size := n - at // of a message whose header was not captured, or is cut by the record
		if len(m) >= 4 && m[1] == 0 || len(m) >= 4 && m[0] == hsCertificate {
			size = 4 + be24(m[1:])
		}
		switch {
		case len(m) < 2:
			h.shake(textHandshake)
		// the first, or the one after a Hello Retry Request
		case m[0] == hsClientHello && m[1] == 0 && h.tls&sawServerHello == 0:
			h.clientHello(m)
		case m[0] == hsServerHello && m[1] == 0 && h.tls&sawServerHello == 0:
			h.serverHello(m)
		default:
			if h.side == h.client() && h.tls&(sawClientHello|sawServerHello) == sawClientHello {
				h.missedServerHello(false)
			}
			h.shake(handshakeText(m[0]))
		}
		at += size
	}
	if v.aux = 0; h.tls&tls13 == 0 && at > n {
		v.aux = uint32(at - n)
	}
}

// Types of handshake messages (RFC 5246 §7.4) that are told apart before they are named.
const (
	hsClientHello = 1
	hsServerHello = 2
	hsCertificate = 11
)

// handshakeText names a handshake message.
func handshakeText(kind byte) id {
	switch kind {
	case 0:
		return textHelloRequest
	case 4:
		return textTicket
	case hsCertificate:
		return textCertificate
	case 12:
		return textServerKey
	case 13:
		return textCertificateRequest
	case 14:
		return textServerHelloDone
	case 15:
		return textCertificateVerify
	case 16:
		return textClientKey
	case 22:
		return textCertificateStatus
	}
	return textHandshake
}

// missedServerHello takes the client's word for it that the server's part of the handshake, which the
// capture does not hold, has come: after the Server Hello a client goes on in clear only below TLS 1.3.
func (h *hearing) missedServerHello(v13 bool) {
	h.tls |= sawServerHello
	h.bits |= doubt
	h.voice[h.client()].wait = 0
	if v13 {
		h.tls |= tls13
		h.overhead = 17
	} else {
		h.version = min(h.version, 4)
	}
}

// tlsAlert reads an alert record of n bytes (RFC 8446 §6).
func (h *hearing) tlsAlert(b []byte, n int, last bool) (used int, ok bool) {
	if n == 2 {
		if len(b) < tlsHeader+2 {
			if last {
				h.begin(Alert, textAlert)
				h.noteAlert()
			}
			return len(b), last
		}
		level, desc := b[5], b[6]
		switch {
		case desc == 0:
			h.closeNotify()
		case level == 1 && h.tls&tls13 == 0:
			h.shake(h.names.line([]byte("warning:"), maxText, []byte(alertName(desc)), maxText))
		default:
			h.begin(Alert, h.names.line([]byte("alert:"), maxText, []byte(alertName(desc)), maxText))
			if h.alert == 0 {
				h.noteAlert()
				h.desc = desc
				h.bits |= alertClear
			}
			h.answered()
		}
		return tlsHeader + 2, true
	}
	switch {
	case h.bits&doubt != 0 && h.tls&tls13 == 0 && (h.tls&ccsServer != 0 || h.side != h.client() ||
		h.voice[1-h.client()].text == textTicket):
		// The handshake's last records were cut off or lost, and the server's Change Cipher Spec was sent, with or behind
		// what the capture shows: who encrypts an alert then has most likely finished the handshake.
		h.tls |= finishedClient | finishedServer
		h.closeNotify()
	case h.tls&sawClientHello != 0 && h.tls&(finishedClient|finishedServer) != finishedClient|finishedServer:
		h.begin(Alert, textEncryptedAlert)
		h.noteAlert()
		h.answered()
	default:
		h.closeNotify()
	}
	return tlsHeader, true
}

// noteAlert remembers the first alert.
func (h *hearing) noteAlert() {
	if h.alert == 0 {
		h.alert = h.frame
		if h.side == 1 {
			h.bits |= alertBy1
		}
	}
}

var alertNames = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
	30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
	60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
	86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
	110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
	116: "certificate_required", 120: "no_application_protocol", 121: "ech_required",
}

// alertName names an alert as the IANA registry "TLS Alerts" does: "handshake_failure (40)".
func alertName(desc uint8) string {
	name := alertNames[desc]
	if name == "" {
		name = "unknown alert"
	}
	return name + " (" + strconv.Itoa(int(desc)) + ")"
}

// tlsVersion names a minor version plus one.
func tlsVersion(v uint8) string {
	return [...]string{"", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"}[min(v, 5)]
}
