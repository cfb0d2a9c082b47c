package track

import (
	"math/rand/v2"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/flows/track/internal/deferral"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
	"github.com/rstexplain/rstexplain/flows/track/internal/syncache"
	"github.com/rstexplain/rstexplain/flows/track/internal/tuple"
)

// TableOptions bound a Table. The zero value of each field means its default.
type TableOptions struct {
	// MaxConnections is how many connections are remembered at a time (default 1,048,576). Beyond it
	// those idle for longest go, half-open ones first; they are counted in Stats.Evicted.
	MaxConnections int
	// MaxMemory bounds the bytes of all that grows with connections (default 768 MiB). It is kept
	// like MaxConnections.
	MaxMemory int64
	// MaxClosed is how many closed connections are remembered in full, so that late segments are seen as
	// late for them (default 4,096). Of many more the stream number stays known.
	MaxClosed int
	// ShortAbove is how many connections are followed closely at a time, with a long timeline and with what
	// the exchange of their applications. Beyond it, of those that began first only the last events are kept
	// (default 65,536); they are counted in Stats.ExchangesLost. Of half as many
	// connections, but one in 32 of MaxConnections, the segments of a batch may be deferred.
	ShortAbove int
	// Lookahead is how many resets may wait for what comes after them (default 4,096).
	Lookahead int
	// LookaheadTime is how long, in the time of the capture, a reset may wait; 0: until Lookahead is
	// reached or Flush is called. Follow mode sets it.
	LookaheadTime time.Duration
	// Early, if set, gets a copy of each reset that has waited for LookaheadTime, with what is known by then. The reset
	// itself goes on to wait as if there were no LookaheadTime. A copy must not be given to Release.
	Early func(*flows.Reset)
}

// withDefaults fills in what is not set.
func (o TableOptions) withDefaults() TableOptions {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&o.MaxConnections, 1<<20)
	set(&o.MaxClosed, 1<<12)
	set(&o.ShortAbove, 1<<16)
	set(&o.Lookahead, 1<<12)
	if o.MaxMemory <= 0 {
		o.MaxMemory = 768 << 20
	}
	return o
}

// A Table follows all connections of a capture, one segment at a time and in the order of the capture,
// and hands out a Reset for each RST. It is for one goroutine. Its memory is bounded by its options;
// what it has to forget is counted.
type Table struct {
	// What all goroutines read.
	opts TableOptions
	seed uint64 // of the hashes, secret

	batching // for the goroutines that fill batches and defer segments

	// The rest is for the one that takes them.
	emit func(*flows.Reset)

	index        tuple.Index
	conns        slab.Slab[record]
	synEntries   syncache.Cache
	wide         slab.Slab[wideAddrs]
	lines        timelines
	coldParts    slab.Slab[coldPart]
	applications slab.Slab[application]
	runs         slab.Slab[run]
	closeStates  slab.Slab[closeState]
	holes        slab.Slab[hole]
	held         slab.Slab[held]
	resetParts   slab.Slab[resetPart]
	befores      slab.Slab[before]
	notes        slab.Slab[icmpNotes]

	names      *exchange.Names
	macs       internTable // link addresses
	offers     internTable // what SYNs offered
	domains    internTable // VLANs and tunnels
	closed     slab.Queue  // closed connections, oldest first
	tombstones tombstones
	pending    pendingResets // resets that wait for what comes after them
	related    related
	follows    closelyFollowed

	streams    int
	clock      flows.Time // latest time seen
	began      flows.Time // of the first segment
	current    uint32     // record that Add works on
	hand       uint32     // where the search for the next record to evict begins
	halfOpen   int        // connections on which one side only has spoken
	floodFrom  int        // least number of them that is a flood
	opened     uint32     // connections begun so far
	lastMemory int64      // memory when limit was lowered for the last time
	limit      int        // connections that may live now: MaxConnections, less where MaxMemory asks for it

	origins        []deferral.Origin // as far as the batches need them that were taken
	addresses      tuple.Addresses   // those of compressed addresses that they need
	deferredMemory int64             // bytes that the queues took when the batch at hand had been dealt with
	takingDeferred bool              // the segment at hand comes out of a queue
	promoting      bool              // the segment at hand comes out of a SYN cache entry
	single         segment           // that Add was given
	ordinary       segment           // of the line at hand
	opening        segment           // the same of a SYN's line
	deferred       segment           // of the queue's segment at hand
	stats          Stats
}

