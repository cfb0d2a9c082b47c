package exchange

// PostgreSQL (postgresql.org/docs/current/protocol.html, version 3): after the start, messages of a type
// and a length. Ready For Query ends an answer.

const (
	pgProtocol = 196608 // 3.0
	pgCancel   = 80877102
	pgSSL      = 80877103
	pgGSS      = 80877104
	pgPeek     = 256

	pgStarted  = f1 // client: has sent its Startup message
	pgAwaitSSL = f2 // server: its next byte answers SSLRequest
	pgAskedGSS = f3 // client: asked for GSSAPI and not for TLS
	pgOpen     = f5 // server: its last ReadyForQuery, which begins in frame aux, says that a transaction is open
	pgFailed   = f6 // server: and that it has failed
)

func isPostgres(b []byte, side int) verdict {
	if side == 0 && (b[0] == 'Q' || b[0] == 'P') {
		return isPostgresQuery(b)
	}
	if side != 0 || b[0] != 0 || len(b) > 1 && b[1] != 0 {
		return no
	}
	if len(b) < 8 {
		return maybe
	}
	n, code := be32(b), be32(b[4:])
	switch {
	case (code == pgSSL || code == pgGSS) && n == 8, code == pgCancel && n >= 16 && n <= 268,
		code>>16 == 3 && code&0xffff <= 9 && n >= 9 && n < 10000:
		return yes
	}
	return no
}

// isPostgresQuery knows the protocol by a Query or a Parse, where the capture begins behind the Startup: a statement
// begins with a word, and a Query ends in a zero byte where its length says.
func isPostgresQuery(b []byte) verdict {
	if len(b) > 1 && b[1] != 0 || len(b) > 2 && b[2] > 15 { // a megabyte is more than a statement has
		return no
	}
	if len(b) < 5 {
		return maybe
	}
	n := 1 + be32(b[1:])
	if n < 8 {
		return no
	}
	text := b[5:min(int64(len(b)), n)]
	whole := int64(len(b)) >= n
	if b[0] == 'Q' && whole && text[len(text)-1] != 0 {
		return no
	}
	if b[0] == 'P' { // the name of the statement comes first
		name, ok := cstring(text[:min(len(text), pgName)])
		switch {
		case !printableASCII(name) || !ok && (whole || len(text) >= pgName):
			return no
		case !ok:
			return maybe
		}
		text = text[len(name)+1:]
	}
	word := 0
	for word < len(text) && text[word]|0x20 >= 'a' && text[word]|0x20 <= 'z' {
		word++
	}
	switch {
	case word == len(text) && word <= pgVerb && !whole:
		return maybe
	case word < 2 || word > pgVerb || word == len(text):
		return no
	case text[word] == ' ' || text[word] == ';' || text[word] == 0:
		return yes
	}
	return no
}

// pgName is the room of a statement's name, and pgVerb the length of the longest words that statements begin with.
const (
	pgName = 64
	pgVerb = 10
)

func startsPostgres(b []byte) bool {
	if len(b) < 5 || be32(b[1:]) < 4 || be32(b[1:]) > 1<<24 {
		return false
	}
	switch b[0] {
	case 'Q', 'P', 'B', 'X', 'Z', 'T', 'D', 'C', 'E', 'S', '1', '2', '3', 'n', 't':
		return true
	}
	return false
}

func (h *hearing) readPostgres(b []byte, last bool) int {
	if h.side == 0 && h.v.flags&pgStarted == 0 && b[0] == 0 {
		return h.pgStart(b, last)
	}
	if h.side == 1 && h.v.flags&pgAwaitSSL != 0 {
		h.v.flags &^= pgAwaitSSL
		if b[0] == 'S' || b[0] == 'N' || b[0] == 'G' {
			h.answer(Handshake, h.names.intern(b[:1], 1))
			switch {
			case b[0] == 'S':
				h.upgrade(postgres, tls)
			case b[0] == 'G':
				h.turns()
			}
			return 1
		}
	}
	if len(b) < 5 {
		return h.short(b, last)
	}
	n := be32(b[1:])
	if n < 4 || n > 1<<30 {
		return h.strange(b)
	}
	used := 5
	switch {
	case h.side == 1 && (b[0] == 'E' || b[0] == 'N') || b[0] == 'R' || h.side == 1 && b[0] == 'Z':
		peek := int(min(1+n, pgPeek))
		if len(b) < peek && !last {
			return 0
		}
		used = min(len(b), peek)
	}
	if h.side == 0 {
		h.pgClient(b[0])
	} else {
		h.pgServer(b[0], b[5:used])
	}
	return h.frameOf(used, 1+n)
}

