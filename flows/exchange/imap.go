package exchange

import "bytes"

// IMAP (RFC 9051): tagged commands, untagged data, a tagged answer that ends it. IDLE waits by design and
// is no request that stands open.

const (
	imapContinued = 1 // behind a literal: the line goes on
	imapQuits     = f4
)

func isIMAP(b []byte, _ int) verdict {
	best := no
	for _, p := range [...]string{"* OK", "* PREAUTH", "* BYE"} {
		best = max(best, prefix(b, p))
	}
	return best
}

// imapVerbs are the commands by which a line is known as one after bytes were missing.
var imapVerbs = []string{"CAPABILITY", "NOOP", "LOGOUT", "LOGIN", "AUTHENTICATE",
	"STARTTLS", "SELECT", "EXAMINE", "LIST",
	"STATUS", "APPEND", "SEARCH", "FETCH", "STORE", "COPY", "UID", "IDLE", "CLOSE", "EXPUNGE", "ID", "ENABLE"}

func startsIMAP(b []byte) bool {
	if len(b) > 4 && (b[0] == '*' || b[0] == '+') && b[1] == ' ' {
		return true
	}
	line, v := firstLine(b)
	if v == no {
		return false
	}
	_, rest := token(line)
	verb, _ := token(rest)
	_, is := isWord(verb, imapVerbs)
	return is
}

func (h *hearing) readIMAP(b []byte, last bool) int {
	v := h.v
	line, used := h.takeLine(b, last)
	if used == 0 {
		return 0
	}
	if v.phase == imapContinued {
		v.phase = 0
	} else if len(line) > 0 {
		h.imapLine(line)
	}
	if h.proto == imap && v.flags&skipLine == 0 {
		if n, ok := literal(line); ok {
			v.left, v.phase = n, imapContinued
		}
	}
	return used
}

// literal returns the size of a literal that follows a line: "{123}" or "{123+}" at its end.
func literal(line []byte) (int64, bool) {
	if len(line) < 3 || line[len(line)-1] != '}' {
		return 0, false
	}
	i := bytes.LastIndexByte(line, '{')
	if i < 0 {
		return 0, false
	}
	return number(bytes.TrimSuffix(line[i+1:len(line)-1], []byte{'+'}))
}

func (h *hearing) imapLine(line []byte) {
	v, p := h.v, h.peer()
	tag, rest := token(line)
	verb, _ := token(rest)
	_, status := isWord(verb, []string{"OK", "NO", "BAD", "BYE", "PREAUTH"})
	switch {
	case string(tag) == "*" && status && equalFold(verb, "bye"):
		kind := Goodbye
		if p.flags&imapQuits == 0 {
			kind = Refusal
		}
		h.begin(kind, h.names.intern(line, maxText))
		if kind == Refusal {
			h.verdict(h.v.text)
		}
	case string(tag) == "*" && v.kind == None:
		h.begin(Greeting, h.names.intern(line, maxText))
	case string(tag) == "*" && p.wait > 0:
		h.run(Response, textUntagged)
		v.flags |= more
	case string(tag) == "*":
		h.begin(Housekeeping, textUntagged) // news that was not asked for, as in IDLE
	case string(tag) == "+":
		h.begin(Housekeeping, textContinue)
	case status: // tagged: the answer is complete
		h.imapDone(verb, rest)
	case len(verb) > 0:
		h.imapCommand(verb)
	case equalFold(tag, "done"):
		h.begin(Housekeeping, textDone)
	default:
		h.begin(Housekeeping, textContinued) // of AUTHENTICATE
	}
}

// imapDone takes a tagged answer.
func (h *hearing) imapDone(verb, rest []byte) {
	v, p := h.v, h.peer()
	text := h.names.intern(rest, maxText)
	switch {
	case p.flags&imapQuits != 0 && p.wait == 0:
		h.begin(Goodbye, text)
		return
	case v.kind == Response && v.flags&more != 0:
		v.text = text
		v.flags &^= more
	default:
		h.begin(Response, text)
	}
	if !equalFold(verb, "ok") {
		h.verdict(text)
	}
	h.answered()
	if p.flags&wantsTLS != 0 && p.wait == 0 {
		p.flags &^= wantsTLS
		if equalFold(verb, "ok") {
			h.upgrade(imap, tls)
		}
	}
}

func (h *hearing) imapCommand(verb []byte) {
	v := h.v
	text := h.upper(verb)
	v.flags &^= wantsTLS
	switch {
	case equalFold(verb, "logout"):
		h.begin(Goodbye, text)
		v.flags |= imapQuits
	case equalFold(verb, "idle"):
		h.begin(Housekeeping, text)
		v.flags |= asked
	case equalFold(verb, "starttls"):
		h.request(text)
		v.flags |= wantsTLS
	default:
		h.request(text)
	}
}
