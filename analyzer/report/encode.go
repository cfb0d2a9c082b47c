package report

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// An encoder appends the model as JSON. It is written by hand because timelines are most of what a run writes, and
// encoding/json takes several times as long. A test compares the output of both.
type encoder struct {
	buf []byte

	// The date and time of second sec, which the events of one timeline mostly share.
	sec    int64
	prefix []byte
}

func (e *encoder) reset(b []byte, r *Reset) []byte {
	b = append(b, `{"frame":`...)
	b = strconv.AppendInt(b, int64(r.Frame), 10)
	b = append(b, `,"time":`...)
	b = e.time(b, r.Time)
	if r.shortened() {
		return appendShortened(b, r)
	}
	b = appendInt(b, `,"time_relative_ns":`, r.Relative)
	b = appendInt(b, `,"stream":`, r.Stream)
	b = appendField(b, `,"originator":`, r.Originator)
	b = appendField(b, `,"responder":`, r.Responder)
	b = appendField(b, `,"sender":`, r.Sender)
	b = appendIncident(b, r)
	b = appendField(b, `,"cause":`, string(r.Cause))
	b = appendField(b, `,"detail":`, r.Detail)
	b = appendField(b, `,"title":`, r.Title)
	b = append(b, `,"confidence":`...)
	b = appendFloat(b, r.Confidence)
	b = appendField(b, `,"severity":`, string(r.Severity))
	b = appendField(b, `,"origin":`, string(r.Origin))
	b = append(b, `,"origin_why":`...)
	b = appendEvidence(b, r.OriginWhy)
	b = append(b, `,"trigger_frame":`...)
	b = r.Trigger.append(b)
	b = append(b, `,"alternatives":[`...)
	for i := range r.Alternatives {
		a := &r.Alternatives[i]
		b = appendComma(b, i)
		b = appendField(b, `{"cause":`, string(a.Cause))
		b = appendField(b, `,"detail":`, a.Detail)
		b = append(b, `,"confidence":`...)
		b = appendFloat(b, a.Confidence)
		b = appendField(b, `,"why_not":`, a.WhyNot)
		b = append(b, '}')
	}
	b = appendField(b, `],"harm":`, r.Harm)
	b = appendField(b, `,"summary":`, r.Summary)
	b = append(b, `,"evidence":`...)
	b = appendEvidence(b, r.Evidence)
	b = appendField(b, `,"symptom":`, r.Symptom)
	b = append(b, `,"prints":[`...)
	for i := range r.Prints {
		b = appendComma(b, i)
		b = appendField(b, `{"by":`, r.Prints[i].By)
		b = appendField(b, `,"program":`, r.Prints[i].Program)
		b = appendField(b, `,"says":`, r.Prints[i].Says)
		if r.Prints[i].Named {
			b = append(b, `,"named":true`...)
		}
		b = append(b, '}')
	}
	b = appendInt(b, `],"more_prints":`, r.MorePrints)
	b = appendField(b, `,"remedy":`, r.Remedy)
	b = appendField(b, `,"capture_next":`, r.CaptureNext)
	b = append(b, `,"notes":`...)
	b = appendEvidence(b, r.Notes)
	b = append(b, `,"repeats_frame":`...)
	b = r.Repeats.append(b)
	b = appendLine(b, `,"packet_number":`, r.Number)
	b = appendLine(b, `,"paste":`, r.Paste)
	b = appendLine(b, `,"line":`, r.Line)
	b = appendLine(b, `,"trigger_line":`, r.TriggerLine)
	b = appendLine(b, `,"repeats_line":`, r.RepeatsLine)
	b = appendField(b, `,"phase":`, string(r.Phase))
	b = appendField(b, `,"form":`, r.Form)
	b = appendField(b, `,"zeek":{"conn_state":`, r.Zeek.State)
	b = appendField(b, `,"history":`, r.Zeek.History)
	b = append(b, '}')
	b = appendConn(b, &r.Conn)
	b = appendSegment(b, &r.Segment)
	b = appendField(b, `,"filter":`, r.Filter)
	b = append(b, `,"timeline":[`...)
	for i := range r.Timeline {
		b = appendComma(b, i)
		b = e.event(b, &r.Timeline[i])
	}
	b = append(b, ']')
	for i := range r.Places {
		p := &r.Places[i]
		if i == 0 {
			b = append(b, `,"places":[`...)
		}
		b = appendComma(b, i)
		b = appendField(b, `{"path":`, p.Path)
		b = append(b, `,"frames":`...)
		b = appendInts(b, p.Frames)
		b = appendField(b, `,"filter":`, p.Filter)
		b = append(b, '}')
	}
	if len(r.Places) > 0 {
		b = append(b, ']')
	}
	if r.Kernel != nil {
		b = e.kernel(b, r.Kernel)
	}
	return append(b, '}')
}

