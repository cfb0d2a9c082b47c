// Package report defines the model of a report and renders it as text, Markdown, HTML, JSON, JSON Lines, CSV and JUnit.
// Begin with one of the functions that return a [Renderer], such as [Text], and pass it to analyzer.Explain; [Replay]
// renders a report that was saved as JSON.
//
// The model is plain data, complete enough to render every format from the JSON alone. Resets pass through a Renderer
// one by one, so that memory does not grow with their number.
package report

import (
	"fmt"
	"strconv"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// SchemaVersion is the version of the JSON that docs/report.schema.json describes. It is incremented when a field is
// renamed, removed or changes its meaning, but not when fields are added.
const SchemaVersion = 2

// A Report is the whole report of one run. Renderers get it in pieces; it exists as a whole for programs that read the
// JSON.
type Report struct {
	SchemaVersion int    `json:"schema_version"`
	Generator     string `json:"generator"` // name and version of what wrote the report
	Files         []File `json:"files"`

	Incidents []Incident `json:"incidents"` // of all files, the worst first
	Total     Total      `json:"summary"`
}

// A File is one capture file: its resets and counts. Renderers get it at the end of the file, with Resets empty.
type File struct {
	Path   string  `json:"path"`
	Resets []Reset `json:"resets"`

	Packets     int   `json:"packets"`
	TCPSegments int   `json:"tcp_segments"` // copies and RSTs included
	Connections int   `json:"connections"`
	Bytes       int64 `json:"bytes"` // of the file as read, before decompression
	First       Time  `json:"first_time,omitempty"`
	Last        Time  `json:"last_time,omitempty"`

	ResetCount   int        `json:"reset_count"`
	FindingCount int        `json:"finding_count"` // resets less those that repeat an earlier one
	Severities   Severities `json:"findings_by_severity"`
	Summary      []CauseSum `json:"summary"` // the gravest first
	Partial      bool       `json:"partial"` // not read completely; a warning says why
	Warnings     []Warning  `json:"warnings"`
	Notes        []Evidence `json:"notes"` // other events: ICMP errors that refused a connection

	ReadAs string  `json:"read_as,omitempty"` // of a text: whose print it is, "tcpdump"
	Pastes []Paste `json:"pastes,omitempty"`  // of a text with several prints: each

	LeftOut int    `json:"left_out,omitempty"` // resets that were filtered out; no other count includes them
	Parts   []Part `json:"parts,omitempty"`    // the files that were read as one capture

	Kernel []KernelTrace `json:"kernel,omitempty"` // traces of kernels that were joined with it
}

// A Part is one of several files that were read as one capture. As in the output of mergecap, frame numbers continue
// from file to file, and packets of files that overlap are numbered in the order of their times.
type Part struct {
	Path    string `json:"path"`
	First   int    `json:"first_frame"` // number of its first frame in the whole
	Packets int    `json:"packets"`
}

// A Paste is one of several prints in a text. Each is a capture of its own.
type Paste struct {
	Frame   int    `json:"first_frame"` // number of its first packet among all of the text
	Line    int    `json:"first_line"`
	Heading string `json:"heading,omitempty"` // above it
}

// A CauseSum counts the resets of one cause and detail.
type CauseSum struct {
	Cause     rules.Cause    `json:"cause"`
	Detail    string         `json:"detail"`
	Severity  rules.Severity `json:"severity"` // the worst
	Resets    int            `json:"resets"`
	Findings  int            `json:"findings"`             // of these, the first of their event
	First     int            `json:"first_frame"`          // of the first reset
	FirstLine int            `json:"first_line,omitempty"` // of a text

	Severities Severities `json:"findings_by_severity"`
}

// A Warning describes what could not be read, or limits of what was read.
type Warning struct {
	Says   string `json:"says"`
	Lost   bool   `json:"lost"`             // a part of the file was not read for it
	Count  int    `json:"count,omitempty"`  // packets it concerns
	Frame  int    `json:"frame,omitempty"`  // first of them
	Line   int    `json:"line,omitempty"`   // of a text, the first of them
	Offset int64  `json:"offset,omitempty"` // byte offset in the uncompressed capture
	Hint   string `json:"hint,omitempty"`   // what to try
}

// String prints w in one line, without the hint.
func (w Warning) String() string {
	switch {
	case w.Count > 1 && w.Line > 0:
		return fmt.Sprintf("%s (%s of them, the first in line %d)", w.Says, thousands(w.Count), w.Line)
	case w.Line > 0:
		return fmt.Sprintf("%s (line %d)", w.Says, w.Line)
	case w.Count > 1 && w.Frame > 0:
		return fmt.Sprintf("%s (%s packets, the first is frame %d)", w.Says, thousands(w.Count), w.Frame)
	case w.Count == 1 && w.Frame > 0:
		return fmt.Sprintf("%s (frame %d)", w.Says, w.Frame)
	}
	return w.Says
}

// A Reset is one RST segment and why it was sent.
type Reset struct {
	Frame      int    `json:"frame"` // 1-based, as Wireshark numbers it
	Time       Time   `json:"time"`
	Relative   int64  `json:"time_relative_ns"` // since the first packet, Wireshark's frame.time_relative
	Stream     int    `json:"stream"`           // Wireshark's tcp.stream
	Originator string `json:"originator"`       // 192.0.2.1:443, [2001:db8::1]:443
	Responder  string `json:"responder"`
	Sender     string `json:"sender"` // "originator" or "responder"

	Incident int `json:"incident,omitempty"` // the ID of its Incident, or one of its Also; 0: not known

	Cause      rules.Cause    `json:"cause"`
	Detail     string         `json:"detail"`     // ID of the rule
	Title      string         `json:"title"`      // the rule in one line
	Confidence float64        `json:"confidence"` // probability that Cause is right, 0 to 1
	Severity   rules.Severity `json:"severity"`
	Origin     rules.Origin   `json:"origin"`     // who really sent it
	OriginWhy  []Evidence     `json:"origin_why"` // evidence for Origin

	Trigger      FrameRef      `json:"trigger_frame"` // the segment that the RST answers
	Alternatives []Alternative `json:"alternatives"`  // other causes that the packets leave open, most likely first
	Harm         string        `json:"harm"`          // whether it was harmless, in a sentence; "" for a repeat
	Summary      string        `json:"summary"`       // what happened, in a sentence or two
	Evidence     []Evidence    `json:"evidence"`      // for the cause
	Symptom      string        `json:"symptom"`       // what the receiving application most likely got
	Prints       []Print       `json:"prints"`        // what the likeliest programs printed, at most rules.MaxPrints
	MorePrints   int           `json:"more_prints"`   // further programs that "rstexplain rules ID" lists
	Remedy       string        `json:"remedy"`        // what to do
	CaptureNext  string        `json:"capture_next"`  // what to capture to decide between the alternatives
	Notes        []Evidence    `json:"notes"`         // worth knowing, but not about the cause
	Repeats      FrameRef      `json:"repeats_frame"` // the first reset of the same event

	// Where packets were read from text: the lines where these frames stand, the number that the text gives to the packet,
	// and of several pastes which one it is in.
	Number      int `json:"packet_number,omitempty"`
	Paste       int `json:"paste,omitempty"`
	Line        int `json:"line,omitempty"`
	TriggerLine int `json:"trigger_line,omitempty"`
	RepeatsLine int `json:"repeats_line,omitempty"`

	Phase   flows.Phase `json:"phase"` // how far the connection had come
	Form    string      `json:"form"`  // flows.Class: how the RST was generated, by its header fields
	Zeek    Zeek        `json:"zeek"`
	Conn    Conn        `json:"connection"`
	Segment Segment     `json:"segment"`
	Filter  string      `json:"filter"` // Wireshark display filter for exactly these packets

	// Before the RST, the RST itself, and what came after it. Empty for a repeat; and a repeat beyond the 100th of its
	// event has no more than frame, time, stream, sender, incident, cause, detail and repeats_frame.
	Timeline []Event `json:"timeline"`

	// If several files were read as one: those that contain these packets, the RST's file first.
	Places []Place `json:"places,omitempty"`

	Kernel *Kernel `json:"kernel,omitempty"` // with the trace of a kernel that has it, or should have

	// The reset of a live report before all is known that follows it; it comes once more then. Counts and incidents are
	// those of the resets that are not provisional.
	Provisional bool `json:"-"`
	// It came before as Provisional, and what followed has changed its finding or its incident.
	Revised bool `json:"revised,omitempty"`
	known   bool // it came before as Provisional, and nothing has changed

	made *room // memory to reuse, nil for a Clone
}

// A Place lists packets of a Reset in one of several files that were read as one.
type Place struct {
	Path   string `json:"path"`
	Frames []int  `json:"frames"` // numbered as in this file alone; in the RST's file the RST comes first
	Filter string `json:"filter"` // Wireshark display filter for these packets in this file
}

// Zeek is a connection in the notation of Zeek's conn.log, the RST included.
type Zeek struct {
	State   string `json:"conn_state"`
	History string `json:"history"`
}

// A Conn describes a connection, apart from its timeline.
type Conn struct {
	Incarnation  int      `json:"incarnation"`      // 0 for the first connection on these addresses and ports
	Packets      int      `json:"packets"`          // before the RST
	Protocol     string   `json:"protocol"`         // of the application, "" unknown
	HandshakeRTT int64    `json:"handshake_rtt_ns"` // 0: not measured
	Guessed      bool     `json:"roles_guessed"`    // no SYN was seen: who is the originator is a guess
	Bytes        [2]int64 `json:"bytes"`            // bytes of data sent by originator and responder
	SeqBase      [2]int64 `json:"seq_base"`         // add to a relative SEQ of this side, modulo 2^32
	Defects      []string `json:"defects"`          // faults of the capture that touch this connection
}

// A Segment has the header fields of a RST that support or weaken a verdict.
type Segment struct {
	Flags     string `json:"flags"`
	SEQ       uint32 `json:"seq_raw"`
	ACK       uint32 `json:"ack_raw"`
	WND       uint16 `json:"window"` // as sent, unscaled
	TTL       uint8  `json:"ttl"`
	IPID      uint16 `json:"ip_id"`
	HeaderLen uint8  `json:"header_length"`
	Payload   string `json:"payload"`    // text in the RST
	Accept    string `json:"acceptable"` // flows.Acceptability, at the receiver

	Unknown []string `json:"unknown,omitempty"` // fields that the source does not hold; most are left out in JSON
}

// Evidence is one checkable statement and the frames that show it.
type Evidence struct {
	Claim   string `json:"claim,omitempty"` // its kind, such as "reply-to"; "" if it is not a claim about packets
	Side    string `json:"side,omitempty"`  // the side that the claim is about
	Frames  []int  `json:"frames"`
	Stream  *int   `json:"stream,omitempty"` // if the frames belong to another connection
	From    int    `json:"from,omitempty"`   // frames between which something is absent
	Until   int    `json:"until,omitempty"`
	Limited bool   `json:"limited,omitempty"` // the capture could not have shown the opposite
	Values  Values `json:"values,omitzero"`
	Lines   []int  `json:"lines,omitempty"` // of a text, where the frames stand
	Says    string `json:"says"`
}

// Values are the values of a claim; rules/claim defines which of them a kind has and what they mean.
type Values struct {
	What     string `json:"what,omitempty"`
	Text     string `json:"text,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
	Of       int64  `json:"of,omitempty"`
	Count    int    `json:"count,omitempty"`
	Hosts    int    `json:"hosts,omitempty"`
	AtLeast  bool   `json:"at_least,omitempty"`
	Span     int64  `json:"span_ns,omitempty"`
	Every    int64  `json:"every_ns,omitempty"`
	Number   uint64 `json:"number,omitempty"`
	Expected uint64 `json:"expected,omitempty"`
}

// A Print is what a program most likely printed.
type Print struct {
	By      string `json:"by"` // "originator" or "responder"
	Program string `json:"program"`
	Says    string `json:"says"`
	Named   bool   `json:"named,omitempty"` // the bytes name the program or its protocol; otherwise it is only common
}

// An Alternative is another possible cause, and the evidence against it.
type Alternative struct {
	Cause      rules.Cause `json:"cause"`
	Detail     string      `json:"detail"`
	Confidence float64     `json:"confidence"` // its probability; with the Reset's at most 1
	WhyNot     string      `json:"why_not"`
}

// An Event is one line of a timeline. Pairs hold the originator's value and then the responder's.
type Event struct {
	Frame   int       `json:"frame"`
	Time    Time      `json:"time"`
	Sender  string    `json:"sender"`
	Flags   string    `json:"flags"` // "SYN, ACK"
	SEQ     uint32    `json:"seq"`   // relative to the sender's first sequence number
	ACK     uint32    `json:"ack"`   // relative to the peer's; 0 without the ACK flag
	LEN     uint32    `json:"len"`   // bytes of data
	WND     uint32    `json:"window"`
	From    [2]string `json:"from"` // states before the segment
	To      [2]string `json:"to"`   // and after it
	TTL     uint8     `json:"ttl"`
	IPID    uint16    `json:"ip_id"`
	Notes   []string  `json:"notes,omitempty"`
	Role    string    `json:"role,omitempty"` // "reset" or "trigger"
	Line    int       `json:"line,omitempty"` // of a text
	Number  int       `json:"packet_number,omitempty"`
	Unknown []string  `json:"unknown,omitempty"` // as of a Segment
	Skipped int       `json:"skipped,omitempty"` // events left out just before this one
}

// The roles of an Event.
const (
	RoleReset   = "reset"
	RoleTrigger = "trigger"
)

// A Renderer turns a report into one format, piece by piece.
//
// A *Reset, and everything it points to, is valid only until the call returns; use Clone to keep it. A *File is
// complete except for its Resets.
type Renderer interface {
	Begin(generator string) error
	BeginFile(path string) error
	Reset(*Reset) error
	EndFile(*File) error
	End() error
}

// A FrameRef is a frame number, or 0 for none, which is null in JSON.
type FrameRef int

// MarshalJSON writes 0 as null.
func (f FrameRef) MarshalJSON() ([]byte, error) { return f.append(nil), nil }

func (f FrameRef) append(b []byte) []byte {
	if f == 0 {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, int64(f), 10)
}

// A Time is a time in nanoseconds since the Unix epoch. In JSON it is RFC 3339 in UTC with nine digits, so that times
// align and sort as text.
type Time int64

const timeLayout = "2006-01-02T15:04:05.000000000Z"

// Std returns t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.Unix(0, int64(t)).UTC() }

// shown prints t with some digits of the second. A text may show the time of the day alone, in a zone that it does not
// name, or the time since its first packet: its packets are of the first days of 1970. With no times at all, all are 0.
func (t Time) shown(digits int) string {
	layout := "15:04:05.000000"[:8+digits+min(digits, 1)]
	switch {
	case t == 0:
		return "an unknown time"
	case t >= 0 && t < Time(48*time.Hour):
		return t.Std().Format(layout)
	}
	return t.Std().Format("2006-01-02 "+layout) + " UTC"
}

// MarshalJSON writes t as RFC 3339 with nanoseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.Std().AppendFormat(nil, `"`+timeLayout+`"`), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and any other RFC 3339 time.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	s, err := strconv.Unquote(string(b))
	if err != nil {
		return err
	}
	std, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return err
	}
	if std.Year() < 1823 || std.Year() > 2116 { // the differences of times must fit in 64 bits of nanoseconds
		return fmt.Errorf("not a time of a capture: %s", b)
	}
	*t = Time(std.UnixNano())
	return nil
}

// Verdict returns what a reader wants to know first: whether the reset was harmless, and what happened.
func (r *Reset) Verdict() string {
	if r.Harm == "" {
		return r.Summary
	}
	return r.Harm + " " + r.Summary
}
