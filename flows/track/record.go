package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
)

// A record is the table's own form of a connection: everything that is needed for every connection, in
// four cache lines and without pointers. What few connections need lies in a cold part; the timeline in a
// ring; what the applications said in an application state. Conn is made from it when a RST needs one (conn_make.go).
type record struct {
	lo, hi         uint32 // the tuple's, see isWide
	portLo, portHi uint16
	stream         uint32
	start          int64 // time of the first packet: all moments of the record count from here

	ring        uint32 // timeline, in the slab of ringClass
	cold        uint32
	application uint32

	ackFrame uint32 // HandshakeACK
	ackLo    uint32
	ackHi    int16

	marks     recordBits
	defects   flows.Defects
	ringClass uint8  // 0: no ring yet
	ringN     uint8  // events in the ring
	ringPos   uint8  // where the next one goes
	coarse    uint8  // moments count in units of 2^coarse ns
	domain    uint16 // index into Table.domains
	history   history

	side [2]half
}

// A half is one endpoint's part of a record.
type half struct {
	una, nxt flows.Seq
	unread   uint32
	lastLen  uint32 // bytes of the last new data
	bits     halfBits
	maxAcked uint16 // saturates
	state    flows.State
	syn      deferral.SYNBits
	bytesHi  uint8 // bits 32 to 39 of bytes
	synTTL   uint8

	// number of the SYN; without one, one less than the first number seen (as Wireshark counts)
	iss                              flows.Seq
	firstFrame, lastFrame, dataFrame uint32
	firstLo, lastLo, dataLo          uint32
	firstHi, lastHi, dataHi          int16
	wnd, ipid, ipidStep              uint16
	mac                              uint16 // index into Table.macs
	offer                            uint16 // index into Table.offers: what else its SYN offered

	segments, dataSegments uint32
	bytes                  uint32 // low 32 bits
	tsval                  uint32
	ackedSince             uint32 // Endpoint.AckedSince
	reaction               uint32 // in units of reactionUnit ns, 0 never seen

	ttl, ttlMin, ttlMax uint8
	ttlWeight           uint8 // how far ttl leads in the count (Boyer and Moore's majority vote)
}

// offerOf packs what a SYN offers beside its synBits, for Table.offers: captures have few of them.
func offerOf(s *segment) uint64 {
	return 1<<40 | uint64(s.WND)<<24 | uint64(s.Opts.MSS)<<8 | uint64(s.Opts.Kinds)
}

// offered is the inverse of offerOf.
func (t *Table) offered(h *half) (wnd, mss uint16, kinds uint8) {
	v := t.offers.value(h.offer)
	return uint16(v >> 24), uint16(v >> 8), uint8(v)
}

// reactionUnit makes the longest Reaction that 32 bits hold 68 seconds.
const reactionUnit = 16

// recordBits are the yes-or-no facts of a record.
type recordBits uint16

const (
	isWide          recordBits = 1 << iota // lo is an index into Table.wide
	origIsHi                               // the originator is the tuple's higher end
	guessed                                // Conn.Guessed
	sawFIN                                 // a FIN of either side: Wireshark starts a new stream at the next SYN
	sawRST                                 // the same for a RST
	leaving                                // is in the queue of closed connections
	watched                                // a Reset waits for what comes after it here
	hasReset                               // cold part.fall is in use
	bothSides                              // both sides have been seen
	isOther                                // the record stands for a segment quoted by ICMP only
	gone                                   // the record has been given back
	followed                               // it is followed closely, see talk
	unfollowed                             // it was, until there were too many
	applicationLost                        // what its applications said has been forgotten
	ended                                  // over, by segments that may wait in its queue
)

// halfBits are the yes-or-no facts of a half.
type halfBits uint16

const (
	hasBase halfBits = 1 << iota // iss is set
	hasISS                       // iss is known to be the initial sequence number
	hasSND
	hasRCV
	sentSYN
	sentFIN
	finAcked
	ipidSeen // an IP ID other than 0
	hasTS
	zeroWND
	hasHoles
	hasRetransmit // a run of retransmissions is open
	hasKeep       // a run of keep-alives is open
	hasProbe      // a run of window probes is open
	holdFIN       // its FIN lies behind a hole: the peer has not taken it yet
	saidACK       // the history has its pure ACK
)

// at returns the moment lo, hi of the record.
func (c *record) at(lo uint32, hi int16) flows.Time {
	return flows.Time(c.start + (int64(hi)<<32|int64(lo))<<c.coarse)
}

// moment packs t. Table.Add has made sure that it fits.
func (c *record) moment(t flows.Time) (lo uint32, hi int16) {
	d := (int64(t) - c.start) >> c.coarse
	return uint32(d), int16(d >> 32)
}

// fits reports whether t can be packed.
func (c *record) fits(t flows.Time) bool {
	d := (int64(t) - c.start) >> c.coarse
	return d>>47 == 0 || d>>47 == -1
}

// mark returns the mark of a frame and the packed time of it, none of frame 0.
func (c *record) mark(frame, lo uint32, hi int16) flows.Mark {
	if frame == 0 {
		return flows.Mark{}
	}
	return flows.Mark{Frame: int(frame), Time: c.at(lo, hi)}
}

func (c *record) first(s flows.Side) flows.Mark {
	h := &c.side[s]
	return c.mark(h.firstFrame, h.firstLo, h.firstHi)
}

func (c *record) last(s flows.Side) flows.Mark {
	h := &c.side[s]
	return c.mark(h.lastFrame, h.lastLo, h.lastHi)
}

func (c *record) lastData(s flows.Side) flows.Mark {
	h := &c.side[s]
	return c.mark(h.dataFrame, h.dataLo, h.dataHi)
}

// scale returns the shift of the windows that side s advertises after its SYN, and whether it is known:
// both SYNs must have been seen, and both must have offered it (RFC 7323 §2.2).
func (c *record) scale(s flows.Side) (shift uint8, known bool) {
	o, r := &c.side[0], &c.side[1]
	if o.bits&r.bits&sentSYN == 0 || o.syn&15 == deferral.SYNUnknown || r.syn&15 == deferral.SYNUnknown {
		return 0, false
	}
	if o.syn&r.syn&deferral.SYNHasScale == 0 {
		return 0, true
	}
	return uint8(c.side[s].syn & 15), true
}

// window returns the window that side s last advertised, scaled where the scale is known.
func (c *record) window(s flows.Side) uint32 {
	shift, _ := c.scale(s)
	return uint32(c.side[s].wnd) << shift
}

// states returns both states in one byte.
func (c *record) states() uint8 { return uint8(c.side[0].state) | uint8(c.side[1].state)<<4 }

// A stamp is a Mark in twelve bytes, for cold parts.
type stamp struct {
	frame uint32
	lo    uint32
	hi    int32
}

func stampOf(s *segment) stamp {
	return stamp{uint32(s.Frame), uint32(s.Time), int32(s.Time >> 32)}
}

// stampAt makes a stamp of a Mark.
func stampAt(m flows.Mark) stamp { return stamp{uint32(m.Frame), uint32(m.Time), int32(m.Time >> 32)} }

func (m stamp) time() flows.Time { return flows.Time(int64(m.hi)<<32 | int64(m.lo)) }

func (m stamp) mark() flows.Mark {
	if m.frame == 0 {
		return flows.Mark{}
	}
	return flows.Mark{Frame: int(m.frame), Time: m.time()}
}
