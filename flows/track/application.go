package track

import (
	"unsafe"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/flows/track/internal/slab"
)

// An application is what is known of what the two applications of a connection sent to each other, from its first data
// on. Only connections that are followed closely have one.
//
// The last ShortAbove connections that began are followed closely: their timelines may grow, and their exchange is
// read. Which they are depends only on segments that are never deferred, so it is the same for Table.Add and for
// batches.
type application struct {
	state     exchange.State
	firstData [2]stamp
}

// An application state lies in three cache lines: it is touched for each segment with data.
var _ [3 * 64]byte = [unsafe.Sizeof(application{})]byte{}

// A closelyFollowed is the queue of connections that are followed closely, oldest first: numbers of their records, and
// streams. Those that have been forgotten stay in it until they are in the way.
type closelyFollowed struct {
	queue slab.Queue
	live  int // of them, those that have not been forgotten
}

// follow begins to follow c closely, the record that is worked on. For it, the oldest beyond ShortAbove goes.
func (t *Table) follow(c *record) {
	if c.marks&(followed|unfollowed) != 0 {
		return
	}
	f := &t.follows
	if f.queue.N >= 2*f.live+256 {
		for range f.queue.N {
			if v := f.queue.Pop(); t.followedAt(v) != nil {
				f.queue.Push(v)
			}
		}
	}
	c.marks |= followed
	f.queue.Push(uint64(t.current)<<32 | uint64(c.stream))
	for f.live++; f.live > t.opts.ShortAbove; {
		if old := t.followedAt(f.queue.Pop()); old != nil {
			t.unfollow(old)
		}
	}
}

// followedAt returns the record of an entry of the queue, nil where it has been forgotten.
func (t *Table) followedAt(v uint64) *record {
	c := t.conns.At(uint32(v >> 32))
	if c.stream != uint32(v) || c.marks&followed == 0 {
		return nil
	}
	return c
}

// unfollow ends that c is followed closely. Of its timeline the end is left, and of its exchange nothing.
func (t *Table) unfollow(c *record) {
	c.marks = c.marks&^followed | unfollowed | applicationLost
	t.follows.live--
	t.stats.ExchangesLost++
	t.dropApplication(c)
	t.lines.shorten(c)
}

// dropApplication forgets what c's applications said.
func (t *Table) dropApplication(c *record) {
	if c.application != 0 {
		t.applications.At(c.application).state.Release(t.names)
		t.applications.Give(c.application)
		c.application = 0
	}
}

// applicationOf returns the application state of c, made on first use; nil where it is not followed.
func (t *Table) applicationOf(c *record) *application {
	if c.application != 0 {
		return t.applications.At(c.application)
	}
	if t.follow(c); c.marks&followed == 0 {
		return nil
	}
	c.application = t.applications.Take()
	k := t.applications.At(c.application)
	if c.marks&applicationLost != 0 {
		k.state.Lost(0, 1)
		k.state.Lost(1, 1)
	}
	return k
}

// exchangeOf returns what is known of c's exchange.
func (t *Table) exchangeOf(c *record) *exchange.State {
	if c.application != 0 {
		return &t.applications.At(c.application).state
	}
	state := &exchange.State{}
	if c.marks&applicationLost != 0 {
		state.Lost(0, 1)
		state.Lost(1, 1)
	}
	return state
}

// deliverData hands data of side, n bytes of which some may be captured, to the exchange.
func (t *Table) deliverData(c *record, side flows.Side, at stamp, captured []byte, n uint32) {
	k := t.applicationOf(c)
	if k == nil {
		return
	}
	if k.firstData[side].frame == 0 && c.marks&applicationLost == 0 {
		k.firstData[side] = at
	}
	k.state.Say(t.names, int(side), int(at.frame), int64(at.time()), captured, n)
	if t.names.HasFTPNotes() {
		notes := t.names.TakeFTPNotes()
		if notes[0].Kind == exchange.Session {
			t.related.takeovers.hear(t, c, &notes[0])
			return
		}
		t.related.transfers.hear(t, c, notes)
	}
}

// deliverGap tells the exchange that n bytes of side are missing.
func (t *Table) deliverGap(c *record, side flows.Side, n uint32) {
	if k := t.applicationOf(c); k != nil {
		k.state.Lost(int(side), n)
	}
}

// fitNames drops the strings that no exchange names any more, when there are many.
func (t *Table) fitNames() {
	if !t.names.Full() {
		return
	}
	t.names.Sweep(func(keep func(*exchange.State)) {
		for i := t.applications.Next(0); i != 0; i = t.applications.Next(i) {
			keep(&t.applications.At(i).state)
		}
		for i := t.closeStates.Next(0); i != 0; i = t.closeStates.Next(i) {
			keep(&t.closeStates.At(i).exchange)
		}
	})
}
