package analyzer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/pasted"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows"
)

// A pastedInput reads packets that a program printed, from text.
type pastedInput struct {
	from   *capture.ExportError
	reader *pasted.Reader
	done   bool
	err    error // why it was not read to its end
	ahead  *pasted.Item
	paste  int // of the packet before

	mu      sync.Mutex // resets ask for their lines while the text is being read
	lines   []uint32   // of each packet
	numbers []uint32   // of each packet, as the text numbers it; nil where it does not
	unknown []uint8    // flows.Fields of each packet
	pastes  []pasted.Paste
}

func (in *pastedInput) next(p *piece) error {
	if in.done {
		return io.EOF
	}
	s := &exported{}
	in.mu.Lock()
	defer in.mu.Unlock()
	for n := range exportPiece {
		it, err := in.item()
		if err != nil {
			in.done = true
			if !errors.Is(err, io.EOF) {
				in.err = err
			}
			break
		}
		if it.Paste != in.paste {
			if n > 0 {
				in.ahead = it
				break
			}
			in.paste, s.apart = it.Paste, true
		}
		in.pastes = in.reader.Pastes
		s.packets++
		in.lines = append(in.lines, uint32(it.Line))
		in.unknown = append(in.unknown, uint8(it.Segment.Unknown))
		if it.Number > 0 && in.numbers == nil {
			in.numbers = make([]uint32, len(in.lines)-1, cap(in.lines))
		}
		if in.numbers != nil {
			in.numbers = append(in.numbers, uint32(it.Number))
		}
		if it.ICMP {
			s.extend(int64(it.Note.Time))
			s.errors = append(s.errors, quotedError{len(s.list), it.Note})
			continue
		}
		s.extend(int64(it.Segment.Time))
		s.list = append(s.list, it.Segment)
	}
	p.export = s
	return nil
}

// item returns the next packet, which may have been looked at before.
func (in *pastedInput) item() (*pasted.Item, error) {
	if it := in.ahead; it != nil {
		in.ahead = nil
		return it, nil
	}
	return in.reader.Next()
}

func (in *pastedInput) frames() int      { return in.reader.Packets }
func (in *pastedInput) bytesRead() int64 { return in.from.Read() }
func (in *pastedInput) stop()            {}
func (in *pastedInput) close() error     { return in.from.Text.Close() }

// place adds to m in which lines its packets stand.
func (in *pastedInput) place(m *report.Reset) {
	if in == nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	m.SetSource(printed{in})
}

// lacking returns which fields of a packet are not known.
func (in *pastedInput) lacking(frame int) flows.Fields {
	in.mu.Lock()
	defer in.mu.Unlock()
	return printed{in}.Unknown(frame)
}

// firstDays is where the times end of packets of which the text shows no date.
const firstDays = report.Time(48 * time.Hour)

// finish adds the lines of what f tells.
func (in *pastedInput) finish(f *report.File) {
	if in == nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	f.SetSource(printed{in})
	if f.First < firstDays && f.Last >= firstDays { // one paste shows the time of the day, another a date
		f.First, f.Last = 0, 0
	}
	if len(in.pastes) > 1 {
		for _, p := range in.pastes {
			f.Pastes = append(f.Pastes, report.Paste{Frame: p.Packet, Line: p.Line, Heading: p.Heading})
		}
	}
}

// printed is what a text holds of its packets. Its mutex is held.
type printed struct{ *pastedInput }

func (p printed) known(frame int) bool { return frame >= 1 && frame <= len(p.lines) }

func (p printed) Line(frame int) int {
	if !p.known(frame) {
		return 0
	}
	return int(p.lines[frame-1])
}

func (p printed) Number(frame int) int {
	if !p.known(frame) || p.numbers == nil {
		return 0
	}
	return int(p.numbers[frame-1])
}

func (p printed) Unknown(frame int) flows.Fields {
	if !p.known(frame) {
		return 0
	}
	return flows.Fields(p.unknown[frame-1])
}

