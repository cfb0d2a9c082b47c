package exchange

import (
	"bytes"
	"encoding/binary"
	mathbits "math/bits"
)

// Where a message of HTTP/1, RTSP or SIP begins, and what its first line says.

// isMethod reports whether word is a method of HTTP.
func isMethod(word []byte) bool {
	switch string(word) {
	case "GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND", "PROPPATCH", "MKCOL",
		"COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "SUBSCRIBE", "UNSUBSCRIBE", "NOTIFY", "M-SEARCH", "PURGE":
		return true
	}
	return false
}

// isHTTP knows a request or a response of HTTP, RTSP or SIP; which of them it is, httpKind tells.
func isHTTP(b []byte, _ int) verdict {
	_, v := httpKind(b)
	return v
}

// httpKind tells what b is, the front of a request or a response of HTTP, RTSP or SIP.
func httpKind(b []byte) (protocol, verdict) {
	switch b[0] {
	case 'H':
		if v := prefix(b, "HTTP/1."); v != no {
			return http1, v
		}
	case 'R':
		if v := prefix(b, "RTSP/1.0 "); v != no {
			return rtsp, v
		}
	case 'S':
		if v := prefix(b, "SIP/2.0 "); v != no {
			return sip, v
		}
	}
	return requestLine(b)
}

// methodLen returns how many bytes at the front of b can be a method, at most 17: then it is none.
func methodLen(b []byte) int {
	i := 0
	for i < len(b) && i < 17 && ('A' <= b[i] && b[i] <= 'Z' || b[i] == '_' || b[i] == '-') {
		i++
	}
	return i
}

// requestLine tells whether b begins with "METHOD target version", and of which protocol. A GET with a
// target that begins as one and no version is HTTP/0.9; a known method on a line whose end has not come
// is HTTP.
func requestLine(b []byte) (protocol, verdict) {
	i := methodLen(b)
	if i == len(b) && i < 17 {
		return undecided, maybe
	}
	if i < 3 || i == 17 || b[i] != ' ' {
		return undecided, no
	}
	end := bytes.IndexByte(b[:min(len(b), maxSignature)], '\n')
	line := b[i+1:]
	if end >= 0 {
		line = trimCR(b[i+1 : max(end, i+1)])
	}
	text := line[:min(len(line), maxSignature)]
	for _, c := range text[plainPrefix(text):] {
		if c < ' ' && c != '\r' || c == 0x7f {
			return undecided, no
		}
	}
	switch {
	case end >= 0 && hasVersion(line, " HTTP/1."):
		return http1, yes
	case end >= 0 && string(b[:i]) == "GET" && has(line, "/"):
		return http1, yes
	case end >= 0 && hasVersion(line, " RTSP/1."):
		return rtsp, yes
	case end >= 0 && bytes.HasSuffix(line, []byte(" SIP/2.0")):
		return sip, yes
	case end < 0 && len(b) < maxSignature:
		return undecided, maybe
	case end < 0 && isMethod(b[:i]):
		return http1, yes
	}
	return undecided, no
}

// hasVersion reports whether line ends in version and a minor number of one digit.
func hasVersion(line []byte, version string) bool {
	i := len(line) - len(version) - 1
	return i >= 0 && string(line[i:i+len(version)]) == version
}

// startsHTTP reports whether a request or response may begin here.
func startsHTTP(b []byte) bool {
	if len(b) < 5 || b[0] < 'A' || b[0] > 'Z' {
		return false // as in the middle of most bodies
	}
	switch string(b[:5]) {
	case "GET /":
		return true
	case "HTTP/":
		return has(b, "HTTP/1.")
	case "RTSP/":
		return has(b, "RTSP/1.")
	case "SIP/2":
		return has(b, "SIP/2.0")
	}
	i := methodLen(b)
	return len(b) > i+1 && b[i] == ' ' && isMethod(b[:i]) &&
		(b[i+1] == '/' || bytes.IndexByte(b[:min(len(b), maxLine)], '\n') > 0)
}

// A startLine is what the first line of a message says.
type startLine struct {
	text   id
	host   id // of an absolute target, or the target of CONNECT
	status uint16
	queue  uint8 // what a request is in State.queue
	kind   Kind  // None: it is no start line

	namesHost bool
	old       bool // a response of HTTP/1.0, a request of another version than HTTP/1.1
}