func appendIncident(b []byte, r *Reset) []byte {
	if r.Incident != 0 {
		b = appendInt(b, `,"incident":`, r.Incident)
	}
	if r.Revised {
		b = append(b, `,"revised":true`...)
	}
	return b
}

// appendShortened appends what else a shortened repeat has.
func appendShortened(b []byte, r *Reset) []byte {
	b = appendInt(b, `,"stream":`, r.Stream)
	b = appendField(b, `,"sender":`, r.Sender)
	b = appendIncident(b, r)
	b = appendField(b, `,"cause":`, string(r.Cause))
	b = appendField(b, `,"detail":`, r.Detail)
	b = appendInt(b, `,"repeats_frame":`, int(r.Repeats))
	b = appendLine(b, `,"line":`, r.Line)
	b = appendLine(b, `,"repeats_line":`, r.RepeatsLine)
	return append(b, '}')
}

func appendConn(b []byte, c *Conn) []byte {
	b = appendInt(b, `,"connection":{"incarnation":`, c.Incarnation)
	b = appendInt(b, `,"packets":`, c.Packets)
	b = appendField(b, `,"protocol":`, c.Protocol)
	b = appendInt(b, `,"handshake_rtt_ns":`, c.HandshakeRTT)
	b = append(b, `,"roles_guessed":`...)
	b = strconv.AppendBool(b, c.Guessed)
	b = appendInt(b, `,"bytes":[`, c.Bytes[0])
	b = appendInt(b, `,`, c.Bytes[1])
	b = appendInt(b, `],"seq_base":[`, c.SeqBase[0])
	b = appendInt(b, `,`, c.SeqBase[1])
	b = append(b, `],"defects":`...)
	b = appendStrings(b, c.Defects)
	return append(b, '}')
}

func appendSegment(b []byte, s *Segment) []byte {
	b = appendField(b, `,"segment":{"flags":`, s.Flags)
	b = appendInt(b, `,"seq_raw":`, s.SEQ)
	b = appendInt(b, `,"ack_raw":`, s.ACK)
	b = appendKnown(b, `,"window":`, s.WND, s.Unknown, lacksWindow)
	b = appendKnown(b, `,"ttl":`, s.TTL, s.Unknown, lacksTTL)
	b = appendKnown(b, `,"ip_id":`, s.IPID, s.Unknown, lacksIPID)
	b = appendKnown(b, `,"header_length":`, s.HeaderLen, s.Unknown, lacksOptions)
	if !slices.Contains(s.Unknown, lacksPayload) {
		b = appendField(b, `,"payload":`, s.Payload)
	}
	b = appendField(b, `,"acceptable":`, s.Accept)
	b = appendUnknown(b, s.Unknown)
	return append(b, '}')
}

