package exchange

// HTTP/2 in clear (RFC 9113): frame types tell which stream is open.

const (
	h2Data = iota
	h2Headers
	h2Priority
	h2RSTStream
	h2Settings
	h2PushPromise
	h2Ping
	h2GoAway
	h2WindowUpdate
	h2Continuation
)

const (
	h2Preface   = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	h2Header    = 9
	h2MaxFrame  = 1 << 20 // SETTINGS_MAX_FRAME_SIZE is 2^14 unless raised; beyond this it is no frame
	h2EndStream = 1
	h2ACK       = 1
)

func isHTTP2(b []byte, _ int) verdict { return prefix(b, h2Preface) }

// startsHTTP2 reports whether a frame may begin here.
func startsHTTP2(b []byte) bool {
	return len(b) >= h2Header && be24(b) <= 1<<14 && b[3] <= h2Continuation && b[5]&0x80 == 0 &&
		(b[3] > h2Headers || be32(b[5:]) != 0) && b[4]&^0x2d == 0
}

func (h *hearing) readHTTP2(b []byte, last bool) int {
	switch prefix(b, h2Preface) {
	case yes:
		h.bits &^= clientIs1
		if h.side == 1 {
			h.bits |= clientIs1
		}
		h.begin(Housekeeping, textPreface)
		return len(h2Preface)
	case maybe:
		if !last {
			return 0
		}
	}
	if len(b) < h2Header {
		if last {
			h.lose()
			return len(b)
		}
		return 0
	}
	n, kind, flag, stream := be24(b), b[3], b[4], uint32(be32(b[5:])&0x7fffffff)
	if n > h2MaxFrame || kind > 0x20 {
		h.lose()
		return len(b)
	}
	used := h2Header
	switch kind {
	case h2Data:
		h.h2Body(flag, stream)
	case h2Headers:
		body := b[h2Header:min(len(b), h2Header+n)]
		if len(body) < n && len(body) < maxHPACK && !last {
			return 0
		}
		body = body[:min(len(body), maxHPACK)]
		used += len(body)
		h.h2Headers(flag, stream, body)
	case h2RSTStream:
		h.begin(Housekeeping, textRSTStream)
		h.h2Close(stream)
	case h2Settings:
		h.begin(Housekeeping, textSettings)
		if flag&h2ACK != 0 {
			h.v.text = textSettingsACK
		}
	case h2Ping:
		if flag&h2ACK != 0 {
			h.pong(textPong)
		} else {
			h.ping(textPing)
		}
	case h2GoAway:
		h.begin(Goodbye, textGoAway)
	case h2WindowUpdate:
		h.begin(Housekeeping, textWindowUpdate)
	case h2Priority:
		h.begin(Housekeeping, textPriority)
	}
	h.v.left = int64(h2Header + n - used)
	return used
}

// h2Headers takes a HEADERS frame: it opens a stream, begins an answer, or ends either. The client's aux
// is the highest stream that it opened, the server's the last that ended.
func (h *hearing) h2Headers(flag byte, stream uint32, block []byte) {
	v := h.v
	block = h2Fragment(flag, block)
	switch fromClient := h.side == h.client(); {
	case fromClient && stream&1 == 1 && stream > v.aux:
		v.aux = stream
		h.request(0)
		h.line = h.readHPACK(block, true)
		v.text = h.line
	case fromClient: // trailers
		h.run(Request, h.line)
	default:
		h.run(Response, textHeaders)
		if text := h.readHPACK(block, false); text != 0 {
			v.text = text
		}
	}
	h.h2End(flag, stream)
}

// h2Body takes a DATA frame.
func (h *hearing) h2Body(flag byte, stream uint32) {
	if h.side == h.client() {
		h.run(Request, h.line)
	} else {
		h.run(Response, textData)
	}
	h.h2End(flag, stream)
}

// h2End takes the END_STREAM flag of a frame.
func (h *hearing) h2End(flag byte, stream uint32) {
	if flag&h2EndStream == 0 {
		h.v.flags |= more
		return
	}
	h.v.flags &^= more
	if h.side != h.client() {
		h.h2Close(stream)
	}
}

// h2Close counts a stream of the client as ended: answered, refused or withdrawn.
func (h *hearing) h2Close(stream uint32) {
	client, server := &h.voice[h.client()], &h.voice[1-h.client()]
	if stream&1 == 0 || stream == server.aux {
		return
	}
	server.aux = stream
	if client.wait > 0 {
		client.wait--
	}
}

// h2Fragment returns the header block of a HEADERS frame's payload, without padding length and priority
// (RFC 9113 §6.2).
func h2Fragment(flag byte, b []byte) []byte {
	const padded, priority = 8, 0x20
	skip := 0
	if flag&padded != 0 {
		skip++
	}
	if flag&priority != 0 {
		skip += 5
	}
	return b[min(skip, len(b)):]
}
