package exchange

// Kafka (kafka.apache.org/protocol): a length, and in a request the API's key and version, a correlation
// id and the client's name; answers come in the order of the requests.

const (
	kafkaRequest = 14 // bytes of a request up to its client id
	queuePoll    = 1  // State.queue: a fetch, which waits for news by design
)

var kafkaAPIs = [...]string{"Produce", "Fetch", "ListOffsets", "Metadata", "LeaderAndIsr",
	"StopReplica", "UpdateMetadata",
	"ControlledShutdown", "OffsetCommit", "OffsetFetch", "FindCoordinator", "JoinGroup",
	"Heartbeat", "LeaveGroup", "SyncGroup",
	"DescribeGroups", "ListGroups", "SaslHandshake", "ApiVersions", "CreateTopics", "DeleteTopics"}

// isKafka knows a client's first request, which asks for versions or, of old clients, for metadata.
func isKafka(b []byte, side int) verdict {
	if side != 0 {
		return no
	}
	if len(b) < kafkaRequest {
		if b[0] != 0 || len(b) > 1 && b[1] != 0 || len(b) > 4 && b[4] != 0 || len(b) > 6 && b[6] != 0 {
			return no
		}
		return maybe
	}
	n, name := be32(b), be16(b[12:])
	switch be16(b[4:]) {
	case 3, 17, 18:
	default:
		return no
	}
	if n < 10 || n > 4096 || be16(b[6:]) > 20 || name != 0xffff && (name > 255 || int64(name) > n-10) {
		return no
	}
	if name == 0xffff {
		return yes
	}
	id := b[kafkaRequest:min(len(b), kafkaRequest+name)]
	if !printableASCII(id) {
		return no
	}
	if len(id) < name {
		return maybe
	}
	return yes
}

func (h *hearing) readKafka(b []byte, last bool) int {
	if len(b) < 8 {
		return h.short(b, last)
	}
	n := be32(b)
	if n < 4 || n > 1<<28 {
		return h.strange(b)
	}
	if h.side == 1 {
		h.kafkaAnswer()
		return h.frameOf(8, 4+n)
	}
	key, version := be16(b[4:]), be16(b[6:])
	if key > 100 || version > 30 {
		return h.strange(b)
	}
	text := textData
	if key < len(kafkaAPIs) {
		text = h.phrase(kafkaAPIs[key])
	}
	v := h.v
	kind := uint16(queuePlain)
	if key == 1 {
		kind = queuePoll
		h.begin(Request, text)
		v.flags |= asked
	} else {
		h.request(text)
	}
	if i := 2 * v.aux; i < 16 {
		h.queue = h.queue&^(3<<i) | kind<<i
	}
	v.aux++
	return h.frameOf(8, 4+n)
}

func (h *hearing) kafkaAnswer() {
	p := h.peer()
	h.begin(Response, textData)
	if p.aux == 0 {
		return
	}
	p.aux--
	if h.queue&3 != queuePoll {
		h.answered()
	}
	h.queue >>= 2
}
