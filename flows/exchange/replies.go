package exchange

// SMTP (RFC 5321) and FTP (RFC 959): commands in lines, replies that begin with three digits. Of commands
// only the verb is kept, and of FTP's the file name: never an address, never a password.

var smtpVerbs = []string{"HELO", "EHLO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "VRFY", "EXPN",
	"HELP", "AUTH", "STARTTLS", "ETRN", "XCLIENT", "XFORWARD"}

var ftpVerbs = []string{"USER", "PASS", "ACCT", "CWD", "CDUP", "SMNT", "REIN", "QUIT",
	"PORT", "PASV", "EPRT", "EPSV", "TYPE",
	"STRU", "MODE", "ALLO", "REST", "RNFR", "RNTO", "ABOR", "DELE", "RMD", "MKD", "PWD",
	"SITE", "SYST", "STAT", "HELP", "NOOP",
	"FEAT", "OPTS", "MDTM", "AUTH", "PBSZ", "PROT", "CCC", "CLNT", "HOST"}

var ftpFileVerbs = []string{"RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD", "MLST", "SIZE"}

// Phases and flags of SMTP and FTP.
const (
	mailText = 1 // the client sends a message, up to the dot

	greeted  = f1 // a reply has been seen of this side
	wantsTLS = f2 // the last command was STARTTLS or AUTH TLS
	inReply  = f3 // in a reply of several lines
	saidQUIT = f4 // the client has
)

// isReplies knows a greeting, a refusal in its place, or a reply from the middle of a session.
func isReplies(b []byte, _ int) verdict {
	for i := range min(len(b), 3) {
		if b[i] < '0' || b[i] > '9' {
			return no
		}
	}
	if len(b) < 4 {
		return maybe
	}
	if b[3] != ' ' && b[3] != '-' {
		return no
	}
	switch string(b[:3]) {
	case "220", "221", "226", "227", "230", "250", "331", "334", "354", "421", "450", "451",
		"452", "500", "501", "502", "503",
		"504", "521", "530", "535", "550", "551", "552", "553", "554":
	default:
		return no
	}
	_, v := firstLine(b)
	return v
}

// isSMTP knows a client's first command, where the greeting was not captured.
func isSMTP(b []byte, _ int) verdict {
	best := no
	for _, p := range [...]string{"helo ", "ehlo ", "lhlo ", "mail from:", "rcpt to:"} {
		best = max(best, prefixFold(b, p))
	}
	return best
}

func startsReplies(b []byte) bool {
	if isReply(b) {
		return true
	}
	verb, _ := token(b[:min(len(b), 16)])
	for len(verb) > 0 && (verb[len(verb)-1] == '\n' || verb[len(verb)-1] == '\r') {
		verb = verb[:len(verb)-1]
	}
	_, is := isWord(verb, smtpVerbs)
	if !is {
		_, is = isWord(verb, ftpVerbs)
	}
	return is
}

// isReply reports whether a line begins as a reply does.
func isReply(line []byte) bool {
	if len(line) < 3 || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
		return false
	}
	return '1' <= line[0] && line[0] <= '5' && '0' <= line[1] && line[1] <= '9' && '0' <= line[2] && line[2] <= '9'
}

func (h *hearing) readReplies(b []byte, last bool) int {
	v := h.v
	if v.phase == mailText {
		if v.kind != Request || v.text != textMail {
			h.request(textMail)
		}
		used, done := h.untilDot(b)
		v.flags |= more
		if done {
			v.phase = 0
			v.flags &^= more
		}
		return used
	}
	line, used := h.takeLine(b, last)
	if used == 0 {
		return 0
	}
	switch {
	case v.flags&inReply != 0:
		if len(line) >= 4 && isReply(line) && line[3] == ' ' && replyCode(line) == int(v.aux) {
			h.replyEnd(int(v.aux))
		}
	case isReply(line):
		h.reply(line)
	case len(line) > 0:
		h.command(line)
	}
	return used
}

