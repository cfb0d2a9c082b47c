package exchange

// MySQL (dev.mysql.com, "MySQL Client/Server Protocol"): packets of a three-byte length and a sequence
// number that starts at 0 with each command.

const (
	mysqlHeader = 4
	mysqlPeek   = mysqlHeader + 9 + maxText // what of a packet is looked at: an error and its text

	mysqlReady  = f1 // server: the login is done
	mysqlNoEOF  = f2 // client: CLIENT_DEPRECATE_EOF
	mysqlResult = f3 // server: in a result set; aux counts the EOF packets seen

	mysqlCapSSL      = 1 << 11
	mysqlCapCompress = 1 << 5
	mysqlCapNoEOF    = 1 << 24
	mysqlMoreResults = 8 // SERVER_MORE_RESULTS_EXISTS
)

// isMySQL knows a server's greeting, or the error in its place.
func isMySQL(b []byte, side int) verdict {
	if side != 1 {
		return no
	}
	switch {
	case len(b) > 2 && (b[2] != 0 || b[1] > 2), len(b) > 3 && b[3] != 0, len(b) > 4 && b[4] != 10 && b[4] != 0xff:
		return no
	case len(b) < 8:
		return maybe
	}
	if le24(b) < 10 {
		return no
	}
	if b[4] == 0xff { // 1040 too many connections, 1129 and 1130 host not allowed, …
		if code := le16(b[5:]); code < 1000 || code > 4999 || !printableASCII(b[7:min(len(b), mysqlHeader+le24(b))]) {
			return no
		}
		return yes
	}
	version, ok := cstring(b[5:min(len(b), 5+64)])
	if !printableASCII(version) || len(version) > 0 && (version[0] < '0' || version[0] > '9') {
		return no
	}
	if !ok && len(version) < 64 {
		return maybe
	}
	return yes
}

// OtherProtocol is the text of a request that is none of the protocol in which the server spoke first.
const OtherProtocol = "another protocol"

func startsMySQL(b []byte) bool {
	return len(b) > mysqlHeader && b[3] == 0 && b[4] <= 0x1f && le24(b) > 0 && mysqlHeader+le24(b) >= len(b)
}

func (h *hearing) readMySQL(b []byte, last bool) int {
	if len(b) < mysqlHeader {
		return h.short(b, last)
	}
	n, seq := le24(b), b[3]
	if h.side == 0 && h.v.kind == None && h.peer().kind == Greeting && seq != 1 {
		h.request(h.phrase(OtherProtocol)) // no reply to the greeting: what stands at its front is no length
		return h.strange(b)
	}
	peek := min(mysqlHeader+n, mysqlPeek)
	if len(b) < peek && !last {
		return 0
	}
	body := b[mysqlHeader:min(len(b), peek)]
	if len(body) < n && len(body) > 0 && body[0] == 0xff {
		h.cut = body // of an error only the front is read
	}
	server := h.side == 1
	ready := h.voice[1].flags&mysqlReady != 0
	switch {
	case len(body) == 0:
	case server && !ready:
		h.mysqlLogin(body)
	case server:
		h.mysqlAnswer(body, n)
	case !ready:
		if h.mysqlAuth(body, n, seq) {
			return peek
		}
	case seq == 0:
		h.mysqlCommand(body)
	}
	return h.frameOf(len(b[:min(len(b), peek)]), int64(mysqlHeader+n))
}

// mysqlLogin takes what the server says before commands.
func (h *hearing) mysqlLogin(body []byte) {
	switch body[0] {
	case 10:
		version, _ := cstring(body[1:])
		h.begin(Greeting, h.names.intern(version, maxText))
	case 0:
		h.answer(Handshake, h.phrase("OK"))
		h.v.flags |= mysqlReady
		if h.peer().flags&mysqlCompressed != 0 {
			h.turns() // packets are compressed from here on
		}
	case 0xff:
		h.answer(Refusal, h.mysqlError(body))
		h.verdict(h.v.text)
	default: // 1: more of the authentication, 0xfe: another method
		h.answer(Handshake, textHandshake)
	}
}

const mysqlCompressed = f4 // client: asked for compression

