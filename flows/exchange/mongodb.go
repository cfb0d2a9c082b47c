package exchange

// MongoDB (mongodb.com/docs/manual/reference/mongodb-wire-protocol): a header of 16 bytes whose third
// field is, in an answer, the request that it answers.

const (
	mongoHeader   = 16
	mongoPeek     = mongoHeader + 4 + 1 + 4 + 1 + 32
	mongoMsg      = 2013
	mongoQuery    = 2004
	mongoMore     = 2 // OP_MSG: moreToCome, no answer to this one, or more answers
	mongoHelloing = f1
)

func mongoOp(op int64) bool {
	switch op {
	case 1, 2001, 2002, mongoQuery, 2005, 2006, 2007, 2010, 2011, 2012, mongoMsg:
		return true
	}
	return false
}

func isMongoDB(b []byte, side int) verdict {
	if side != 0 {
		return no
	}
	if len(b) < mongoHeader {
		if len(b) >= 4 && (le32(b) < mongoHeader || le32(b) > 48<<20) || len(b) >= 12 && le32(b[8:]) != 0 {
			return no
		}
		return maybe
	}
	if n := le32(b); n < mongoHeader || n > 48<<20 || le32(b[8:]) != 0 || le32(b[12:]) == 1 || !mongoOp(le32(b[12:])) {
		return no
	}
	return yes
}

func startsMongoDB(b []byte) bool {
	return len(b) >= mongoHeader && le32(b) >= mongoHeader && le32(b) <= 48<<20 && mongoOp(le32(b[12:]))
}

func (h *hearing) readMongoDB(b []byte, last bool) int {
	if len(b) < mongoHeader {
		return h.short(b, last)
	}
	n, answers, op := le32(b), le32(b[8:]), le32(b[12:])
	if !startsMongoDB(b) {
		return h.strange(b)
	}
	peek := int(min(n, mongoPeek))
	if len(b) < peek && !last {
		return 0
	}
	body := b[mongoHeader:min(len(b), peek)]
	var flags int64
	if op == mongoMsg && len(body) >= 4 {
		flags = le32(body)
	}
	switch {
	case h.side == 0:
		h.mongoRequest(op, body, flags)
	case answers != 0 || op == 1:
		p := h.peer()
		switch {
		case p.flags&mongoHelloing != 0 && p.wait == 0:
			h.begin(Housekeeping, h.phrase("hello"))
		case flags&mongoMore != 0:
			h.run(Response, textData)
			h.v.flags |= more
		default:
			h.answer(Response, textData)
		}
	default:
		h.begin(Response, textData)
	}
	return h.frameOf(min(len(b), peek), n)
}

// mongoRequest takes a request; its first field names the command. The "hello" of a driver that watches
// its server waits for news by design.
func (h *hearing) mongoRequest(op int64, body []byte, flags int64) {
	name := []byte(nil)
	if op == mongoMsg && len(body) > 10 {
		name, _ = cstring(body[10:])
	}
	if !printableASCII(name) {
		name = nil
	}
	text := h.names.intern(name, maxText)
	switch string(name) {
	case "hello", "isMaster", "ismaster":
		if h.v.flags&asked == 0 {
			h.begin(Housekeeping, text)
			h.v.flags |= mongoHelloing
			return
		}
	}
	h.v.flags &^= mongoHelloing
	if flags&mongoMore != 0 {
		h.begin(Request, text)
		h.v.flags |= asked
		return
	}
	h.request(text)
}
