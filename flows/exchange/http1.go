package exchange

import "bytes"

// HTTP/1 (RFC 9112), and RTSP (RFC 7826) and SIP (RFC 3261), which borrowed its form. Requests and
// responses are recognized by their first line and not by their side, because where no handshake was captured
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
	httpEvents  flags = f9 // Content-Type: text/event-stream
	httpAll           = httpChunked | httpLength | httpUpgrade | httpExpect | httpKeep | http10 | httpRequest | httpWS |
		httpEvents
)

// What an unanswered request is, in State.queue.
const (
	queuePlain = iota
	queueHEAD
	queueCONNECT
)

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
	if used, ok := h.sealedAnswer(b, last); ok {
		return used
	}
	if used, ok := h.strangeAnswer(b, last); ok {
		return used
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
		if v.flags&(http10|httpRequest) == http10|httpRequest && !bytes.Contains(line, []byte(" HTTP/")) &&
			v.flags&skipLine == 0 {
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
// many bytes.
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

// headerLine reads one header field.
func (h *hearing) headerLine(line []byte) {
	v := h.v
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return
	}
	name, value := line[:i], line[i+1:]
	switch len(name) {
	case 1: // SIP's short form of Content-Length (RFC 3261 §7.3.3)
		if h.proto == sip && equalFold(name, "l") {
			v.announce(trim(value))
		}
	case 4:
		if equalFold(name, "host") {
			h.host = h.names.again(h.host, trim(value), maxHost)
		}
	case 6:
		if equalFold(name, "server") && v.flags&httpRequest == 0 {
			h.server = h.names.again(h.server, trim(value), maxAgent)
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
			h.agent = h.names.again(h.agent, trim(value), maxAgent)
		} else if equalFold(name, "connection") {
			if containsFold(value, "close") {
				v.flags |= closes
			}
			if containsFold(value, "keep-alive") {
				v.flags |= httpKeep
			}
		}
	case 12:
		if equalFold(name, "content-type") && v.flags&httpRequest == 0 && containsFold(value, "text/event-stream") {
			v.flags |= httpEvents
		}
	case 14:
		if equalFold(name, "content-length") {
			v.announce(trim(value))
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
