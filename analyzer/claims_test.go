package analyzer

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// Every claim of a report can be checked at the frames that it cites: they exist, belong to the connection
// (or to the one named), and hold the numbers that the sentence quotes. The segments are decoded anew here,
// and nothing is taken from flows or rules but the words. A sentence with a number must have one of the
// shapes of claims_shapes_test.go, so that new wording needs a new check.
func TestClaims(t *testing.T) {
	captures := append(ruleCaptures(t), glob(t, "testdata/lab/captures/*/*.pcapng*", "testdata/article/*/*.pcapng*")...)
	if testing.Short() {
		captures = ruleCaptures(t)
	}
	for _, path := range captures {
		t.Run(title(path), func(t *testing.T) {
			t.Parallel()
			file := explain(t, path)
			if len(file.Resets) == 0 {
				return
			}
			w := witnessOf(t, path)
			for i := range file.Resets {
				for _, wrong := range w.check(&file.Resets[i]) {
					t.Errorf("frame %d: %s", file.Resets[i].Frame, wrong)
				}
			}
		})
	}
}

// A seen is a packet as the test decodes it.
type seen struct {
	flows.Segment
	stream int
	icmp   *flows.ICMPNote
}

// A witness has read a capture on its own.
type witness struct {
	frames map[int]*seen
	all    []*seen // in the order of the file
}

