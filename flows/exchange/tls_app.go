package exchange

// Application data records: whose turn it is, recognized by their sizes. What a record holds cannot be read,
// but the records that want nothing (tickets, key updates, HTTP/2 housekeeping, close_notify) have sizes
// of their own. Where a size could be either, the reading that leaves a request unanswered wins only
// when the other is rare.

// tlsApp takes the turn of an application data record of n bytes.
func (h *hearing) tlsApp(n int) {
	fromClient := h.side == h.client()
	if h.v.kind == Goodbye && n != h.alertSize() && h.tls&tls13 != 0 {
		// What looked like close_notify was data after all: something follows it.
		if h.v.bye == h.v.frame {
			h.v.bye = 0
		}
	}
	if h.tls&(sawClientHello|sawServerHello) == sawClientHello && fromClient {
		if h.tls&offersEarly != 0 {
			h.askTLS(textEarlyData)
			return
		}
		h.missedServerHello(true)
	}
	if h.tls&tls13 != 0 && h.tls&finishedClient == 0 && h.tls&sawClientHello != 0 {
		if h.tls13Handshake(n, fromClient) {
			return
		}
	} else if fromClient && h.tls&finishedClient != 0 && h.bits&doubt != 0 {
		h.tls |= finishedServer // unseen
	} else if h.bits&doubt != 0 && h.tls&tls13 == 0 && h.tls&sawClientHello != 0 {
		h.tls |= finishedClient | finishedServer | ccsClient | ccsServer // application data follows the handshake
	}
	size := n - h.added()
	if h.overhead == 0 {
		size = -1 // not known
	}
	switch {
	case n == h.alertSize() && !fromClient && h.refusesClient():
		h.begin(Alert, textEncryptedAlert)
		h.noteAlert()
		h.answered()
	case n == h.alertSize():
		h.closeNotify()
	case h.tls&tls13 != 0 && size == 5:
		h.begin(Housekeeping, textKeyUpdate)
	case fromClient:
		h.clientData(size)
	default:
		h.serverData(size)
	}
}

// alertSize returns the length of an application data record that can only be an alert of TLS 1.3 (RFC
// 8446 §6), 0 where alerts have their own type. Where the version is not known, 19 bytes are no size
// that TLS 1.2 can have with AES-GCM.
func (h *hearing) alertSize() int {
	switch {
	case h.tls&tls13 != 0:
		return 2 + h.added()
	case h.tls&sawServerHello == 0 && h.version == 0:
		return 2 + 17
	}
	return 0
}

// refusesClient reports whether a server's alert in TLS 1.3 is most likely a fatal one: its first record behind a
// client's Finished, at once, where a New Session Ticket or an answer was due. A server that does not accept the client's
// certificate, or misses it, sends it then (RFC 8446 §4.4.2.4).
func (h *hearing) refusesClient() bool {
	c := h.peer()
	return h.tls&(tls13|finishedClient|ticketOne) == tls13|finishedClient && h.bits&doubt == 0 && h.v.flags&spoken == 0 &&
		c.wait > 0 && h.time-c.time < refusedWithin
}

// refusedWithin is the time, in nanoseconds, within which a server decides on a client's certificate.
const refusedWithin = 1e9

// noWait is the time, in nanoseconds, within which nobody gives an answer up.
const noWait = 10e6

// closeNotify takes an encrypted alert after the handshake: close_notify, for hardly another is sent.
func (h *hearing) closeNotify() {
	if h.v.kind == Goodbye && h.talk == uint8(h.side)+1 {
		return // some stacks send two
	}
	if h.side != h.client() {
		h.noPreface(h.side)
	}
	if v := h.v; v.kind == Request && h.talk == uint8(h.side)+1 && h.time-v.time < noWait {
		v.wait = 0 // QUIT, Terminate and the like: who wants an answer does not leave at once
	}
	h.begin(Goodbye, textCloseNotify)
}

