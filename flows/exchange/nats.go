package exchange

// NATS (docs.nats.io/reference/nats-protocol): lines, some with a payload behind them. Publishing and
// subscribing want no answer.

func isNATS(b []byte, side int) verdict {
	if side == 1 {
		return prefix(b, "INFO {")
	}
	return prefix(b, "CONNECT {")
}

func startsNATS(b []byte) bool {
	for _, p := range [...]string{"PING\r\n", "PONG\r\n", "MSG ", "HMSG ", "PUB ", "HPUB ",
		"SUB ", "UNSUB ", "+OK", "-ERR", "INFO {", "CONNECT {"} {
		if has(b, p) {
			return true
		}
	}
	return false
}

func (h *hearing) readNATS(b []byte, last bool) int {
	line, used := h.takeLine(b, last)
	if used == 0 || len(line) == 0 {
		return used
	}
	verb, rest := token(line)
	text := h.names.intern(verb[:min(len(verb), 16)], maxText)
	switch {
	case equalFold(verb, "ping") && h.v.kind == Handshake: // behind CONNECT it asks whether that was accepted
		h.request(text)
	case equalFold(verb, "ping"):
		h.ping(text)
	case equalFold(verb, "pong") && h.peer().pings == 0 && h.peer().wait > 0:
		h.answer(Response, text)
	case equalFold(verb, "pong"):
		h.pong(text)
	case equalFold(verb, "info"):
		if h.v.kind == None {
			h.begin(Greeting, text)
		} else {
			h.begin(Housekeeping, text)
		}
	case equalFold(verb, "connect"):
		h.begin(Handshake, text)
	case equalFold(verb, "+ok"):
		h.begin(Response, text)
	case equalFold(verb, "-err"):
		h.answer(Refusal, h.names.intern(line, maxText))
		h.verdict(h.v.text)
	case equalFold(verb, "sub"), equalFold(verb, "unsub"):
		h.begin(Housekeeping, text)
		h.v.flags |= asked
	case equalFold(verb, "pub"), equalFold(verb, "hpub"), equalFold(verb, "msg"), equalFold(verb, "hmsg"):
		if h.side == 0 {
			h.begin(Request, text)
			h.v.flags |= asked
		} else {
			h.begin(Response, text)
		}
		size := rest
		for i := len(rest) - 1; i >= 0; i-- {
			if rest[i] == ' ' {
				size = rest[i+1:]
				break
			}
		}
		if n, ok := number(size); ok {
			h.v.left = n + 2
		}
	default:
		h.lose()
		return len(b)
	}
	return used
}
