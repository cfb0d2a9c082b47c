package report

import (
	"github.com/rstexplain/rstexplain/rules"
)

// A Comparison is the report on several captures of the same connections, made at several places of the path.
type Comparison struct {
	SchemaVersion int            `json:"schema_version"`
	Generator     string         `json:"generator"`
	Vantages      []VantagePoint `json:"vantages"` // as they were named
	Path          []string       `json:"path"`     // their names in the order in which packets of the originator pass them
	Connections   SharedConns    `json:"connections"`
	Stretches     []Stretch      `json:"stretches"`
	Resets        []SharedReset  `json:"resets"` // each RST once, in the order of time
	Warnings      []Warning      `json:"warnings"`
}

// A VantagePoint is one capture, or several files that are read as one, with the place where it was made.
type VantagePoint struct {
	Name string `json:"name"`
	Path string `json:"path"`

	// What its clock shows less what the first capture's shows, at Start; null if nothing tells.
	Offset *float64 `json:"offset_ms"`
	// half of the shortest round trip to the first, more where the clocks do not fit
	Uncertainty *float64 `json:"uncertainty_ms"`
	Drift       float64  `json:"drift_ppm"` // what its clock gains on the first

	Packets     int       `json:"packets"`
	TCPSegments int       `json:"tcp_segments"`
	Connections int       `json:"connections"`
	ResetCount  int       `json:"reset_count"` // RST segments
	Start       Time      `json:"first_time,omitempty"`
	End         Time      `json:"last_time,omitempty"`
	Partial     bool      `json:"partial"`
	Warnings    []Warning `json:"warnings"`
}

// SharedConns counts connections.
type SharedConns struct {
	Paired   int            `json:"paired"`   // in two captures or more
	Relayed  int            `json:"relayed"`  // pairs of them that carry the same request, with a proxy between them
	Doubtful int            `json:"doubtful"` // pairs that agree, but not better than others: they were not paired
	Only     map[string]int `json:"only_at"`  // in one capture alone
}

// A Stretch counts the packets that were sent along a part of the path, RSTs not counted.
type Stretch struct {
	From string `json:"from"`
	To   string `json:"to"`
	Sent int    `json:"sent"`
	Lost int    `json:"lost"`      // are in the capture at From, and not in that at To
	Data int    `json:"lost_data"` // of these, with data
}

// A PacketAt is a packet in one of the captures.
type PacketAt struct {
	At    string `json:"at"`
	Frame int    `json:"frame"`
}

// An AddressesAt are the addresses of a connection in a capture.
type AddressesAt struct {
	At         string `json:"at"`
	Originator string `json:"originator"`
	Responder  string `json:"responder"`
}

// A SharedReset is one RST segment in all captures that hold it. Frames of the Reset, and all that is said of them, are
// those of the capture At, which shows best why it was sent.
type SharedReset struct {
	Seen    []PacketAt    `json:"seen"`
	At      string        `json:"at"`
	Origin  rules.Origin  `json:"origin"`
	Proven  bool          `json:"proven"`               // the captures together prove Origin
	MadeAt  string        `json:"made_at"`              // "client", "between client and server", "beyond router", "unknown"
	Other   []AddressesAt `json:"translated,omitempty"` // where other captures have other addresses, as behind NAT
	Says    string        `json:"verdict"`              // what the captures together show, in a sentence or two
	Shows   []SharedClaim `json:"comparison"`
	Alone   []AloneView   `json:"alone"`             // what each capture says without the others
	Relayed []Relayed     `json:"relayed,omitempty"` // other connections that carry the same request
	Ladder  []Rung        `json:"ladder"`            // the packets around the RST, by the first capture's clock
	*Reset
}

// A Relayed is another connection that carries the same request: a proxy ended the one and passed the request on in the
// other. They are two connections, and a RST of one is none of the other.
type Relayed struct {
	At         string     `json:"at"` // where the other connection was captured
	Originator string     `json:"originator"`
	Responder  string     `json:"responder"`
	Here       PacketAt   `json:"here"`     // the request in the connection of the reset
	There      PacketAt   `json:"there"`    // the request in the other connection
	Evidence   []string   `json:"evidence"` // in what they agree
	Resets     []PacketAt `json:"resets"`   // RSTs of the other connection
}

// A SharedClaim is one statement about packets of several captures.
type SharedClaim struct {
	Claim    string     `json:"claim"`
	Frames   []PacketAt `json:"frames"`
	Not      string     `json:"not_at,omitempty"` // the vantage point that does not hold it
	Side     string     `json:"side,omitempty"`
	Text     string     `json:"text,omitempty"`
	Count    int        `json:"count,omitempty"`
	Number   int64      `json:"number,omitempty"`
	Expected int64      `json:"expected,omitempty"`
	Span     int64      `json:"span_ns,omitempty"`
	Need     int64      `json:"need_ns,omitempty"`
	Limited  bool       `json:"limited,omitempty"` // NotAt holds no packet of that time, and may not have run
	Says     string     `json:"says"`
}

// An AloneView is what one capture alone says of a RST.
type AloneView struct {
	At         string       `json:"at"`
	Frame      int          `json:"frame"`
	Cause      rules.Cause  `json:"cause"`
	Detail     string       `json:"detail"`
	Confidence float64      `json:"confidence"`
	Origin     rules.Origin `json:"origin"`
	Right      bool         `json:"right"`     // it agrees in cause and origin
	Open       bool         `json:"open"`      // it left the origin open
	Confirmed  bool         `json:"confirmed"` // it does, and the other captures prove the origin
	Why        string       `json:"why"`
}

// A Rung is one packet of a connection in all captures that hold it.
type Rung struct {
	Seen   []PacketAt `json:"seen"`
	Time   int64      `json:"time_ns"` // since the RST, by the first capture's clock, where it was seen first
	Last   int64      `json:"last_ns"` // where it was seen last
	Sender string     `json:"sender"`
	Flags  string     `json:"flags"`
	SEQ    uint32     `json:"seq"` // relative
	ACK    uint32     `json:"ack"`
	LEN    uint32     `json:"len"`
	TTLs   []int      `json:"ttl"`            // as seen
	Fate   string     `json:"fate,omitempty"` // "lost before server", "made behind client"
	Role   string     `json:"role,omitempty"` // "reset", "trigger"
}
