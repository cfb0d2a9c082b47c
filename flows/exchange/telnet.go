package exchange

// Telnet (RFC 854): option negotiation, and turns.

// isTelnet knows option negotiation: IAC and WILL, WONT, DO or DONT, twice or in a segment of its own.
func isTelnet(b []byte, _ int) verdict {
	for i, c := range b[:min(len(b), 6)] {
		switch i % 3 {
		case 0:
			if c != 255 && i == 0 {
				return no
			}
		case 1:
			if (c < 251 || c > 254) && i == 1 {
				return no
			}
		case 2:
			if c > 49 && i == 2 {
				return no
			}
		}
	}
	if len(b) < 3 {
		return maybe
	}
	return yes
}

// readTelnet goes by turns, but for segments that hold option negotiation and nothing else.
func (h *hearing) readTelnet(b []byte, last bool) int {
	if b[0] == 255 {
		switch {
		case len(b) < 3:
			return h.shortTelnet(b, last)
		case b[1] >= 251 && b[1] <= 254:
			h.run(Handshake, h.phrase("option negotiation"))
			return 3
		case b[1] == 250: // a subnegotiation, up to IAC SE
			for i := 2; i+1 < len(b); i++ {
				if b[i] == 255 && b[i+1] == 240 {
					h.run(Handshake, h.phrase("option negotiation"))
					return i + 2
				}
			}
			return h.shortTelnet(b, last)
		}
	}
	h.stream(textText)
	i := 1
	for i < len(b) && b[i] != 255 {
		i++
	}
	return i
}

func (h *hearing) shortTelnet(b []byte, last bool) int {
	if last || len(b) >= maxLine {
		h.run(Handshake, h.phrase("option negotiation"))
		return len(b)
	}
	return 0
}