func (e *encoder) event(b []byte, v *Event) []byte {
	b = appendInt(b, `{"frame":`, v.Frame)
	b = append(b, `,"time":`...)
	b = e.time(b, v.Time)
	b = appendField(b, `,"sender":`, v.Sender)
	b = appendField(b, `,"flags":`, v.Flags)
	b = appendInt(b, `,"seq":`, v.SEQ)
	b = appendInt(b, `,"ack":`, v.ACK)
	b = appendInt(b, `,"len":`, v.LEN)
	b = appendKnown(b, `,"window":`, v.WND, v.Unknown, lacksWindow)
	b = appendField(b, `,"from":[`, v.From[0])
	b = appendField(b, `,`, v.From[1])
	b = appendField(b, `],"to":[`, v.To[0])
	b = appendField(b, `,`, v.To[1])
	b = append(b, ']')
	b = appendKnown(b, `,"ttl":`, v.TTL, v.Unknown, lacksTTL)
	b = appendKnown(b, `,"ip_id":`, v.IPID, v.Unknown, lacksIPID)
	if len(v.Notes) > 0 {
		b = append(b, `,"notes":`...)
		b = appendStrings(b, v.Notes)
	}
	if v.Role != "" {
		b = appendField(b, `,"role":`, v.Role)
	}
	b = appendLine(b, `,"line":`, v.Line)
	b = appendLine(b, `,"packet_number":`, v.Number)
	b = appendUnknown(b, v.Unknown)
	if v.Skipped != 0 {
		b = appendInt(b, `,"skipped":`, v.Skipped)
	}
	return append(b, '}')
}

// fileTail appends all of f after its resets. It is written once a file, so encoding/json does it.
func (e *encoder) fileTail(b []byte, f *File) []byte {
	head := *f
	head.Path, head.Resets = "", []Reset{}
	tail, err := marshal(&head)
	if err != nil { // the model holds nothing that encoding/json refuses
		panic(err)
	}
	const skip = len(`{"path":"","resets":[],`)
	return append(b, tail[skip:]...)
}

func marshal(v any) ([]byte, error) {
	var b buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return escapeControls(b[:len(b)-1]), nil // Encode ends with a newline
}

// escapeControls escapes DEL and the C1 control characters, which a terminal interprets and encoding/json does not
// escape.
func escapeControls(b []byte) []byte {
	from := 0
	var out []byte
	for i := 0; i < len(b); i++ {
		size, c := 1, b[i]
		switch {
		case c == 0x7f:
		case c == 0xc2 && i+1 < len(b) && b[i+1] < 0xa0: // UTF-8 of U+0080 to U+009F
			size, c = 2, b[i+1]
		default:
			continue
		}
		out = append(out, b[from:i]...)
		out = fmt.Appendf(out, "\\u%04x", c)
		from = i + size
		i = from - 1
	}
	if from == 0 {
		return b
	}
	return append(out, b[from:]...)
}

type buffer []byte

func (b *buffer) Write(p []byte) (int, error) { *b = append(*b, p...); return len(p), nil }

// appendLine appends the number of a line of text, if there is one.
func appendLine(b []byte, name string, line int) []byte {
	if line == 0 {
		return b
	}
	return appendInt(b, name, line)
}

func appendEvidence(b []byte, ev []Evidence) []byte {
	b = append(b, '[')
	for i := range ev {
		b = appendComma(b, i)
		e := &ev[i]
		b = append(b, '{')
		if e.Claim != "" {
			b = append(appendString(append(b, `"claim":`...), e.Claim), ',')
		}
		if e.Side != "" {
			b = append(appendString(append(b, `"side":`...), e.Side), ',')
		}
		b = appendInts(append(b, `"frames":`...), e.Frames)
		if e.Stream != nil {
			b = appendInt(b, `,"stream":`, *e.Stream)
		}
		if e.From != 0 {
			b = appendInt(b, `,"from":`, e.From)
		}
		if e.Until != 0 {
			b = appendInt(b, `,"until":`, e.Until)
		}
		if e.Limited {
			b = append(b, `,"limited":true`...)
		}
		b = e.Values.append(b)
		if len(e.Lines) > 0 {
			b = appendInts(append(b, `,"lines":`...), e.Lines)
		}
		b = appendField(b, `,"says":`, e.Says)
		b = append(b, '}')
	}
	return append(b, ']')
}

