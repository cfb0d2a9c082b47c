package exchange

import "bytes"

// HTTP/1 (RFC 9112), and RTSP (RFC 7826) and SIP (RFC 3261), which borrowed its form. Requests and
// responses are told by their first line and not by their side, because where no handshake was captured
// the sides may be mistaken.

// Phases of HTTP/1.
const (
	httpStart     = iota
	httpHeader    // header lines
	httpBody      // left counts it
	httpChunk     // line of a chunk's size, or the empty line behind a chunk
	httpTrailer   // lines after the last chunk
	httpUntilEnd  // body that ends with the connection
	httpMaybeBody // Expect: 100-continue was answered by a final status: a body, or the next request
)

// What the header at hand says.
const (
	httpChunked flags = f1
	httpLength  flags = f2 // Content-Length: high and aux hold it
	httpUpgrade flags = f3
	httpExpect  flags = f4
	httpKeep    flags = f5 // Connection: keep-alive
	http10      flags = f6 // version 1.0 or none
	httpRequest flags = f7 // the last message is a request
	httpWS      flags = f8 // Upgrade: websocket
	httpAll           = httpChunked | httpLength | httpUpgrade | httpExpect | httpKeep | http10 | httpRequest | httpWS
)

// What an unanswered request is, in State.queue.
const (
	queuePlain = iota
	queueHEAD
	queueCONNECT
)

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

// prefix tells whether b begins with want, or may when more of it has come.
func prefix(b []byte, want string) verdict {
	n := min(len(b), len(want))
	switch {
	case string(b[:n]) != want[:n]:
		return no
	case n < len(want):
		return maybe
	}
	return yes
}

// prefixFold is prefix without regard to case; want is in lower case.
func prefixFold(b []byte, want string) verdict {
	n := min(len(b), len(want))
	switch {
	case !equalFold(b[:n], want[:n]):
		return no
	case n < len(want):
		return maybe
	}
	return yes
}

// methodLen returns how many octets at the front of b can be a method, at most 17: then it is none.
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
	switch {
	case len(b) == 0 || b[0] < 'A' || b[0] > 'Z':
		return false // as in the middle of most bodies
	case has(b, "HTTP/1."), has(b, "RTSP/1."), has(b, "SIP/2.0"):
		return true
	}
	i := methodLen(b)
	return len(b) > i+1 && b[i] == ' ' && isMethod(b[:i]) && (b[i+1] == '/' || bytes.IndexByte(b[:min(len(b), maxLine)], '\n') > 0)
}

func (h *hearing) readHTTP(b []byte, last bool) int {
	v := h.v
	switch v.phase {
	case httpBody:
		v.phase = httpStart
	case httpUntilEnd:
		v.left = forever
		return 1
	case httpMaybeBody:
		if !startsHTTP(b) {
			v.phase = httpBody
			v.left = v.want() - 1
			return 1
		}
		v.phase = httpStart
	}
	if v.phase == httpStart && b[0] == '$' && h.proto == rtsp {
		return h.readInterleaved(b, last)
	}
	if c := b[0]; v.phase == httpStart && (c < 'A' || c > 'Z') && c != '\r' && c != '\n' {
		h.lose() // as the answer to HTTP/0.9
		return len(b)
	}
	line, used := h.takeLine(b, last)
	if used == 0 {
		return 0
	}
	switch v.phase {
	case httpStart:
		if len(line) == 0 { // RFC 9112 §2.2: an empty line before a request is passed over
			return used
		}
		if !h.startLine(line) {
			h.lose()
			return len(b)
		}
		v.phase = httpHeader
		v.flags |= more
		if v.flags&(http10|httpRequest) == http10|httpRequest && !bytes.Contains(line, []byte(" HTTP/")) && v.flags&skipLine == 0 {
			v.phase = httpStart // HTTP/0.9 has no header
			v.flags &^= more
		}
	case httpHeader:
		return h.header(b, line, used)
	case httpChunk:
		h.chunkLine(line)
	case httpTrailer:
		if len(line) == 0 {
			v.phase = httpStart
			v.flags &^= more
		}
	}
	return used
}

// header reads the fields of a header, as many as b holds, the first of them being line, which used so
// many octets.
func (h *hearing) header(b, line []byte, used int) int {
	for len(line) > 0 {
		h.headerLine(line)
		if h.v.flags&skipLine != 0 {
			return used
		}
		i := bytes.IndexByte(b[used:min(len(b), used+maxLine)], '\n')
		if i < 0 {
			return used
		}
		line, used = trimCR(b[used:used+i]), used+i+1
	}
	h.headerEnd()
	return used
}

