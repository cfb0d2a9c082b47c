package exchange

// SMB ([MS-SMB2], [MS-CIFS]) over NetBIOS session packets (RFC 1002 §4.3).

const (
	smbPeek = 4 + 32

	nbMessage   = 0
	nbRequest   = 0x81
	nbPositive  = 0x82
	nbNegative  = 0x83
	nbKeepAlive = 0x85
)

const smbPending = 0x103 // STATUS_PENDING: the answer proper comes later

var smb2Commands = [...]string{"NEGOTIATE", "SESSION_SETUP", "LOGOFF", "TREE_CONNECT",
	"TREE_DISCONNECT", "CREATE", "CLOSE",
	"FLUSH", "READ", "WRITE", "LOCK", "IOCTL", "CANCEL", "ECHO", "QUERY_DIRECTORY",
	"CHANGE_NOTIFY", "QUERY_INFO", "SET_INFO",
	"OPLOCK_BREAK"}

// smb1Commands names the commands of SMB 1 by which sessions and shares are opened ([MS-CIFS] §2.2.2.1).
var smb1Commands = map[byte]string{0x72: "NEGOTIATE", 0x73: "SESSION_SETUP", 0x75: "TREE_CONNECT"}

func isSMB(b []byte, side int) verdict {
	if side == 0 && b[0] == nbRequest {
		switch {
		case len(b) > 1 && b[1] != 0, len(b) > 2 && b[2] != 0, len(b) > 3 && b[3] != 68, len(b) > 4 && b[4] != 32:
			return no
		case len(b) < 5:
			return maybe
		}
		return yes
	}
	if b[0] != nbMessage {
		return no
	}
	if len(b) < 8 {
		if len(b) > 4 && b[4] < 0xfc || len(b) > 5 && b[5] != 'S' {
			return no
		}
		return maybe
	}
	if b[4] >= 0xfc && string(b[5:8]) == "SMB" {
		return yes
	}
	return no
}

func startsSMB(b []byte) bool {
	return len(b) >= 8 && b[0] == nbMessage && b[4] >= 0xfc && string(b[5:8]) == "SMB" ||
		len(b) >= 4 && b[0] == nbKeepAlive && b[3] == 0
}

func (h *hearing) readSMB(b []byte, last bool) int {
	if len(b) < 4 {
		return h.short(b, last)
	}
	n := be24(b[1:])
	peek := min(4+n, smbPeek)
	if len(b) < peek && !last {
		return 0
	}
	body := b[4:min(len(b), peek)]
	switch b[0] {
	case nbMessage:
		h.smbMessage(body)
	case nbRequest:
		h.begin(Handshake, h.phrase("session request"))
		h.v.wait = 1
		h.ask()
	case nbPositive:
		h.answer(Handshake, h.phrase("session response"))
	case nbNegative:
		h.answer(Refusal, h.phrase("negative session response"))
	case nbKeepAlive:
		h.begin(Housekeeping, textKeepAlive)
	default:
		return h.strange(b)
	}
	return h.frameOf(4+len(body), int64(4+n))
}

func (h *hearing) smbMessage(body []byte) {
	switch {
	case len(body) >= 24 && body[0] == 0xfe:
		h.smb2(body)
	case len(body) >= 10 && body[0] == 0xff: // SMB 1
		if body[9]&0x80 != 0 {
			h.answer(Response, h.phrase("SMB1"))
			if name := smb1Commands[body[4]]; name != "" {
				h.smbStatus(name, uint32(le32(body[5:])))
			}
		} else {
			h.request(h.phrase("SMB1"))
		}
	case h.side == 0: // encrypted or compressed
		h.request(h.phrase("encrypted"))
	default:
		h.answer(Response, h.phrase("encrypted"))
	}
}

func (h *hearing) smb2(body []byte) {
	command := le16(body[12:])
	name := "command"
	if command < len(smb2Commands) {
		name = smb2Commands[command]
	}
	text := h.phrase(name)
	answer := body[16]&1 != 0
	switch name {
	case "ECHO":
		if answer {
			h.pong(text)
		} else {
			h.ping(text)
		}
		return
	case "CHANGE_NOTIFY": // waits for news by design
		if answer {
			h.begin(Housekeeping, text)
		} else {
			h.begin(Request, text)
			h.v.flags |= asked
		}
		return
	case "CANCEL":
		h.begin(Housekeeping, text)
		return
	case "OPLOCK_BREAK":
		if answer && len(body) >= 32 && be32(body[24:]) == 0xffffffff && be32(body[28:]) == 0xffffffff {
			h.begin(Housekeeping, text) // the server's notification
			return
		}
	case "LOGOFF":
		if answer {
			h.answer(Goodbye, text)
		} else {
			h.begin(Goodbye, text)
			h.v.owe()
		}
		return
	}
	switch {
	case !answer:
		h.request(text)
	case le32(body[8:]) == smbPending:
		h.begin(Housekeeping, text)
	default:
		h.answer(Response, text)
		switch name {
		case "NEGOTIATE", "SESSION_SETUP", "TREE_CONNECT":
			h.smbStatus(name, uint32(le32(body[8:])))
		}
	}
}

// ntStatus names the error codes with which servers refuse sessions and shares ([MS-ERREF] §2.3.1).
var ntStatus = map[uint32]string{
	0xc000000d: "STATUS_INVALID_PARAMETER", 0xc0000022: "STATUS_ACCESS_DENIED", 0xc000005e: "STATUS_NO_LOGON_SERVERS",
	0xc0000064: "STATUS_NO_SUCH_USER", 0xc000006a: "STATUS_WRONG_PASSWORD", 0xc000006d: "STATUS_LOGON_FAILURE",
	0xc000006e: "STATUS_ACCOUNT_RESTRICTION", 0xc000006f: "STATUS_INVALID_LOGON_HOURS",
	0xc0000070: "STATUS_INVALID_WORKSTATION",
	0xc0000071: "STATUS_PASSWORD_EXPIRED", 0xc0000072: "STATUS_ACCOUNT_DISABLED",
	0xc000009a: "STATUS_INSUFFICIENT_RESOURCES",
	0xc00000bb: "STATUS_NOT_SUPPORTED", 0xc00000c9: "STATUS_NETWORK_NAME_DELETED", 0xc00000cc: "STATUS_BAD_NETWORK_NAME",
	0xc00000d0: "STATUS_REQUEST_NOT_ACCEPTED", 0xc000015b: "STATUS_LOGON_TYPE_NOT_GRANTED",
	0xc000018c: "STATUS_TRUSTED_DOMAIN_FAILURE",
	0xc0000193: "STATUS_ACCOUNT_EXPIRED", 0xc0000203: "STATUS_USER_SESSION_DELETED",
	0xc0000224: "STATUS_PASSWORD_MUST_CHANGE",
	0xc0000234: "STATUS_ACCOUNT_LOCKED_OUT", 0xc000035c: "STATUS_NETWORK_SESSION_EXPIRED",
}

// smbStatus names the error that an answer holds, if any, behind what it answers.
func (h *hearing) smbStatus(what string, status uint32) {
	if name := ntStatus[status]; name != "" {
		h.v.text = h.names.line([]byte(what), maxText, []byte(name), maxText)
		h.verdict(h.v.text)
	}
}