// Stats counts what a Table has seen.
type Stats struct {
	Segments      int // TCP segments added, copies and RSTs included
	Streams       int // connections as Wireshark counts them (tcp.stream)
	Resets        int // RST segments, copies included
	Duplicates    int // packets captured more than once
	Open          int // connections remembered now, closed ones included
	PeakOpen      int
	ExchangesLost int   // connections that ceased to be followed closely (TableOptions.ShortAbove)
	Evicted       int   // open connections forgotten to bound memory
	ICMP          int   // ICMP errors added
	Reopened      int   // connections whose 4-tuple had been used before
	MidStream     int   // connections that began before the capture
	Memory        int64 // bytes held by all that grows with connections
}

// NewTable returns an empty Table that calls emit for each reset, in the order of their frames. The Reset
// belongs to emit.
func NewTable(opts TableOptions, emit func(*flows.Reset)) *Table {
	t := &Table{opts: opts.withDefaults(), emit: emit, seed: rand.Uint64(), names: exchange.NewNames()}
	t.limit, t.floodFrom = t.opts.MaxConnections, leastFlood
	t.addresses.Seed = t.seed
	t.stage.SetUp(t.opts.stage(), t.seed)
	t.index.Grow()
	return t
}

// Add takes the next segment of the capture and returns its stream number. It keeps nothing of s.Payload.
// Times may go backwards, frame numbers must not. A table takes its segments by Add or in batches, not both.
func (t *Table) Add(s *flows.Segment) (stream int) {
	t.stats.Segments++
	t.single = segment{Segment: *s}
	var tp tuple.Tuple
	t.given(&tp, s)
	return t.add(&t.single, &tp, 0, s.Time < t.clock)
}

// add takes s, whose tuple is tp, whose record probably is id, and whose time may be before that of another segment
// before it.
func (t *Table) add(s *segment, tp *tuple.Tuple, id uint32, late bool) (stream int) {
	id = t.recordOf(tp, &s.Src, &s.Dst, id)
	if id == 0 && t.flooded() && !late && t.maySYNEntry(tp, s) {
		stream = t.addSYNEntry(tp, s)
		t.clock = max(t.clock, s.Time)
	} else {
		stream = t.addTo(id, tp, s, late)
	}
	if t.opts.LookaheadTime > 0 {
		t.Settle(t.clock)
	}
	return stream
}

// addTo takes s into the record id, 0 for a new one.
func (t *Table) addTo(id uint32, tp *tuple.Tuple, s *segment, late bool) (stream int) {
	if id == 0 {
		id = t.open(tp, s)
	}
	c := t.conns.At(id)
	if c.marks&isOther != 0 {
		t.begins(c, tp, s)
	}
	side := c.sideOf(tp.FromHi)
	if s.Flags&(flows.SYN|flows.ACK) == flows.SYN {
		if c.startsStream(side, s) {
			id = t.reopen(id, tp, s)
			c = t.conns.At(id)
			side = c.sideOf(tp.FromHi)
		} else if side == flows.Responder && c.marks&guessed != 0 {
			t.swap(c)
			side = flows.Originator
		}
	}
	t.current = id
	if s.Flags&(flows.SYN|flows.ACK) == flows.SYN && c.marks&hasReset != 0 && c.side[0].segments|c.side[1].segments == 0 {
		t.opensAfterResets(c, side, s)
	}
	if !c.fits(s.Time) {
		t.coarsen(c)
	}
	if late {
		c.defects |= flows.Reordered
	}
	t.clock = max(t.clock, s.Time)
	c.base(side, s)
	if s.Unknown.Has(flows.FieldsBefore) {
		x := t.coldOf(c)
		if x.omitted++; x.omitted == 1 {
			x.omissions[0] = stampOf(s)
		}
		x.omissions[1] = stampOf(s)
		c.defects |= flows.MissedPackets
	}
	stream = int(c.stream)
	if s.Flags&flows.RST != 0 {
		t.reset(c, side, s)
	} else {
		t.take(c, side, s)
	}
	t.keepBounds()
	return stream
}