// readInterleaved passes over a frame of media between RTSP messages (RFC 7826 §14).
func (h *hearing) readInterleaved(b []byte, last bool) int {
	if len(b) < 4 {
		if last {
			h.lose()
			return len(b)
		}
		return 0
	}
	if h.v.kind == None {
		h.begin(Opaque, 0)
	}
	h.v.left = int64(be16(b[2:]))
	return 4
}

// startLine reads the first line of a message. It returns false when it is none.
func (h *hearing) startLine(line []byte) bool {
	if has(line, "HTTP/1.") || has(line, "RTSP/") || has(line, "SIP/") {
		h.statusLine(line)
		return true
	}
	method, rest := token(line)
	if n := methodLen(line); len(rest) == 0 || n < 3 || n == 17 || line[n] != ' ' {
		return false
	}
	target, version := rest, []byte(nil)
	if i := bytes.LastIndexByte(rest, ' '); i >= 0 {
		target, version = trim(rest[:i]), rest[i+1:]
	}
	if len(target) == 0 {
		return false
	}
	h.v.flags &^= httpAll
	h.request(h.requestText(method, target))
	h.v.flags |= httpRequest
	if !has(version, "HTTP/1.1") && h.proto == http1 && h.v.flags&skipLine == 0 {
		h.v.flags |= http10 | closes
	}
	kind := uint16(queuePlain)
	switch string(method) {
	case "HEAD":
		kind = queueHEAD
	case "CONNECT":
		kind = queueCONNECT
		h.host = h.names.intern(target, maxHost)
	}
	h.enqueue(kind)
	return true
}

// requestText returns "METHOD target". Of the target only the path is kept: what follows a "?" and a
// password before an "@" are nobody's business in a report.
func (h *hearing) requestText(method, target []byte) id {
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
		h.host = h.names.intern(authority[:end], maxHost)
	}
	if i := bytes.IndexByte(p, '?'); i >= 0 && i+1 < len(p) {
		p = append(p[:i+1], ellipsis...)
	}
	return h.names.line(method, 20, p, maxPath)
}

// statusLine reads the first line of a response.
func (h *hearing) statusLine(line []byte) {
	v := h.v
	version, rest := token(line)
	code, _ := token(rest)
	n, ok := number(code[:min(len(code), 3)])
	if !ok {
		n = 0
	}
	h.status = uint16(n)
	v.flags &^= httpAll
	text := h.names.intern(line, maxText)
	if n >= 100 && n < 200 && n != 101 {
		h.begin(Housekeeping, text) // tells the requester to go on, answers nothing
	} else {
		h.begin(Response, text)
	}
	if string(version) == "HTTP/1.0" {
		v.flags |= http10
	}
}

// headerLine reads one header field.
func (h *hearing) headerLine(line []byte) {
	v := h.v
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return
	}
	name, value := line[:i], trim(line[i+1:])
	switch len(name) {
	case 1: // SIP's short form of Content-Length (RFC 3261 §7.3.3)
		if h.proto == sip && equalFold(name, "l") {
			v.announce(value)
		}
	case 4:
		if equalFold(name, "host") {
			h.host = h.names.intern(value, maxHost)
		}
	case 6:
		if equalFold(name, "server") && v.flags&httpRequest == 0 {
			h.server = h.names.intern(value, maxAgent)
		} else if equalFold(name, "expect") && containsFold(value, "100-continue") {
			v.flags |= httpExpect
		}
	case 7:
		if equalFold(name, "upgrade") {
			v.flags |= httpUpgrade
			if containsFold(value, "websocket") {
				v.flags |= httpWS
			}
		}
	case 10:
		if equalFold(name, "user-agent") && v.flags&httpRequest != 0 {
			h.agent = h.names.intern(value, maxAgent)
		} else if equalFold(name, "connection") {
			if containsFold(value, "close") {
				v.flags |= closes
			}
			if containsFold(value, "keep-alive") {
				v.flags |= httpKeep
			}
		}
	case 14:
		if equalFold(name, "content-length") {
			v.announce(value)
		}
	case 17:
		if equalFold(name, "transfer-encoding") && containsFold(value, "chunked") {
			v.flags |= httpChunked
		}
	}
}

// announce takes the value of a Content-Length.
func (v *voice) announce(value []byte) {
	if n, ok := number(value); ok {
		v.flags |= httpLength
		n = min(n, 1<<40-1)
		v.aux, v.high = uint32(n), uint8(n>>32)
	}
}

// want returns the announced length of the body.
func (v *voice) want() int64 { return int64(v.high)<<32 | int64(v.aux) }

// setWant keeps the length of a body, or of what of it was seen.
func (v *voice) setWant(n int64) {
	n = min(n, 1<<40-1)
	v.aux, v.high = uint32(n), uint8(n>>32)
}
