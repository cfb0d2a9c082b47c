package exchange

// Routers: BGP (RFC 4271), LDP (RFC 5036), MSDP (RFC 3618). Their messages want no answer but the first;
// keep-alives are housekeeping.

const (
	bgpHeader       = 19
	bgpOpen         = 1
	bgpNotification = 3
	bgpKeepAlive    = 4
)

func isBGP(b []byte, _ int) verdict {
	for _, c := range b[:min(len(b), 16)] {
		if c != 0xff {
			return no
		}
	}
	if len(b) < bgpHeader {
		return maybe
	}
	if n := be16(b[16:]); n < bgpHeader || n > 1<<16-1 || b[18] == 0 || b[18] > 5 {
		return no
	}
	return yes
}

func startsBGP(b []byte) bool { return isBGP(b, 0) == yes }

func (h *hearing) readBGP(b []byte, last bool) int {
	if len(b) < bgpHeader {
		return h.short(b, last)
	}
	if !startsBGP(b) {
		return h.strange(b)
	}
	switch b[18] {
	case bgpOpen:
		h.begin(Handshake, h.phrase("OPEN"))
		h.peer().wait = 0
		if h.peer().kind == None {
			h.v.wait = 1
		}
		h.ask()
	case bgpNotification:
		h.begin(Goodbye, h.phrase("NOTIFICATION"))
		h.peer().wait = 0
	case bgpKeepAlive:
		h.begin(Housekeeping, h.phrase("KEEPALIVE"))
	default:
		h.begin(Response, h.phrase("UPDATE"))
		h.v.flags |= asked
	}
	return h.frameOf(bgpHeader, int64(be16(b[16:])))
}

const (
	ldpHeader       = 10 + 4 // PDU header, and type and length of its first message
	ldpNotification = 0x0001
	ldpInit         = 0x0200
	ldpKeepAlive    = 0x0201
)

func isLDP(b []byte, _ int) verdict {
	switch {
	case b[0] != 0, len(b) > 1 && b[1] != 1, len(b) > 2 && b[2] > 16:
		return no
	case len(b) < ldpHeader:
		return maybe
	}
	n, kind, m := be16(b[2:]), be16(b[10:])&0x7fff, be16(b[12:])
	if n < 6+8 || m+4+6 > n || m < 4 {
		return no
	}
	switch kind {
	case ldpNotification, ldpInit, ldpKeepAlive, 0x0300, 0x0301, 0x0400, 0x0401, 0x0402, 0x0403, 0x0404:
		return yes
	}
	return no
}

func startsLDP(b []byte) bool { return isLDP(b, 0) == yes }

func (h *hearing) readLDP(b []byte, last bool) int {
	if len(b) < ldpHeader {
		return h.short(b, last)
	}
	if !startsLDP(b) {
		return h.strange(b)
	}
	switch be16(b[10:]) & 0x7fff {
	case ldpNotification:
		h.begin(Goodbye, h.phrase("notification"))
	case ldpInit:
		h.begin(Handshake, h.phrase("initialization"))
	case ldpKeepAlive:
		h.begin(Housekeeping, textKeepAlive)
	default:
		h.begin(Response, h.phrase("label messages"))
		h.v.flags |= asked
	}
	return h.frameOf(ldpHeader, int64(4+be16(b[2:])))
}

const msdpKeepAlive = 4

// isMSDP knows a connection that begins with a keep-alive, as it must while there is nothing to tell, or
// with a Source-Active message.
func isMSDP(b []byte, _ int) verdict {
	if b[0] == 1 {
		switch {
		case len(b) < 4:
			return maybe
		case be16(b[1:]) != 8+12*int(b[3]) || b[3] == 0:
			return no
		}
		return yes
	}
	if len(b) > 3 && b[3] != 1 && b[3] != msdpKeepAlive {
		return no
	}
	return prefix(b, "\x04\x00\x03")
}

func startsMSDP(b []byte) bool { return isMSDP(b, 0) == yes }

func (h *hearing) readMSDP(b []byte, last bool) int {
	if len(b) < 3 {
		return h.short(b, last)
	}
	n := be16(b[1:])
	if n < 3 || b[0] == 0 || b[0] > 10 {
		return h.strange(b)
	}
	if b[0] == msdpKeepAlive {
		h.begin(Housekeeping, textKeepAlive)
	} else {
		h.begin(Response, h.phrase("Source-Active"))
		h.v.flags |= asked
	}
	return h.frameOf(3, int64(n))
}