// noPreface takes what looked like the client's preface of HTTP/2 as a request where the server ends the session without
// having said a word: in HTTP/2 it sends SETTINGS first, which wait for nothing (RFC 9113 §3.4).
func (s *State) noPreface(server int) {
	c, v := &s.voice[1-server], &s.voice[server]
	if s.tls&(tls13|speaksH2) != tls13|speaksH2 || c.kind != Housekeeping || c.text != textPreface || v.flags&spoken != 0 {
		return
	}
	s.tls &^= speaksH2
	c.kind, c.text, c.wait = Request, textAppData, 1
	c.flags |= asked
	s.askFrame, s.askTime, s.line = c.frame, c.time, c.text
	if s.bits &^= askedBy1; server == 0 {
		s.bits |= askedBy1
	}
}

// tls13Handshake takes an encrypted record before the client's Finished. Finished holds a hash of 32 or
// 48 bytes, which gives its record away; certificates of a client, always longer, may go before it, and
// short messages may share its record. It returns false when the record shows that the handshake was over.
func (h *hearing) tls13Handshake(n int, fromClient bool) bool {
	h.notePadding(n, fromClient)
	over := h.added()
	h.v.aux = min(h.v.aux+uint32(n), maxFlight)
	switch {
	case n == 2+over:
		h.begin(Alert, textEncryptedAlert)
		h.noteAlert()
	case fromClient && (n == 4+32+over || n == 4+48+over || h.tls&clientFlight == 0 && n >= 4+32+over && n <= 110+over):
		h.tls |= finishedClient | finishedServer | clientFlight
		h.shake(textFinished)
	case fromClient:
		h.tls |= clientFlight
		h.shake(textHandshake)
	case h.tls&clientFlight != 0 && h.turn:
		h.tls |= finishedClient | finishedServer
		return false
	default:
		h.shake(textHandshake)
	}
	return true
}

// padding is what OpenJDK adds to each record of TLS 1.3 (RFC 8446 §5.4 allows any length), client or server
// (sun.security.ssl.OutputRecord, T13PaddingHolder): no other common library pads by itself.
const padding = 16

// added returns how many bytes this side's encrypted records are longer than what they hold, 0 not known.
func (h *hearing) added() int {
	if h.v.flags&padded != 0 {
		return int(h.overhead) + padding
	}
	return int(h.overhead)
}

// notePadding tells from an encrypted handshake record of n bytes whether this side pads: the length of a
// Finished alone in its record is known from the suite, and a client's alert is shorter than any message that
// it could be instead. Of a server's records its Finished is the last.
func (h *hearing) notePadding(n int, fromClient bool) {
	if h.overhead == 0 || h.bits&doubt != 0 || !fromClient && h.tls&clientFlight != 0 {
		return
	}
	finished := 4 + 32
	if h.tls&longHash != 0 {
		finished = 4 + 48
	}
	switch extra := n - int(h.overhead) - padding; {
	case extra == finished, fromClient && extra == 2:
		h.v.flags |= padded
	default:
		h.v.flags &^= padded
	}
}

// askTLS takes a record that asks for something.
func (h *hearing) askTLS(text id) {
	v := h.v
	v.flags |= asked
	if v.kind == Request && h.talk == uint8(h.side)+1 {
		return
	}
	h.begin(Request, text)
	v.wait = 1
	h.ask()
}

// clientData takes a record of the client that holds size bytes, −1 unknown.
func (h *hearing) clientData(size int) {
	if h.mayBeH2() && size > 0 {
		first := h.v.flags&spoken == 0
		switch {
		case first && isPrefaceSize(size):
			h.tls |= speaksH2
			h.v.flags |= spoken
			h.begin(Housekeeping, textPreface)
			if size == 24 { // alone: the next record is SETTINGS
				h.v.flags |= barePreface
			}
			return
		case h.v.flags&barePreface != 0 && isSettingsSize(size), !first && isQuietSize(size):
			h.v.flags &^= barePreface
			h.begin(Housekeeping, textAppData)
			return
		}
	}
	h.v.flags &^= barePreface
	h.v.flags |= spoken
	h.askTLS(textAppData)
}

// Flags of a voice in TLS.
const (
	spoken      = f2 // has sent application data
	barePreface = f3 // its last record was the preface of HTTP/2 and nothing else
	padded      = f4 // TLS 1.3: pads its records
)

