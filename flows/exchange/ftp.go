package exchange

import (
	"bytes"
	"strings"
)

// FTP transfers files on connections of their own (RFC 959 §3.2). What the control connection says of them is handed to
// whoever keeps the States: a State knows no other connection.

// An FTPNote is a line of a control connection that has to do with a data connection.
type FTPNote struct {
	Kind  FTPKind
	Side  int // that said it: 0 the originator of the control connection, 1 the responder
	Frame int
	Time  int64  // Unix nanoseconds
	Port  uint16 // of Listens
	Size  int64  // of Opens and Sizes, −1 unknown
	Code  int    // of Ends
	Text  string // of Transfers: "RETR f"
	Up    bool   // of Transfers: the client sends the data
}

// An FTPKind is what a line says of a data connection.
type FTPKind uint8

// The kinds.
const (
	Listens   FTPKind = iota // PORT, EPRT, or a reply to PASV, EPSV: the side accepts a data connection on Port
	Sizes                    // reply to SIZE
	Transfers                // a command that needs a data connection
	Opens                    // a preliminary reply to it
	Ends                     // its final reply
	Session                  // of MQTT: a CONNECT, Size is the hash of its client identifier
)

// maxFTPNotes is how many lines of one segment are noted.
const maxFTPNotes = 64

// HasFTPNotes reports whether TakeFTPNotes would return any.
func (n *Names) HasFTPNotes() bool { return len(n.ftp) != 0 }

// TakeFTPNotes returns what the last call of Say heard of data connections, in the order of the lines. The list is
// valid until the next call of Say.
func (n *Names) TakeFTPNotes() []FTPNote {
	list := n.ftp
	n.ftp = n.ftp[:0]
	return list
}

func (h *hearing) noteFTP(x FTPNote) {
	if len(h.names.ftp) >= maxFTPNotes || h.proto != ftp && h.proto != replies {
		return
	}
	x.Side, x.Frame, x.Time = h.side, int(h.frame), h.time
	h.names.ftp = append(h.names.ftp, x)
}

// noteFTPCommand notes what a command has to do with a data connection; rest is its argument.
func (h *hearing) noteFTPCommand(verb string, rest []byte) {
	switch verb {
	case "PORT":
		if port, ok := portOfSix(rest); ok {
			h.noteFTP(FTPNote{Kind: Listens, Port: port})
		}
	case "EPRT":
		if port, ok := portOfBars(rest); ok {
			h.noteFTP(FTPNote{Kind: Listens, Port: port})
		}
	case "RETR", "LIST", "NLST", "MLSD":
		h.noteFTP(FTPNote{Kind: Transfers, Text: h.names.get(h.v.text)})
	case "STOR", "STOU", "APPE":
		h.noteFTP(FTPNote{Kind: Transfers, Text: h.names.get(h.v.text), Up: true})
	}
}

// noteFTPReply notes what the first line of a reply has to do with a data connection.
func (h *hearing) noteFTPReply(code int, line []byte) {
	text := line[min(len(line), 4):]
	switch {
	case code == 227:
		for i, c := range text { // RFC 959 does not say where in the text the numbers stand
			if isDigit(c) {
				if port, ok := portOfSix(text[i:]); ok {
					h.noteFTP(FTPNote{Kind: Listens, Port: port})
				}
				return
			}
		}
	case code == 229:
		if i := bytes.IndexByte(text, '('); i >= 0 {
			if port, ok := portOfBars(text[i+1:]); ok {
				h.noteFTP(FTPNote{Kind: Listens, Port: port})
			}
		}
	case code == 213 && strings.HasPrefix(h.names.get(h.peer().text), "SIZE "): // of MDTM it is a time
		if n, ok := number(trim(text)); ok {
			h.noteFTP(FTPNote{Kind: Sizes, Size: n})
		}
	case code == 125 || code == 150:
		h.noteFTP(FTPNote{Kind: Opens, Size: sizeInReply(text)})
	case code == 225 || code == 226 || code == 250 || code >= 400:
		h.noteFTP(FTPNote{Kind: Ends, Code: code})
	}
}

// portOfSix reads the port of "h1,h2,h3,h4,p1,p2" (RFC 959 §4.1.2).
func portOfSix(b []byte) (port uint16, ok bool) {
	for field := range 6 {
		i := 0
		for i < len(b) && i < 3 && isDigit(b[i]) {
			i++
		}
		n, ok := number(b[:i])
		if !ok || n > 255 {
			return 0, false
		}
		port = port<<8 | uint16(n)
		b = b[i:]
		if field < 5 {
			if len(b) == 0 || b[0] != ',' {
				return 0, false
			}
			b = b[1:]
		}
	}
	return port, port != 0
}

// portOfBars reads the port of "|1|132.235.1.2|6275|" or "|||6446|" (RFC 2428): any character may be the bar.
func portOfBars(b []byte) (port uint16, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	fields := bytes.SplitN(b, b[:1], 5)
	if len(fields) < 5 {
		return 0, false
	}
	n, ok := number(fields[3])
	return uint16(n), ok && n > 0 && n < 1<<16
}

// sizeInReply reads the size of "Opening BINARY mode data connection for f (3000000 bytes)", −1 without one.
func sizeInReply(text []byte) int64 {
	open := bytes.LastIndexByte(text, '(')
	if open < 0 {
		return -1
	}
	digits, rest, _ := bytes.Cut(text[open+1:], []byte{' '})
	n, ok := number(digits)
	if !ok || !bytes.HasPrefix(rest, []byte("bytes)")) {
		return -1
	}
	return n
}