// take applies a segment that is no RST.
func (t *Table) take(c *record, side flows.Side, s *segment) {
	if !c.fresh(side, s) {
		if e := t.original(c, side, s); e != nil {
			t.takeDuplicate(c)
			e.notes |= flows.Copied
			if c.marks&watched != 0 {
				t.seenDuplicate(c, s)
			}
			return
		}
	}
	a, b := &c.side[side], &c.side[side^1]
	was := c.states()
	if a.segments == 0 {
		t.takeFirst(c, side, s)
	}
	if c.marks&hasReset != 0 {
		t.revive(c, side, s)
	}
	n, fresh, found, firstFIN := t.sequence(c, side, s)
	acceptable := true
	if s.Flags&flows.ACK != 0 {
		var more flows.Notes
		more, acceptable = t.acknowledge(c, side, s)
		n |= more
		if s.LEN() == 0 && a.bits&saidACK == 0 {
			a.bits |= saidACK
			c.history.add(letterACK, side)
		}
	}
	if n&(flows.KeepAlive|flows.WindowProbe) != 0 {
		n &^= flows.DupACK
	}
	if b.bits&hasKeep != 0 && n&flows.KeepAlive == 0 { // a probe of the peer's own answers none
		t.keepAliveAnswered(c, side.Peer())
	}
	n |= t.advertise(c, side, s)
	t.transition(c, side, s, firstFIN, acceptable)
	lo, hi := c.moment(s.Time)
	t.sent(a, s, lo, hi)
	e := t.note(c, side, s, n, was)
	if fresh|found != 0 {
		t.reassemble(c, side, s, fresh)
	}
	if firstFIN {
		t.related.transfers.closes(t, c, side, s)
		t.finish(c, side)
	}
	if uint32(len(s.Payload)) < s.DataLen && !t.takingDeferred {
		c.defects |= flows.SnapCut
	}
	if c.marks&watched != 0 {
		t.seenSegment(c, side, s, e, fresh)
	}
	if s.Flags&(flows.SYN|flows.ACK) == flows.SYN|flows.ACK {
		t.accepted(c, side, s)
	}
}

// sent notes what is counted for each segment of a side, h, that is no RST.
func (t *Table) sent(h *half, s *segment, lo uint32, hi int16) {
	h.segments++
	h.lastFrame = uint32(s.Frame)
	h.lastLo, h.lastHi = lo, hi
	if step := s.IPID - h.ipid; h.segments > 1 && step < 1<<15 { // a step back is reordering
		h.ipidStep = max(h.ipidStep, step)
	}
	h.ipid = s.IPID
	if s.IPID != 0 || s.Unknown.Has(flows.FieldIPID) {
		h.bits |= ipidSeen
	}
	if s.Opts.HasTS {
		h.tsval = s.Opts.TSval
		h.bits |= hasTS
	}
	if s.TTL == h.ttl {
		if h.ttlWeight < 1<<8-1 {
			h.ttlWeight++
		}
		return
	}
	if h.ttlWeight--; h.ttlWeight == 0 {
		h.ttl, h.ttlWeight = s.TTL, 1
	}
	if s.TTL < h.ttlMin || s.TTL > h.ttlMax {
		h.ttlMin, h.ttlMax = min(h.ttlMin, s.TTL), max(h.ttlMax, s.TTL)
		t.related.spread(t, s)
	}
}

// takeFirst takes the first segment of a side.
func (t *Table) takeFirst(c *record, side flows.Side, s *segment) {
	h := &c.side[side]
	h.firstFrame = uint32(s.Frame)
	h.firstLo, h.firstHi = c.moment(s.Time)
	h.ttl, h.ttlMin, h.ttlMax = s.TTL, s.TTL, s.TTL
	h.mac = t.macs.number(s.MAC)
	if c.side[side^1].segments > 0 {
		c.marks |= bothSides
		t.halfOpen--
		t.follow(c)
		t.related.bothWays(t, s, c.stream)
	}
	if !t.promoting { // when the SYN was new, this was done
		t.related.host(t, s, c.stream, c.side[side^1].segments == 0 && c.marks&hasReset == 0)
	}
}

// Succeed makes t, which is new, continue the numbers and counts of a table whose connections have nothing to do with
// those that t will follow.
func (t *Table) Succeed(before *Table) { t.streams, t.stats = before.streams, before.stats }

// Flush hands out all resets that still wait.
func (t *Table) Flush() {
	for t.pending.len() > 0 {
		t.settle()
	}
}

// Lookup returns the connection between two ends as it stands now, without what waits in its queue; nil when
// the table does not hold it.
func (t *Table) Lookup(a, b flows.Addr) *flows.Conn {
	var tp tuple.Tuple
	t.addresses.Tuple(&tp, &a, &b, false)
	id := t.recordOf(&tp, &a, &b, 0)
	if id == 0 {
		return nil
	}
	out := new(flows.Conn)
	t.makeConn(t.conns.At(id), out)
	return out
}

// Stats returns the counts so far.
func (t *Table) Stats() Stats {
	s := t.stats
	s.Streams, s.Open = t.streams, t.connections()
	s.Memory = t.memory()
	return s
}