// Paste says nothing of the first one, which may be all that there is when its resets are explained.
func (p printed) Paste(frame int) int {
	n := 0
	for n < len(p.pastes) && p.pastes[n].Packet <= frame {
		n++
	}
	if n < 2 {
		return 0
	}
	return n
}

// pasteThis is the way to a text that says most.
const pasteThis = "paste what this prints: tcpdump -nn -tttt -S -v 'tcp and host X' (or give the capture itself: " +
	"tcpdump -w FILE)"

// tell says what the text is, what could not be read of it, and what it does not hold.
func (in *pastedInput) tell(f *report.File) {
	r := in.reader
	say := func(w report.Warning) { f.Warnings = append(f.Warnings, w) }
	if in.err != nil {
		say(report.Warning{Says: "the text could not be read to its end: " + in.err.Error(), Lost: true})
	}
	if r.Packets == 0 {
		f.Partial = true
		switch {
		case r.Left[pasted.Sockets].Count > 0:
			say(report.Warning{Says: "holds no packets: these are lines of ss or netstat, which list " +
				"sockets", Lost: true, Hint: pasteThis})
		case r.Left[pasted.Stream].Count > 0:
			say(report.Warning{Says: "holds no packets: this is what \"Follow stream\" shows, the data without " +
				"segments", Lost: true,
				Hint: "paste the packet list (tshark -r FILE), or " + pasteThis})
		case r.Left[pasted.RouterOS].Count > 0:
			say(report.Warning{Says: "holds no flags and no sequence numbers: RouterOS's sniffer does not " +
				"print them", Lost: true,
				Hint: "save the packets (/tool sniffer set file-name=out.pcap) and give that file, or " + pasteThis})
		case r.Left[pasted.Quiet].Count > 0:
			say(report.Warning{Says: "was printed by tcpdump -q, which leaves out flags and " +
				"numbers", Lost: true, Hint: pasteThis})
		case r.Left[pasted.OtherProtocol].Count > 0:
			say(report.Warning{Says: "holds no packets of TCP: others begin at line " +
				fmt.Sprint(r.Left[pasted.OtherProtocol].First), Lost: true, Hint: pasteThis})
		default:
			if why, ok := r.Unfit(); ok {
				say(report.Warning{Says: "shows nothing that can be explained, but " + why.String(), Lost: true, Hint: pasteThis})
				return
			}
			say(report.Warning{Says: "is text that shows no packets", Lost: true, Hint: pasteThis})
		}
		return
	}
	var styles []string
	for s := range r.Styles {
		styles = append(styles, string(s))
	}
	slices.Sort(styles)
	f.ReadAs = strings.Join(styles, ", ")
	say(report.Warning{Says: "this is text (" + f.ReadAs +
		") and no capture: what a line does not show is not known", Hint: "the capture itself says more"})
	for _, l := range [...]struct {
		field flows.Fields
		says  string
	}{
		{flows.FieldPayload, "segments whose data the text does not show: what the applications said is not known"},
		{flows.FieldTTL, "segments without TTL or hop limit: who sent a RST is harder to tell (tcpdump -v shows it)"},
		{flows.FieldIPID, "segments without IP ID"},
		{flows.FieldOptions, "segments whose TCP options the text does not show"},
		{flows.FieldWindow, "segments whose window the text does not show"},
		{flows.FieldTime, "segments without a time: what is said of durations rests on their order alone"},
	} {
		if n := r.Lacks[l.field]; n > 0 {
			say(report.Warning{Says: l.says, Count: n})
		}
	}
	for _, n := range r.Notes() {
		say(report.Warning{Says: n.Says, Count: n.Count, Line: n.Line})
	}
	for why, l := range r.Left {
		if l.Count > 0 {
			say(report.Warning{Says: pasted.Reason(why).String(), Count: l.Count, Line: l.First})
		}
	}
}