// mysqlAuth takes what the client says before commands. It returns true when TLS follows.
func (h *hearing) mysqlAuth(body []byte, n int, seq byte) bool {
	if seq == 1 && len(body) >= 4 {
		caps := le32(body)
		if n == 32 && caps&mysqlCapSSL != 0 {
			h.begin(Handshake, h.phrase("SSLRequest"))
			h.upgrade(mysql, tls)
			return true
		}
		h.v.flags &^= mysqlNoEOF | mysqlCompressed
		if caps&mysqlCapNoEOF != 0 {
			h.v.flags |= mysqlNoEOF
		}
		if caps&mysqlCapCompress != 0 {
			h.v.flags |= mysqlCompressed
		}
	}
	h.begin(Handshake, h.phrase("login"))
	h.v.wait = 1
	h.ask()
	return false
}

var mysqlCommands = map[byte]string{2: "InitDB", 3: "Query", 4: "FieldList", 8: "Shutdown", 9: "Statistics",
	10: "ProcessInfo",
	12: "ProcessKill", 14: "Ping", 17: "ChangeUser", 18: "BinlogDump", 22: "Prepare", 23: "Execute", 26: "Reset",
	27: "SetOption",
	28: "Fetch", 30: "BinlogDumpGTID", 31: "ResetConnection"}

func (h *hearing) mysqlCommand(body []byte) {
	h.v.high = body[0]
	switch body[0] {
	case 1:
		h.begin(Goodbye, h.phrase("Quit"))
	case 24, 25: // SEND_LONG_DATA, STMT_CLOSE: no answer
		h.begin(Housekeeping, h.phrase("statement"))
	case 3:
		word, _ := token(body[1:])
		h.request(h.names.line([]byte("Query"), maxText, word, 16))
	default:
		name := mysqlCommands[body[0]]
		if name == "" {
			name = "command"
		}
		h.request(h.phrase(name))
	}
	h.peer().flags &^= mysqlResult
}

func (h *hearing) mysqlError(body []byte) id {
	if len(body) < 3 {
		return h.phrase("error")
	}
	message := body[3:]
	if len(message) > 6 && message[0] == '#' {
		message = message[6:]
	}
	h.names.text = append(h.names.text[:0], "error "...)
	h.names.text = appendInt(h.names.text, le16(body[1:]))
	return h.names.line(append([]byte(nil), h.names.text...), maxText, message, maxText)
}

// mysqlAnswer takes a packet of an answer. A result set ends with its second EOF packet (the first stands
// behind the columns), or with its only one where CLIENT_DEPRECATE_EOF was agreed.
func (h *hearing) mysqlAnswer(body []byte, n int) {
	v, asker := h.v, h.peer()
	if v.flags&mysqlResult == 0 {
		switch {
		case body[0] == 0xff:
			h.answer(Response, h.mysqlError(body))
			h.verdict(h.v.text)
		case body[0] == 0:
			h.answer(Response, h.phrase("OK"))
			h.mysqlMore(body)
		case body[0] == 0xfe && n < 9 || asker.high == 9:
			h.answer(Response, h.phrase("OK"))
		case body[0] == 0xfb: // wants a file
			h.begin(Handshake, h.phrase("LOCAL INFILE"))
		default:
			h.answer(Response, h.phrase("result set"))
			v.flags |= mysqlResult | more
			v.aux = 0
			if asker.high == 4 { // FIELD_LIST has columns alone
				v.aux = 1
			}
		}
		return
	}
	short := n < 9
	if asker.flags&mysqlNoEOF != 0 {
		short, v.aux = n < 0xffffff, 1
	}
	switch {
	case body[0] == 0xff:
		v.flags &^= mysqlResult | more
		v.text = h.mysqlError(body)
	case body[0] == 0xfe && short:
		if v.aux++; v.aux >= 2 {
			v.flags &^= mysqlResult | more
			h.mysqlMore(body)
		}
	}
}

// mysqlMore looks whether an OK or EOF packet says that another result follows.
func (h *hearing) mysqlMore(body []byte) {
	status := 0
	switch r := (reader{b: body[1:]}); {
	case body[0] == 0xfe && len(body) == 5:
		r.u16()
		status = int(r.u8())
	default:
		r.lenenc()
		r.lenenc()
		status = int(r.u8())
	}
	if status&mysqlMoreResults != 0 {
		h.v.flags |= more
		h.peer().owe() // the next result is an answer to the same command
	}
}

// lenenc reads a length-encoded integer.
func (r *reader) lenenc() {
	switch r.u8() {
	case 0xfc:
		r.take(2)
	case 0xfd:
		r.take(3)
	case 0xfe:
		r.take(8)
	}
}