// append appends the values that are not zero.
func (v *Values) append(b []byte) []byte {
	if *v == (Values{}) {
		return b
	}
	b = append(b, `,"values":{`...)
	start := len(b)
	name := func(key string) {
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), key...), `":`...)
	}
	text := func(key, s string) {
		if s != "" {
			name(key)
			b = appendString(b, s)
		}
	}
	number := func(key string, n int64) {
		if n != 0 {
			name(key)
			b = strconv.AppendInt(b, n, 10)
		}
	}
	text("what", v.What)
	text("text", v.Text)
	number("bytes", v.Bytes)
	number("of", v.Of)
	number("count", int64(v.Count))
	number("hosts", int64(v.Hosts))
	if v.AtLeast {
		name("at_least")
		b = append(b, "true"...)
	}
	number("span_ns", v.Span)
	number("every_ns", v.Every)
	number("number", int64(v.Number))
	number("expected", int64(v.Expected))
	return append(b, '}')
}

func appendInts(b []byte, list []int) []byte {
	b = append(b, '[')
	for i, n := range list {
		b = appendComma(b, i)
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return append(b, ']')
}

func appendStrings(b []byte, ss []string) []byte {
	b = append(b, '[')
	for i, s := range ss {
		b = appendComma(b, i)
		b = appendString(b, s)
	}
	return append(b, ']')
}

func appendField(b []byte, key, s string) []byte { return appendString(append(b, key...), s) }

func appendInt[T int | int64 | uint8 | uint16 | uint32](b []byte, key string, n T) []byte {
	return strconv.AppendInt(append(b, key...), int64(n), 10)
}

// appendFloat writes a probability as encoding/json does. Values that JSON cannot hold become 0.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	if abs := math.Abs(f); abs != 0 && abs < 1e-6 {
		s, _ := json.Marshal(f)
		return append(b, s...)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// appendString writes s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	start := len(b)
	b = append(b, '"')
	done := 0 // s[:done] is written
	for i := verbatim(s); i < len(s); i += verbatim(s[i:]) {
		if c := s[i]; c == '"' || c == '\\' {
			b = append(append(b, s[done:i]...), '\\')
			done = i
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || r == '\u2028' || r == '\u2029' || r < ' ' || r >= 0x7f && r < 0xa0 {
			q, _ := marshal(s) // rare: let the library decide how to write it
			return append(b[:start], q...)
		}
		i += size
	}
	return append(append(b, s[done:]...), '"')
}

// verbatim returns how many bytes at the beginning of s JSON writes as they are: ASCII but for quotes, backslashes
// and control characters. It looks at eight bytes at a time, because strings are most of a report.
func verbatim(s string) int {
	b := []byte(s) // not copied: nothing writes to it
	i := 0
	for ; i+8 <= len(b) && allVerbatim(binary.LittleEndian.Uint64(b[i:])); i += 8 {
	}
	if len(b)-i < 8 && len(b) >= 8 && allVerbatim(binary.LittleEndian.Uint64(b[len(b)-8:])) {
		return len(b)
	}
	for i < len(b) && isVerbatim[b[i]] {
		i++
	}
	return i
}

// allVerbatim reports whether all eight bytes of x are verbatim. One of four words has the highest bit set in the first
// byte that is not; later bytes may have it set by a borrow.
func allVerbatim(x uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	return (x|(x-' '*ones)|((x^'"'*ones)-ones)|((x^'\\'*ones)-ones)|((x^0x7f*ones)-ones))&high == 0
}

// isVerbatim has an entry for each byte.
var isVerbatim = func() (is [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		is[c] = c != '"' && c != '\\' && c != 0x7f
	}
	return is
}()

// time writes t as Time.MarshalJSON does.
func (e *encoder) time(b []byte, t Time) []byte {
	sec, nsec := int64(t)/1e9, int64(t)%1e9
	if nsec < 0 {
		sec, nsec = sec-1, nsec+1e9
	}
	if sec != e.sec || e.prefix == nil {
		e.sec = sec
		e.prefix = time.Unix(sec, 0).UTC().AppendFormat(e.prefix[:0], "\"2006-01-02T15:04:05.")
	}
	b = append(b, e.prefix...)
	var digits [9]byte
	n := uint32(nsec) // cheaper to divide
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	b = append(b, digits[:]...)
	return append(b, 'Z', '"')
}
