package exchange

// OPC UA over TCP (OPC 10000-6 §7.1): a type of three letters, a chunk mark and a length.

const (
	opcuaPeek    = 32
	opcuaPublish = 826 // PublishRequest waits for news by design (OPC 10000-4 §5.13.5)
	opcuaNews    = 829 // PublishResponse
)

var opcuaTypes = [...]string{"HEL", "ACK", "ERR", "RHE", "OPN", "CLO", "MSG"}

func isOPCUA(b []byte, _ int) verdict {
	best := no
	for _, t := range opcuaTypes {
		best = max(best, prefix(b, t))
	}
	switch {
	case best != yes:
		return best
	case len(b) < 8:
		return maybe
	case b[3] != 'F' && b[3] != 'C' && b[3] != 'A' || le32(b[4:]) < 8 || le32(b[4:]) > 1<<24:
		return no
	}
	return yes
}

func startsOPCUA(b []byte) bool { return isOPCUA(b, 0) == yes }

func (h *hearing) readOPCUA(b []byte, last bool) int {
	if len(b) < 8 {
		return h.short(b, last)
	}
	if !startsOPCUA(b) {
		return h.strange(b)
	}
	n := le32(b[4:])
	peek := int(min(n, opcuaPeek))
	if b[0] == 'M' && len(b) < peek && !last {
		return 0
	}
	v := h.v
	going := v.flags&more != 0
	switch string(b[:3]) {
	case "HEL", "RHE":
		h.begin(Handshake, h.phrase("Hello"))
		v.wait = 1
		h.ask()
	case "ACK":
		h.answer(Handshake, h.phrase("Acknowledge"))
	case "ERR":
		h.answer(Refusal, h.phrase("Error"))
	case "CLO":
		h.begin(Goodbye, h.phrase("CloseSecureChannel"))
	case "OPN":
		if h.side == 0 {
			h.begin(Handshake, h.phrase("OpenSecureChannel"))
			v.owe()
			h.ask()
		} else {
			h.answer(Handshake, h.phrase("OpenSecureChannel"))
		}
	case "MSG":
		if !going {
			h.opcuaMessage(b[8:min(len(b), peek)])
		}
	}
	v.flags &^= more
	if b[3] == 'C' {
		v.flags |= more
	}
	return h.frameOf(8, n)
}

// opcuaMessage takes a service call. Its first field after channel, token, sequence and request number
// is the service, in the short form where nothing is encrypted.
func (h *hearing) opcuaMessage(body []byte) {
	service := 0
	if len(body) >= 20 && body[16] == 1 && body[17] == 0 {
		service = le16(body[18:])
	}
	name := opcuaServices[service]
	if name == "" {
		name = "service call"
	}
	text := h.phrase(name)
	switch {
	case service == opcuaPublish:
		h.begin(Request, text)
		h.v.flags |= asked
	case service == opcuaNews:
		h.begin(Response, text)
	case h.side == 0:
		h.request(text)
	default:
		h.answer(Response, text)
	}
}

// opcuaServices are the binary encoding ids of services (OPC 10000-6 annex A).
var opcuaServices = map[int]string{
	397: "ServiceFault", 422: "FindServers", 425: "FindServers", 428: "GetEndpoints", 431: "GetEndpoints",
	461: "CreateSession", 464: "CreateSession", 467: "ActivateSession", 470: "ActivateSession", 473: "CloseSession",
	476: "CloseSession", 527: "Browse", 530: "Browse", 533: "BrowseNext", 536: "BrowseNext", 631: "Read", 634: "Read",
	673: "Write", 676: "Write", 712: "Call", 715: "Call", 751: "CreateMonitoredItems", 754: "CreateMonitoredItems",
	787: "CreateSubscription", 790: "CreateSubscription", opcuaPublish: "Publish", opcuaNews: "Publish",
	847: "DeleteSubscriptions", 850: "DeleteSubscriptions",
}