// serverData takes a record of the server that holds size bytes, −1 unknown.
func (h *hearing) serverData(size int) {
	first := h.v.flags&spoken == 0
	h.v.flags |= spoken
	if h.mayBeH2() && size > 0 && (first && isSettingsSize(size) || isQuietSize(size)) {
		h.tls |= noMoreTickets // they come first
		h.begin(Housekeeping, textAppData)
		return
	}
	if h.isTicket(size) {
		h.v.flags &^= spoken
		h.shake(textTicket)
		return
	}
	c := h.peer()
	if c.flags&asked == 0 && c.flags&spoken == 0 && h.tls&sawClientHello != 0 {
		h.run(Greeting, textAppData) // SMTP, IMAP and the like
		return
	}
	c.flags |= asked // had it sent no more than a preface, there would be no answer
	c.wait = 0
	h.run(Response, textAppData)
}

// maxFlight bounds the bytes of a side's encrypted handshake records, which voice.aux counts in TLS 1.3.
const maxFlight = 1 << 20

// isTicket reports whether a record of the server is most likely a New Session Ticket: nearly every
// server sends one or two, of the same size, before anything else that follows the handshake. A ticket
// takes some hundred bytes, more by the client's certificate where one was sent; that of Java's TLS holds
// the server's own certificates, so it is about as long as the server's part of the handshake.
func (h *hearing) isTicket(size int) bool {
	if h.tls&(tls13|offersTickets) != tls13|offersTickets || h.tls&noMoreTickets != 0 {
		return false
	}
	flight, clients := int(h.v.aux), int(h.peer().aux)
	switch {
	case h.tls&ticketOne == 0 && size >= 40 &&
		(size <= max(1100, 600+clients) || size >= flight-200 && size <= flight+400):
		h.tls |= ticketOne
		h.v.aux = uint32(size)
		return true
	case h.tls&ticketOne != 0 && abs(size-int(h.v.aux)) <= 8:
		return true
	}
	h.tls |= noMoreTickets
	return false
}

// mayBeH2 reports whether HTTP/2 may be spoken: agreed in clear, or offered where the choice is hidden.
func (h *hearing) mayBeH2() bool {
	if h.tls&settledALPN != 0 {
		return h.names.get(h.alpn) == "h2"
	}
	return h.tls&(tls13|offersH2) == tls13|offersH2
}

// isPrefaceSize reports whether size bytes can be what a client of HTTP/2 sends before any request (RFC
// 9113 §3.4): the preface of 24, SETTINGS of 9 and 6 for each, perhaps WINDOW_UPDATE of 13, the five or
// six PRIORITY frames of 14 with which Firefox began, and a GOAWAY of 17.
func isPrefaceSize(size int) bool {
	if size == 24 {
		return true
	}
	for _, priorities := range [...]int{0, 5, 6} {
		for _, update := range [...]int{0, 13} {
			for _, away := range [...]int{0, 17} {
				r := size - 24 - 9 - 14*priorities - update - away
				if priorities > 0 && (update == 0 || r == 0) {
					continue // not Firefox: an odd size is more likely a request in the same record
				}
				if r >= 0 && r <= 6*8 && r%6 == 0 {
					return true
				}
			}
		}
	}
	return false
}

// isSettingsSize reports whether size bytes can be a server's first words in HTTP/2: SETTINGS, perhaps
// with WINDOW_UPDATE or the acknowledgement of the client's, or with a PING.
func isSettingsSize(size int) bool {
	for _, others := range [...]int{0, 9, 13, 9 + 13, 17, 13 + 17} {
		if r := size - 9 - others; r >= 0 && r <= 6*6 && r%6 == 0 {
			return true
		}
	}
	return false
}

// isQuietSize reports whether size bytes are frames of HTTP/2 that want nothing: SETTINGS ACK (9),
// WINDOW_UPDATE or RST_STREAM (13), PING or GOAWAY (17), and two of them.
func isQuietSize(size int) bool {
	switch size {
	case 9, 13, 17, 9 + 13, 13 + 13:
		return true
	}
	return false
}

func abs(n int) int { return max(n, -n) }
