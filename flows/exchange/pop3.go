package exchange

// POP3 (RFC 1939): one-line commands, answers that begin with +OK or -ERR and for some commands go on up
// to a dot.

var pop3Verbs = []string{"USER", "PASS", "APOP", "AUTH", "STLS", "CAPA", "STAT", "LIST",
	"UIDL", "RETR", "TOP", "DELE", "NOOP",
	"RSET", "QUIT", "UTF8", "LANG"}

const (
	pop3Text  = 1  // in an answer of several lines
	pop3Quits = f3 // the client has said QUIT
	queueText = 1  // State.queue: the answer has several lines
)

func isPOP3(b []byte, side int) verdict {
	v := prefix(b, "+OK")
	if w := prefix(b, "-ERR"); w > v {
		v = w
	}
	if v != yes || side == 0 {
		return v
	}
	_, v = firstLine(b)
	return v
}

func startsPOP3(b []byte) bool {
	if has(b, "+OK") || has(b, "-ERR") {
		return true
	}
	word, _ := token(b[:min(len(b), 16)])
	for len(word) > 0 && (word[len(word)-1] == '\n' || word[len(word)-1] == '\r') {
		word = word[:len(word)-1]
	}
	_, is := isWord(word, pop3Verbs)
	return is
}

func (h *hearing) readPOP3(b []byte, last bool) int {
	v := h.v
	if v.phase == pop3Text {
		used, done := h.untilDot(b)
		if done {
			v.phase = 0
			v.flags &^= more
		}
		return used
	}
	line, used := h.takeLine(b, last)
	if used == 0 {
		return 0
	}
	switch {
	case has(line, "+OK"), has(line, "-ERR"):
		h.pop3Answer(line)
	case has(line, "+ ") || string(line) == "+": // goes on with AUTH
		h.answer(Response, textContinue)
	case len(line) > 0:
		h.pop3Command(line)
	}
	return used
}

func (h *hearing) pop3Answer(line []byte) {
	v, asker := h.v, h.peer()
	ok := line[0] == '+'
	text := h.names.again(h.v.text, line, maxText)
	if asker.wait == 0 {
		switch {
		case asker.flags&pop3Quits != 0:
			h.begin(Goodbye, text)
		case !ok:
			h.begin(Refusal, text)
			h.verdict(text)
		default:
			h.begin(Greeting, text)
		}
		return
	}
	several := h.queue&3 == queueText
	h.queue >>= 2
	h.answer(Response, text)
	if !ok {
		h.verdict(text)
	}
	switch {
	case ok && several:
		v.phase, v.high = pop3Text, 2
		v.flags |= more
	case asker.flags&wantsTLS != 0 && asker.wait == 0:
		asker.flags &^= wantsTLS
		if ok {
			h.upgrade(pop3, tls)
		}
	}
}

func (h *hearing) pop3Command(line []byte) {
	verb, rest := token(line)
	word, known := isWord(verb, pop3Verbs)
	h.v.flags &^= wantsTLS
	switch {
	case h.v.flags&pop3Quits != 0 && h.peer().kind != Goodbye: // RFC 1939 §6: QUIT ends the session
		h.begin(OneWay, h.names.intern([]byte(word), maxText))
		return
	case word == "QUIT":
		h.begin(Goodbye, h.names.intern([]byte(word), maxText))
		h.v.flags |= pop3Quits
		return
	case !known:
		h.otherLine(h.peer().text == textContinue)
	default:
		h.request(h.names.intern([]byte(word), maxText))
	}
	kind := uint16(queuePlain)
	switch word {
	case "STLS":
		h.v.flags |= wantsTLS
	case "RETR", "TOP", "CAPA":
		kind = queueText
	case "LIST", "UIDL":
		if len(rest) == 0 {
			kind = queueText
		}
	}
	h.enqueue(kind)
}

// enqueue notes what the request just begun is.
func (h *hearing) enqueue(kind uint16) {
	if i := 2 * (h.v.wait - 1); i < 16 {
		h.queue = h.queue&^(3<<i) | kind<<i
	}
}