// pgStart takes a message without a type, with which a client begins.
func (h *hearing) pgStart(b []byte, last bool) int {
	if len(b) < 8 {
		return h.short(b, last)
	}
	n, code := be32(b), be32(b[4:])
	if n < 8 || n > 1<<16 {
		return h.strange(b)
	}
	switch {
	case code == pgSSL || code == pgGSS:
		h.begin(Handshake, h.phrase("SSLRequest"))
		h.v.wait = 1
		h.ask()
		h.peer().flags |= pgAwaitSSL
	case code == pgCancel:
		h.begin(Request, h.phrase("CancelRequest")) // the server closes and says nothing
		h.v.flags |= asked
	case code>>16 == 3:
		h.begin(Handshake, h.phrase("Startup"))
		h.v.wait = 1
		h.ask()
		h.v.flags |= pgStarted
	default:
		return h.strange(b)
	}
	return h.frameOf(8, n)
}

var pgNames = map[byte]string{'Q': "Query", 'P': "Parse", 'B': "Bind", 'D': "Describe", 'E': "Execute", 'C': "Close",
	'F': "FunctionCall"}

func (h *hearing) pgClient(kind byte) {
	switch kind {
	case 'X':
		h.begin(Goodbye, h.phrase("Terminate"))
	case 'Q', 'F':
		h.request(h.phrase(pgNames[kind]))
	case 'P', 'B', 'D', 'E', 'C':
		if h.v.flags&pgBatch == 0 {
			h.request(h.phrase(pgNames[kind]))
			h.v.flags |= pgBatch
		}
	case 'S': // Sync: Ready For Query answers the whole batch
		if h.v.flags&pgBatch == 0 {
			h.request(h.phrase("Sync"))
		}
		h.v.flags &^= pgBatch
	case 'p':
		h.begin(Handshake, h.phrase("password"))
		h.v.wait = 1
		h.ask()
	}
}

// pgBatch says of the client that it has begun an extended query that no Sync has ended.
const pgBatch = f4

func (h *hearing) pgServer(kind byte, body []byte) {
	v := h.v
	switch kind {
	case 'Z': // Ready For Query
		h.answered()
		h.pgStatus(body)
		if v.kind == Handshake || v.kind == None {
			h.run(Handshake, h.phrase("ReadyForQuery"))
		}
		v.flags &^= more
	case 'R':
		if h.peer().wait > 0 && len(body) >= 4 && be32(body) != 0 && be32(body) != 12 {
			h.answered() // asks the client in turn
		}
		h.run(Handshake, h.phrase("Authentication"))
	case 'E', 'N':
		severity, text, ends := h.pgError(body)
		switch {
		case ends || kind == 'E' && (severity == "FATAL" || severity == "PANIC"):
			h.answer(Refusal, text)
			h.peer().wait = 0 // it ends the session, and with it what was sent behind the message that failed
			v.flags |= closes
		case kind == 'N':
			h.pgNotice()
			return
		default:
			h.run(Response, text)
			v.text = text
			v.flags |= more
		}
		h.verdict(text)
	case 'A', 'S', 'K':
		h.pgNotice()

	default:
		h.run(Response, h.phrase("result"))
		v.flags |= more
	}
}

// pgNotice takes what the server says without being asked.
func (h *hearing) pgNotice() {
	if h.peer().wait == 0 {
		h.begin(Housekeeping, h.phrase("notice"))
	}
}

// pgStatus takes the status of the transaction that a ReadyForQuery tells.
func (h *hearing) pgStatus(body []byte) {
	v := h.v
	v.flags &^= pgOpen | pgFailed
	v.aux = 0
	if len(body) == 0 {
		return
	}
	switch body[0] {
	case 'E':
		v.flags |= pgFailed
		fallthrough
	case 'T':
		v.flags |= pgOpen
		v.aux = h.frame
	}
}

// summarizePostgres fills in whether a transaction is open.
func (s *State) summarizePostgres(out *Summary) {
	if v := &s.voice[1]; s.proto == postgres && v.phase < phaseLost && v.flags&pgOpen != 0 {
		out.Transaction, out.TransactionFailed = int(v.aux), v.flags&pgFailed != 0
	}
}

// pgError returns the severity and the first words of an error or a notice, and whether its code says that the server
// ends the session (class 57 of appendix A: admin_shutdown, crash_shutdown, cannot_connect_now): postmaster's own
// messages of that kind are notices of severity WARNING.
func (h *hearing) pgError(body []byte) (severity string, text id, ends bool) {
	message, code := []byte(nil), []byte(nil)
	for len(body) > 1 {
		field := body[0]
		value, ok := cstring(body[1:])
		switch field {
		case 'V', 'S':
			switch {
			case severity == "" || field == 'V':
				severity = pgSeverity(value)
			}
		case 'C':
			code = value
		case 'M':
			message = value
		}
		if !ok {
			h.cut = value
			break
		}
		body = body[len(value)+2:]
	}
	switch string(code) {
	case "57P01", "57P02", "57P03":
		ends = true
	}
	return severity, h.names.line(code, 8, message, maxText), ends
}

// pgSeverity returns the severities that are told apart; others are "ERROR".
func pgSeverity(value []byte) string {
	switch string(value) {
	case "FATAL":
		return "FATAL"
	case "PANIC":
		return "PANIC"
	}
	return "ERROR"
}
