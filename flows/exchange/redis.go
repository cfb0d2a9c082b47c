package exchange

// Redis (RESP2 and RESP3, redis.io/docs/reference/protocol-spec). Arguments are never kept: only the
// command's name.

const (
	redisValue = 1 // in a value, voice.aux counts the elements that are still to come
	redisName  = 2 // the next bulk string is a command's name

	redisPush = f1 // the value at hand is news, no answer
)

// isRedis knows a request: an array of bulk strings.
func isRedis(b []byte, side int) verdict {
	if side != 0 || b[0] != '*' {
		return no
	}
	i := 1
	for i < len(b) && b[i] >= '0' && b[i] <= '9' && i < 9 {
		i++
	}
	if i == len(b) && i < 9 {
		return maybe
	}
	if i == 1 {
		return no
	}
	return prefix(b[i:], "\r\n$")
}

// redisReplies begin what a server answers to a command on a line of its own (PING), which by itself could be of many
// protocols.
var redisReplies = [...]string{"+PONG\r\n", "-ERR ", "-NOAUTH ", "-WRONGPASS ", "-DENIED ", "-LOADING ", "-NOPERM "}

// isRedisReply reports whether b, which answers a line of text, is a reply of Redis: one of those above, or an array
// with its first element.
func isRedisReply(b []byte) bool {
	if len(b) < 5 {
		return false
	}
	switch b[0] {
	case '*', '%', '~', '>':
		return isRedisArray(b)
	case '+', '-':
	default:
		return false
	}
	for _, p := range redisReplies {
		if has(b, p) {
			return firstVerdict(b) != no
		}
	}
	return false
}

// isRedisArray reports whether b begins with the lengths of an array and of its first element.
func isRedisArray(b []byte) bool {
	line, v := firstLine(b)
	if v == no || len(line) < 2 || len(b) < len(line)+4 || b[len(line)] != '\r' {
		return false
	}
	element := b[len(line)+2:]
	_, ok := number(line[1:])
	return ok && element[1] >= '0' && element[1] <= '9' &&
		(element[0] == '$' || element[0] == ':' || element[0] == '*' || element[0] == '%')
}

// isRedisTurnedAway reports whether b is the error by which a server turns a client away and closes, whatever the
// client has sent: it has too many, or is protected.
func isRedisTurnedAway(b []byte) bool {
	return has(b, "-ERR max number of clients") || has(b, "-DENIED ")
}

func startsRedis(b []byte) bool {
	if len(b) < 3 {
		return false
	}
	switch b[0] {
	case '*', '$', '+', '-', ':', '%', '~', '>', '_', '#', ',', '(':
		return firstVerdict(b) == yes
	}
	return false
}

func firstVerdict(b []byte) verdict {
	_, v := firstLine(b)
	return v
}

func (h *hearing) readRedis(b []byte, last bool) int {
	v := h.v
	line, used := h.takeLine(b, last)
	if used == 0 {
		return 0
	}
	if v.phase == redisName && len(line) > 1 && line[0] == '$' {
		n, ok := number(line[1:])
		if ok && n <= 64 {
			if len(b) < used+int(n)+2 && !last {
				return 0
			}
			name := b[used:min(len(b), used+int(n))]
			h.redisCommand(name)
			used += len(name)
			v.left = n + 2 - int64(len(name))
			v.phase = redisValue
			h.redisElement()
			return used
		}
	}
	if len(line) == 0 {
		return used
	}
	if v.phase != redisValue && v.phase != redisName {
		if !h.redisBegin(line) {
			return used
		}
	}
	h.redisHeader(line)
	return used
}

// redisBegin takes the first line of a value. It returns false when the line is all of it.
func (h *hearing) redisBegin(line []byte) bool {
	v := h.v
	v.aux = 1
	v.flags &^= redisPush
	if h.side == 0 {
		if line[0] != '*' { // an inline command
			name, _ := token(line)
			h.redisCommand(name)
			return false
		}
		v.phase = redisName
		return true
	}
	text := textData
	switch line[0] {
	case '+', '-':
		text = h.names.again(h.v.text, line, maxText)
	case '$':
		text = textBulk
	case '*', '~', '>':
		text = textArray
	}
	waiting := h.peer().wait > 0
	switch {
	case line[0] == '>' || !waiting && line[0] == '*':
		h.begin(Housekeeping, text)
		v.flags |= redisPush
	case line[0] == '-' && (!waiting || isRedisTurnedAway(line)):
		h.begin(Refusal, text)
		h.verdict(text)
	case line[0] == '-':
		h.answer(Response, text)
		h.verdict(text)
	default:
		h.answer(Response, text)
	}
	v.phase = redisValue
	v.flags |= more
	return true
}

// redisHeader takes the line that begins an element.
func (h *hearing) redisHeader(line []byte) {
	v := h.v
	n, ok := number(line[1:])
	switch line[0] {
	case '$', '!', '=':
		if ok {
			v.left = n + 2
		}
		h.redisElement()
	case '*', '~', '>', '%', '|':
		if line[0] == '%' || line[0] == '|' {
			n *= 2
		}
		if ok {
			v.aux = uint32(min(int64(v.aux)+n, 1<<31))
		}
		if line[0] == '|' { // attributes go before the value proper
			return
		}
		h.redisElement()
	case '+', '-', ':', '_', '#', ',', '(':
		h.redisElement()
	default:
		h.lose()
	}
}

// redisElement counts an element as come.
func (h *hearing) redisElement() {
	v := h.v
	if v.aux--; v.aux == 0 {
		v.phase = 0
		v.flags &^= more
	}
}

// redisCommand takes the name of a command.
func (h *hearing) redisCommand(name []byte) {
	if text := h.upper(name); equalFold(name, "quit") {
		h.begin(Goodbye, text)
	} else {
		h.request(text)
	}
	if h.v.aux > 1 {
		h.v.flags |= more
	}
}