func replyCode(line []byte) int {
	return int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
}

// reply takes the first line of a reply.
func (h *hearing) reply(line []byte) {
	v := h.v
	code := replyCode(line)
	text := h.names.again(h.v.text, line, maxText)
	first := v.flags&greeted == 0 && h.peer().wait == 0 && h.peer().flags&asked == 0
	v.flags |= greeted
	if first && h.proto == replies {
		switch {
		case containsFold(line, "smtp") || containsFold(line, "mail"):
			h.proto = smtp
		case containsFold(line, "ftp"):
			h.proto = ftp
		}
	}
	switch {
	case code == 221:
		h.begin(Goodbye, text)
	case code == 421 || code == 521 || first && code >= 400:
		h.begin(Refusal, text)
		v.flags |= closes
	case first:
		h.begin(Greeting, text)
	case code < 200: // FTP: "about to open data connection", the answer proper comes later
		h.begin(Housekeeping, text)
	default:
		h.begin(Response, text)
	}
	if code >= 400 {
		h.verdict(text)
	}
	v.aux = uint32(code)
	if h.proto != smtp {
		h.noteFTPReply(code, line)
	}
	if len(line) > 3 && line[3] == '-' {
		v.flags |= inReply | more
		return
	}
	h.replyEnd(code)
}

// replyEnd takes the last line of a reply.
func (h *hearing) replyEnd(code int) {
	v, asker := h.v, h.peer()
	v.flags &^= inReply | more
	if code < 200 || v.kind == Greeting {
		return
	}
	h.answered()
	if v.flags&closes != 0 {
		asker.wait = 0 // RFC 5321 §3.8: it serves none of the commands that it had received
	}
	switch {
	case code == 354 && asker.phase < phaseLost:
		asker.phase = mailText
		asker.high = 2 // at the beginning of a line
	case asker.flags&wantsTLS != 0 && asker.wait == 0:
		asker.flags &^= wantsTLS
		if code == 220 || code == 234 {
			h.upgrade(h.proto, tls)
		}
	}
}

// command takes a command line.
func (h *hearing) command(line []byte) {
	v := h.v
	verb, rest := token(line)
	word, isSMTP := isWord(verb, smtpVerbs)
	isFTP := false
	file := false
	if !isSMTP || h.proto == ftp {
		if w, ok := isWord(verb, ftpVerbs); ok {
			word, isFTP = w, true
		} else if w, ok := isWord(verb, ftpFileVerbs); ok {
			word, isFTP, file = w, true, true
		}
	}
	if h.proto == replies {
		switch {
		case word == "HELO" || word == "EHLO" || word == "LHLO" || word == "MAIL":
			h.proto = smtp
		case isFTP && word != "QUIT" && word != "NOOP" && word != "HELP":
			h.proto = ftp
		}
	}
	v.flags &^= wantsTLS
	switch {
	case v.flags&saidQUIT != 0 && h.peer().kind != Goodbye: // RFC 5321 §4.1.1.10: QUIT ends the session
		h.begin(OneWay, h.phrase(word))
		return
	case word == "QUIT":
		h.begin(Goodbye, h.names.intern([]byte(word), maxText))
		v.flags |= saidQUIT
		return
	case !isSMTP && !isFTP:
		h.otherLine(h.peer().aux == 334)
	case file:
		h.request(h.names.line([]byte(word), maxText, rest, maxPath))
	default:
		h.request(h.phrase(word))
	}
	if isFTP {
		h.noteFTPCommand(word, rest)
	}
	switch word {
	case "STARTTLS":
		v.flags |= wantsTLS
	case "AUTH":
		if hasFold(rest, "tls") || hasFold(rest, "ssl") {
			v.flags |= wantsTLS
		}
	case "BDAT": // RFC 3030 §2
		size, _ := token(rest)
		if n, ok := number(size); ok {
			v.left = n
		}
	}
}
