package exchange

import (
	"bytes"
	"strconv"
)

// What follows a header of HTTP/1: a body (RFC 9112 §6), another message, or another protocol.

// headerEnd takes the empty line after a header: what follows is a body (RFC 9112 §6.3), another
// message, or another protocol.
func (h *hearing) headerEnd() {
	v := h.v
	if v.flags&http10 != 0 && v.flags&httpKeep == 0 {
		v.flags |= closes
	}
	if v.flags&httpRequest == 0 {
		h.responseEnd()
		return
	}
	if v.flags&httpKeep != 0 && v.flags&http10 != 0 {
		v.flags &^= closes
	}
	h.body(0)
}

// body settles what of a body follows: chunks, the announced length, else as much as otherwise says.
func (h *hearing) body(otherwise int64) {
	v := h.v
	v.flags &^= more
	switch {
	case v.flags&httpChunked != 0:
		v.flags &^= httpLength
		v.setWant(0)
		v.phase = httpChunk
		v.flags |= more
	case v.flags&httpLength != 0:
		v.phase, v.left = httpBody, v.want()
	case otherwise > 0:
		v.setWant(0)
		v.phase, v.left = httpUntilEnd, otherwise
		v.flags |= more
	default:
		v.setWant(0)
		v.phase = httpStart
	}
}

// cutHTTP takes the loss of a header's end: a final response has answered all the same.
func (h *hearing) cutHTTP() {
	if h.v.phase == httpHeader && h.v.flags&httpRequest == 0 && h.status >= 200 {
		if h.peer().wait > 0 {
			h.queue >>= 2
		}
		h.answered()
	}
}

// responseEnd takes the end of a response's header.
func (h *hearing) responseEnd() {
	v, asker := h.v, h.peer()
	if h.status >= 100 && h.status < 200 && h.status != 101 {
		v.flags &^= more | httpLength | httpChunked
		v.phase = httpStart
		return
	}
	to := h.queue & 3
	if asker.wait == 0 {
		to = queuePlain
	} else {
		h.queue >>= 2
		if asker.flags&httpExpect != 0 && asker.phase == httpBody && asker.left == asker.want() && asker.left > 0 {
			asker.phase, asker.left = httpMaybeBody, 0 // the answer came before the body, which may now not come
		}
	}
	h.answered()
	if h.isRefusal() {
		v.kind = Refusal
	}
	switch {
	case h.status == 101 && asker.flags&httpUpgrade != 0 && h.proto == http1:
		v.flags &^= more
		if asker.flags&httpWS != 0 {
			h.upgrade(httpUpgraded, websocket)
			asker.flags |= asked
		} else {
			h.upgrade(httpUpgraded, undecided)
		}
	case to == queueCONNECT && h.status >= 200 && h.status < 300:
		v.flags &^= more
		h.upgrade(httpConnect, undecided)
	case to == queueHEAD, h.status == 204, h.status == 304, h.status == 101:
		v.flags &^= more | httpLength | httpChunked
		v.setWant(0)
		v.phase = httpStart
	case h.proto != http1:
		h.body(0) // RTSP and SIP: without a length there is none
	default:
		h.body(forever)
	}
}

// isRefusal reports whether a response is a final negative answer that ends the connection, and not the
// answer that was asked for: its status speaks of the request's form, time or the server's load.
func (h *hearing) isRefusal() bool {
	if h.v.flags&closes == 0 || h.proto != http1 {
		return false
	}
	switch h.status {
	case 400, 408, 413, 414, 417, 421, 425, 429, 431, 503:
		return true
	}
	return false
}

// chunkLine takes the line of a chunk's size (RFC 9112 §7.1).
func (h *hearing) chunkLine(line []byte) {
	v := h.v
	if len(line) == 0 {
		return // behind the chunk before
	}
	size, _, _ := bytes.Cut(line, []byte{';'}) // chunk extensions
	n, err := strconv.ParseInt(string(trim(size)), 16, 62)
	if err != nil || n < 0 {
		h.lose()
		return
	}
	if n == 0 {
		v.phase = httpTrailer
		return
	}
	v.setWant(v.want() + n)
	v.left = n
}
