// Package kernel reads what a host's kernel recorded of its TCP, and joins it with the resets of a capture: the kernel
// knows why it sent a RST, where packets only show that it did.
//
// Begin with [Open], which recognises the format by its content: the text of tracefs, trace-cmd, perf, bpftrace, the
// tools of bcc, retis and pwru, and the counters of nstat and ss. Then give each reset to a [Join].
package kernel

import (
	"github.com/rstexplain/rstexplain/flows"
)

// A Kind is what an Event tells of.
type Kind uint8

// The kinds.
const (
	SendReset    Kind = iota // tcp:tcp_send_reset: the host sends a RST
	ReceiveReset             // tcp:tcp_receive_reset: a socket of the host accepts one
	Retransmit               // tcp:tcp_retransmit_skb
	SetState                 // sock:inet_sock_set_state
	Drop                     // skb:kfree_skb with a reason
	numKinds
)

// String returns the name of the tracepoint.
func (k Kind) String() string {
	return [...]string{"tcp_send_reset", "tcp_receive_reset", "tcp_retransmit_skb", "inet_sock_set_state", "kfree_skb"}[k]
}

// An Event is one thing that the kernel recorded.
type Event struct {
	Kind Kind
	Time int64 // in nanoseconds of the record's own clock
	// Src and Dst are those of the RST for SendReset, of the packet for Drop, and of the local socket and its peer for
	// the other kinds. Dst is zero where a listening socket sent a RST: it has no peer.
	Src, Dst flows.Addr
	State    string // of the socket, as the kernel names it without TCP_: "CLOSE"; after a SetState
	Old      string // before a SetState
	Reason   string // of a SendReset, enum sk_rst_reason; of a Drop, enum skb_drop_reason
	Program  string // on the processor at that moment: seldom the one that is concerned
	Line     int
}

// Timed reports whether the record tells when the event was.
func (e *Event) Timed() bool { return e.Time != untimed }

const untimed = -1 << 63

// What a Record holds at most. What is beyond is counted.
const (
	maxResets   = 1 << 17 // SendReset and ReceiveReset
	maxOthers   = 1 << 17
	maxReasons  = 256
	maxSockets  = 1 << 12
	maxCounters = 1 << 10
	maxLine     = 64 << 10
	maxWord     = 64 // bytes of a name
)

// A Record is what one file says.
type Record struct {
	Path   string
	Name   string // of the host, "" where the user gave none
	Format string // "tracefs trace", "perf script", …

	Lines      int // without those that are empty or comments
	Unknown    int // lines that say nothing known
	FirstWrong int // the first of them
	Other      int // events of other tracepoints
	Lost       int // events that the kernel says it lost
	LeftOut    int // events beyond what is kept

	Events   []Event
	Drops    map[string]int // by reason, those without addresses included
	Counters []Counter
	Sockets  []Socket

	most       int   // events that are kept
	at         int   // line that is being read
	resolution int64 // of the clock, in nanoseconds
	resets     int
	reasons    bool // a SendReset has a reason
	names      map[string]string
	open       map[string]int // SetState events whose local port is not known yet, by the address of their socket
}

// A Counter is one of the host's counters.
type Counter struct {
	Name  string
	Value int64
}

// A Socket is what ss printed of one.
type Socket struct {
	State         string
	Local, Peer   flows.Addr
	RecvQ, SendQ  int64  // bytes unread and unacknowledged; of a listening socket, connections waiting, and how many may
	Retrans       string // "2/7": in flight again, and in all
	Unacked, Lost int64
}

// Stamped reports whether the record has events that tell when they were.
func (r *Record) Stamped() bool {
	for i := range r.Events {
		if r.Events[i].Timed() {
			return true
		}
	}
	return false
}

// add keeps an event.
func (r *Record) add(e Event) {
	switch {
	case e.Kind <= ReceiveReset && r.resets < min(maxResets, r.most/2):
		r.resets++
	case e.Kind > ReceiveReset && len(r.Events)-r.resets < min(maxOthers, r.most/2):
	default:
		r.LeftOut++
		return
	}
	r.reasons = r.reasons || e.Kind == SendReset && e.Reason != ""
	e.Line = max(r.at, 1)
	r.Events = append(r.Events, e)
}

// drop counts a dropped packet.
func (r *Record) drop(reason string) {
	if r.Drops == nil {
		r.Drops = map[string]int{}
	}
	if _, known := r.Drops[reason]; known || len(r.Drops) < maxReasons {
		r.Drops[reason]++
	}
}

// word returns s as a string that all events share; not a name, "".
func (r *Record) word(s string) string {
	if len(s) > maxWord || s == "" {
		return ""
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			return ""
		}
	}
	if w, ok := r.names[s]; ok {
		return w
	}
	if r.names == nil {
		r.names = map[string]string{}
	}
	w := string([]byte(s))
	if len(r.names) < 1<<12 {
		r.names[w] = w
	}
	return w
}