func witnessOf(t *testing.T, path string) *witness {
	t.Helper()
	r, err := capture.Open(path, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w := &witness{frames: map[int]*seen{}}
	streams := streamNumbers{last: map[string]*streamNumber{}}
	var d decode.Decoder
	for {
		var b capture.Batch
		if r.Next(&b) != nil {
			return w
		}
		for i := range b.Packets {
			var s flows.Segment
			switch d.Decode(&b.Packets[i], &s) {
			case decode.Segment:
				s.Payload = bytes.Clone(s.Payload)
				v := &seen{Segment: s, stream: streams.of(&s)}
				w.frames[s.Frame] = v
				w.all = append(w.all, v)
			case decode.ICMPError:
				note := d.Note
				w.frames[note.Frame] = &seen{Segment: flows.Segment{Frame: note.Frame, Time: note.Time}, stream: -1, icmp: &note}
			}
		}
		b.Release()
	}
}

// streamNumbers counts connections as Wireshark's tcp.stream does: a new one for each new pair of
// addresses and ports, and for each SYN on a known pair whose sequence number is not the first SYN's.
type streamNumbers struct {
	last map[string]*streamNumber
	next int
}

type streamNumber struct {
	number int
	iss    flows.Seq
	synned bool
}

func (n *streamNumbers) of(s *flows.Segment) int {
	a, b := s.Src.String(), s.Dst.String()
	key := min(a, b) + " " + max(a, b)
	k := n.last[key]
	opens := s.Flags&(flows.SYN|flows.ACK) == flows.SYN
	if k == nil || opens && k.synned && s.SEQ != k.iss || opens && !k.synned {
		k = &streamNumber{number: n.next}
		n.next++
		n.last[key] = k
	}
	if opens {
		k.iss, k.synned = s.SEQ, true
	}
	return k.number
}

// A claim is one sentence under test: what it says, the packets that it cites, and the RST that it is about.
type claim struct {
	w      *witness
	r      *report.Reset
	says   string
	cited  []*seen // in the order of the file
	reset  *seen
	all    []*seen  // all packets that any sentence about the RST cites, and the RST's trigger
	told   []string // the sentences that cite frames, for those that sum them up
	client bool     // of two sides: whether the RST's sender is the client
}

// check returns what is wrong with the sentences about r.
func (w *witness) check(r *report.Reset) (wrong []string) {
	base := claim{w: w, r: r, reset: w.frames[r.Frame], client: r.Sender == "originator"}
	if base.reset == nil {
		return []string{"the RST is not in the capture"}
	}
	if trigger := w.frames[int(r.Trigger)]; trigger != nil {
		base.all = append(base.all, trigger)
	}
	base.all = append(base.all, base.reset)
	var claims []claim
	for _, list := range [][]report.Evidence{r.Evidence, r.OriginWhy, r.Notes} {
		for _, e := range list {
			c := base
			c.says = e.Says
			for _, n := range e.Frames {
				v := w.frames[n]
				if v == nil {
					wrong = append(wrong, fmt.Sprintf("%q cites frame %d, which is not there", e.Says, n))
					continue
				}
				if !c.belongs(v, e.Stream) {
					wrong = append(wrong, fmt.Sprintf("%q cites frame %d, which belongs to another connection", e.Says, n))
				}
				c.cited = append(c.cited, v)
				base.all = append(base.all, v)
			}
			base.told = append(base.told, e.Says)
			claims = append(claims, c)
		}
	}
	for _, c := range claims {
		c.all, c.told = base.all, base.told
		if err := c.judge(); err != nil {
			wrong = append(wrong, fmt.Sprintf("%q: %v", c.says, err))
		}
	}
	sums := []string{r.Summary}
	for _, a := range r.Alternatives {
		sums = append(sums, a.WhyNot)
	}
	for _, says := range sums {
		c := base
		c.says, c.cited = says, base.all
		if err := c.sumUp(); err != nil {
			wrong = append(wrong, fmt.Sprintf("%q: %v", says, err))
		}
	}
	return wrong
}

// belongs reports whether a cited packet is of the RST's connection, or of the stream named.
func (c *claim) belongs(v *seen, stream *int) bool {
	a, b := v.Src.String(), v.Dst.String()
	if v.icmp != nil {
		a, b = v.icmp.Src.String(), v.icmp.Dst.String()
	}
	same := a == c.r.Originator && b == c.r.Responder || b == c.r.Originator && a == c.r.Responder
	if stream == nil {
		return same && (v.icmp != nil || v.stream == c.reset.stream)
	}
	return v.stream == *stream && (!same || v.stream != c.reset.stream)
}

// A shape is the form of a sentence, and the check of what it says. In the pattern {W} is one of the two
// sides, {SPAN} a duration, {B} a number of octets, {N} a number, {X} a number in hexadecimal, {Q} a quotation
// in parentheses or nothing, {WHAT} a segment, {*} anything without a digit. The check gets them in order.
type shape struct {
	pattern string
	check   func(c *claim, arg []string) error
}

var placeholders = map[string]string{
	"{W}":    `[Tt]he (client|server)`,
	"{SPAN}": `([0-9.]+ (?:µs|ms|s|min|h|days))`,
	"{B}":    `([0-9.]+ (?:bytes?|kB|MB|GB))`,
	"{N}":    `([0-9]+)`,
	"{X}":    `(0x[0-9a-f]{4})`,
	"{Q}":    `( \((?:[^()]|\([^()]*\))*\))?`,
	"{WHAT}": `([Tt]he (?:client|server)'s (?:resent )?(?:data \([^()]*\)(?: and FIN)?|SYN-ACK|SYN|FIN|ACK|keep-alive probe|window probe|challenge ACK|segment without ACK))`,
	"{*}":    `([^0-9]*)`,
	"{S}":    `s?`,
	"{MAC}":  `([0-9a-f:]{17})`,
	"{ANY}":  `(.*)`,
}

// A compiledShape is a shape whose pattern has become an expression.
type compiledShape struct {
	shape
	re *regexp.Regexp
}

var evidenceShapes = compileShapes(shapesOfEvidence)

func compileShapes(list []shape) (out []compiledShape) {
	piece := regexp.MustCompile(`\{[A-Z*]+\}|[^{}]+`)
	for _, s := range list {
		var b strings.Builder
		for _, p := range piece.FindAllString(s.pattern, -1) {
			if e, ok := placeholders[p]; ok {
				b.WriteString(e)
			} else {
				b.WriteString(regexp.QuoteMeta(p))
			}
		}
		out = append(out, compiledShape{s, regexp.MustCompile("^" + b.String() + "$")})
	}
	return out
}

var sectionNumber = regexp.MustCompile(`RFC [0-9]+ §[0-9.]+`)

// judge finds the shape of the sentence and lets it check the numbers.
func (c *claim) judge() (err error) {
	defer func() {
		if len(c.cited) == 0 && recover() != nil {
			err = fmt.Errorf("it cites no frame")
		}
	}()
	for _, s := range evidenceShapes {
		if m := s.re.FindStringSubmatch(c.says); m != nil {
			if s.check == nil {
				return nil
			}
			return s.check(c, m[1:])
		}
	}
	if strings.ContainsAny(sectionNumber.ReplaceAllString(c.says, ""), "0123456789") {
		return fmt.Errorf("it quotes a number, and no shape in claims_shapes_test.go covers it")
	}
	return nil
}

var (
	quotation = regexp.MustCompile(` \((?:[^()]|\([^()]*\))*\)`)
	quantity  = regexp.MustCompile(`(port |frame |TLS |TLSv|HTTP/)?([0-9][0-9.]*)( (?:µs|ms|s|min|h|days|bytes?|kB|MB|GB))?\b`)
)

// sumUp checks a sentence that cites no frames of its own: what it quotes must be in a sentence that does,
// or follow from the frames that those cite.
func (c *claim) sumUp() error {
	told := strings.Join(c.told, "\n")
	says := quotation.ReplaceAllStringFunc(sectionNumber.ReplaceAllString(c.says, ""), func(q string) string {
		if strings.Contains(told, strings.TrimPrefix(q, " (last: ")) || strings.Contains(told, q) {
			return ""
		}
		return q
	})
	for _, m := range quantity.FindAllStringSubmatch(says, -1) {
		what, n, unit := m[1], strings.TrimSuffix(m[2], "."), m[3]
		number, _ := strconv.Atoi(n)
		ok := regexp.MustCompile(`(^|[^0-9.])` + regexp.QuoteMeta(n+unit) + `($|[^0-9.]|\.($|[^0-9]))`).MatchString(told)
		switch {
		case what == "port ":
			ok = c.reset.Src.Port == uint16(number) || c.reset.Dst.Port == uint16(number)
		case what == "frame ":
			ok = number == int(c.r.Repeats) || slices.ContainsFunc(c.all, func(v *seen) bool { return v.Frame == number })
		case ok:
		case strings.HasSuffix(unit, "B") || strings.HasPrefix(unit, " byte"):
			ok = slices.ContainsFunc(c.all, func(v *seen) bool { return octetsAre(n+unit, int64(v.DataLen)) == nil })
		case unit != "":
			ok = c.someGap(n+unit, c.all) == nil
		}
		if !ok {
			return fmt.Errorf("%q is in no sentence of the evidence and follows from no frame that it cites", what+n+unit)
		}
	}
	return nil
}

// someGap checks that two of the packets are so far apart.
func (c *claim) someGap(span string, among []*seen) error {
	for _, a := range among {
		for _, b := range among {
			if spanIs(span, b.Time.Sub(a.Time)) == nil {
				return nil
			}
		}
	}
	return fmt.Errorf("no two of the cited frames are %s apart", span)
}

// spanIs checks a duration in words, to half a unit of its last digit.
func spanIs(span string, d time.Duration) error {
	n, unit, _ := strings.Cut(span, " ")
	v, err := strconv.ParseFloat(n, 64)
	units := map[string]time.Duration{"µs": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour, "days": 24 * time.Hour}
	if err != nil || units[unit] == 0 {
		return fmt.Errorf("%q is no duration", span)
	}
	half := 0.5
	if strings.Contains(n, ".") {
		half = 0.05
	}
	if unit == "µs" {
		half = 1 // cut off, not rounded
	}
	if diff := float64(d)/float64(units[unit]) - v; diff > half+1e-9 || diff < -half-1e-9 {
		return fmt.Errorf("%s is said, %v is true", span, d)
	}
	return nil
}

// octetsAre checks a number of octets in words.
func octetsAre(said string, n int64) error {
	num, unit, _ := strings.Cut(said, " ")
	v, err := strconv.ParseFloat(num, 64)
	if err != nil {
		return err
	}
	scale, half := 1.0, 0.0
	switch unit {
	case "kB":
		scale, half = 1e3, 0.5
	case "MB":
		scale, half = 1e6, 0.05
	case "GB":
		scale, half = 1e9, 0.05
	}
	if diff := float64(n)/scale - v; diff > half+1e-9 || diff < -half-1e-9 {
		return fmt.Errorf("%s are said, %d are true", said, n)
	}
	return nil
}