// startLine reads the first line of a message. It returns false when it is none.
func (h *hearing) startLine(line []byte) bool {
	said := h.names.startLine(line)
	v := h.v
	if said.namesHost {
		h.host = said.host
	}
	switch said.kind {
	case None:
		return false
	case Request:
		v.flags &^= httpAll
		h.request(said.text)
		v.flags |= httpRequest
		if said.old && h.proto == http1 && v.flags&skipLine == 0 {
			v.flags |= http10 | closes
		}
		h.enqueue(uint16(said.queue))
	default:
		h.status = said.status
		v.flags &^= httpAll
		h.begin(said.kind, said.text)
		if said.old {
			v.flags |= http10
		}
	}
	return true
}

// A startMemo remembers what was made of start lines. The same few are said over and over: a responder's
// status lines hardly differ, and many clients ask for the same. A line has one place by its bytes, and
// the last one there stays.
type startMemo [256]struct {
	said startLine
	n    uint8
	line [79]byte
}

// startLine returns what a start line says.
func (n *Names) startLine(line []byte) startLine {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio: it spreads what it multiplies
	k := len(line)
	if k < 8 || k > len(n.starts[0].line) {
		return n.readStartLine(line)
	}
	front, middle, end := binary.LittleEndian.Uint64(line), binary.LittleEndian.Uint64(line[(k-8)/2:]),
		binary.LittleEndian.Uint64(line[k-8:])
	place := (front ^ mathbits.RotateLeft64(middle, 21) ^ mathbits.RotateLeft64(end, 42) ^ uint64(k)) * golden >> 56
	m := &n.starts[place]
	if m.n > 0 && string(m.line[:m.n]) == string(line) {
		return m.said
	}
	said := n.readStartLine(line)
	if said.text != 0 && !said.namesHost {
		m.said, m.n = said, uint8(copy(m.line[:], line))
	}
	return said
}

func (n *Names) readStartLine(line []byte) (said startLine) {
	if has(line, "HTTP/1.") || has(line, "RTSP/") || has(line, "SIP/") {
		return n.statusLine(line)
	}
	method, rest := token(line)
	if k := methodLen(line); len(rest) == 0 || k < 3 || k == 17 || line[k] != ' ' {
		return said
	}
	target, version := rest, []byte(nil)
	if i := bytes.LastIndexByte(rest, ' '); i >= 0 {
		target, version = trim(rest[:i]), rest[i+1:]
	}
	if len(target) == 0 {
		return said
	}
	said.kind, said.old = Request, !has(version, "HTTP/1.1")
	said.text, said.host, said.namesHost = n.requestText(method, target)
	switch string(method) {
	case "HEAD":
		said.queue = queueHEAD
	case "CONNECT":
		said.queue = queueCONNECT
		said.host, said.namesHost = n.intern(target, maxHost), true
	}
	return said
}

// requestText returns "METHOD target", and the host when the target is absolute. Of the target only the path
// is kept: what follows a "?" and a password before an "@" do not belong in a report.
func (n *Names) requestText(method, target []byte) (text, host id, namesHost bool) {
	var path [4 * maxPath]byte
	p := append(path[:0], target[:min(len(target), len(path)-len(ellipsis)-1)]...)
	if i := bytes.Index(p, []byte("://")); i >= 0 {
		authority := p[i+3:]
		end := bytes.IndexByte(authority, '/')
		if end < 0 {
			end = len(authority)
		}
		if at := bytes.LastIndexByte(authority[:end], '@'); at >= 0 {
			p = append(p[:i+3], authority[at+1:]...)
			authority, end = p[i+3:], end-at-1
		}
		host, namesHost = n.intern(authority[:end], maxHost), true
	}
	if i := bytes.IndexByte(p, '?'); i >= 0 && i+1 < len(p) {
		p = append(p[:i+1], ellipsis...)
	}
	return n.line(method, 20, p, maxPath), host, namesHost
}

// statusLine reads the first line of a response.
func (n *Names) statusLine(line []byte) (said startLine) {
	version, rest := token(line)
	code, _ := token(rest)
	status, ok := number(code[:min(len(code), 3)])
	if !ok {
		status = 0
	}
	said.status = uint16(status)
	said.text = n.intern(line, maxText)
	said.kind = Response
	if status >= 100 && status < 200 && status != 101 {
		said.kind = Housekeeping // tells the requester to go on, answers nothing
	}
	said.old = string(version) == "HTTP/1.0"
	return said
}
