//go:build linux

package article

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

// A frame is a packet of the client's capture, as far as README and symptoms need it.
type frame struct {
	number, stream int
	time           time.Time
	fromClient     bool
	flags, data    int
	resent         bool
}

// resends counts the segments that were sent again.
func resends(frames []frame) int {
	n := 0
	for _, f := range frames {
		if f.resent {
			n++
		}
	}
	return n
}

const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagACK = 16
)

func framesOf(file string) ([]frame, error) {
	out, err := exec.Command("tshark", "-n", "-r", file, "-Y", "tcp && !icmp && !icmpv6",
		"-T", "fields", "-E", "separator=|", "-e", "frame.number", "-e", "tcp.stream",
		"-e", "frame.time_epoch", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.flags",
		"-e", "tcp.len", "-e", "tcp.analysis.retransmission").Output()
	if err != nil {
		return nil, fmt.Errorf("tshark %s: %w", file, err)
	}
	var all []frame
	initiator := map[int]string{} // stream → port of the client
	for _, l := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		v := strings.Split(l, "|")
		if len(v) < 8 {
			continue
		}
		num := func(i int) int {
			n, _ := strconv.ParseInt(v[i], 0, 64)
			return int(n)
		}
		sec, frac, _ := strings.Cut(v[2], ".")
		sn, _ := strconv.ParseInt(sec, 10, 64)
		ns, _ := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
		f := frame{number: num(0), stream: num(1), time: time.Unix(sn, ns), flags: num(5), data: num(6), resent: v[7] != ""}
		if initiator[f.stream] == "" {
			initiator[f.stream] = v[3]
		}
		f.fromClient = initiator[f.stream] == v[3]
		all = append(all, f)
	}
	return all, nil
}

// A turn is a performance with the packets of its connections.
type turn struct {
	*performance
	streams []int
	frames  map[int][]frame // by stream
}

// turns gives each performance the connections that began in its time.
func (s *Scene) turns(frames []frame) []turn {
	all := make([]turn, len(s.performances))
	owner := map[int]int{}
	for i, p := range s.performances {
		all[i] = turn{performance: p, frames: map[int][]frame{}}
	}
	for _, f := range frames {
		i, known := owner[f.stream]
		if !known {
			i = -1
			for j, p := range s.performances {
				if !f.time.Before(p.From) && f.time.Before(p.To) {
					i = j
				}
			}
			owner[f.stream] = i
			if i >= 0 {
				all[i].streams = append(all[i].streams, f.stream)
			}
		}
		if i >= 0 {
			all[i].frames[f.stream] = append(all[i].frames[f.stream], f)
		}
	}
	return all
}

// symptoms tells for each saying which RST belongs to it: the last one that the program received before
// it spoke; else the first of any side that followed.
func (s *Scene) symptoms(capture string, turns []turn) ([]Symptom, error) {
	var all []Symptom
	var unknown []error
	for _, t := range turns {
		var rsts []frame
		for _, st := range t.streams {
			for _, f := range t.frames[st] {
				if f.flags&flagRST != 0 {
					rsts = append(rsts, f)
				}
			}
		}
		slices.SortFunc(rsts, func(a, b frame) int { return a.number - b.number })
		from := t.From
		for _, said := range t.Said {
			y := Symptom{Experiment: s.exp.Name, Capture: capture, Program: t.Name, Setting: t.Setting, Version: t.Version,
				Words: said.Words, Result: said.Result, Errno: said.Errno, ErrnoName: errnoName(said.Errno), Situation: t.Situation}
			for _, f := range rsts {
				y.Frames = append(y.Frames, f.number)
				mine := f.fromClient != (s.exp.programsAt == "server")
				received := !mine && f.time.Before(said.At)
				if !f.time.Before(from) && (received || y.Frame == 0) {
					y.Frame, y.Role, y.Late = f.number, "receiver", !f.time.Before(said.At)
					if mine {
						y.Role = "sender"
					}
				}
			}
			if last := len(all) - 1; y.Frame == 0 && last >= 0 && all[last].Program == t.Name &&
				all[last].Situation == t.Situation && all[last].Setting == t.Setting {
				y.Frame, y.Role, y.Late = all[last].Frame, all[last].Role, all[last].Late // one event, told in several ways
			}
			if said.Words == "" && strings.HasPrefix(said.Result, "200") {
				y.Frame, y.Role, y.Late = 0, "", false // answered: no reset was behind it
			}
			if said.Words != "" {
				if y.Expect = expect(said.Words); y.Expect == "" {
					unknown = append(unknown, fmt.Errorf("%s said what no phrase of symptom.go covers: %q", t.Name, said.Words))
				}
			}
			from = said.At
			all = append(all, y)
		}
	}
	return all, errors.Join(unknown...)
}

func (s *Scene) readme(capture string, turns []turn, lines []truth.Line) string {
	label := map[int]truth.Line{}
	for _, l := range lines {
		if l.Path == capture {
			label[l.Frame] = l
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n**Made**: %s\n\n", s.exp.Name, s.exp.Title, oneLine(s.exp.Made))
	fmt.Fprintf(&b, "Client – router – server are network namespaces of one Linux kernel, %v round trip. client.pcapng "+
		"and server.pcapng are the same packets at both ends; "+
		"truth.jsonl holds the kernel's own reason for each RST, symptom.jsonl what the programs said. Frames below are "+
		"those of %s.\n\n", s.RTT(), capture)
	if s.exp.Notice != "" {
		fmt.Fprintf(&b, "**Notice**: %s\n", oneLine(s.exp.Notice))
	}
	for _, t := range turns {
		title := t.Version
		if t.Setting != "" {
			title += ", " + t.Setting
		}
		fmt.Fprintf(&b, "\n## %s", title)
		if t.Situation != s.exp.Title {
			fmt.Fprintf(&b, " — %s", t.Situation)
		}
		fmt.Fprintf(&b, "\n\n`%s`\n\n", t.CommandLine)
		for _, st := range t.streams {
			fmt.Fprintf(&b, "- stream %d: %s\n", st, story(t.frames[st], label))
		}
		for _, said := range t.Said {
			switch {
			case said.Words == "" && said.Result == "":
				fmt.Fprintf(&b, "\nSaid nothing.\n")
				continue
			case said.Words == "":
				fmt.Fprintf(&b, "\nAnswered: %s.\n", said.Result)
				continue
			}
			errno := ""
			if said.Errno != 0 {
				errno = fmt.Sprintf(" (errno %d, %s)", said.Errno, errnoName(said.Errno))
			}
			if said.Result != "" {
				errno += fmt.Sprintf("; its own client got: %s", said.Result)
			}
			fmt.Fprintf(&b, "\nSaid%s:\n\n```\n%s\n```\n", errno, said.Words)
		}
	}
	return b.String()
}

// story tells a connection's packets in a line: SYN, data, FINs and RSTs with their frames.
func story(frames []frame, label map[int]truth.Line) string {
	var parts []string
	var lastSide, count, first, last int
	flush := func() {
		if count == 0 {
			return
		}
		side := map[int]string{1: "client", 2: "server"}[lastSide]
		at := fmt.Sprintf("frame %d", first)
		if last != first {
			at = fmt.Sprintf("frames %d–%d", first, last)
		}
		parts = append(parts, fmt.Sprintf("%s sends %d bytes (%s)", side, count, at))
		count = 0
	}
	for _, f := range frames {
		side := 2
		who := "server"
		if f.fromClient {
			side, who = 1, "client"
		}
		if f.data > 0 && f.flags&flagRST == 0 {
			if side != lastSide {
				flush()
				first = f.number
			} else if count == 0 {
				first = f.number
			}
			lastSide, last = side, f.number
			count += f.data
		}
		switch {
		case f.flags&flagRST != 0:
			flush()
			l := label[f.number]
			kernel := ""
			if l.KernelReason != "" {
				kernel = fmt.Sprintf(" (kernel: %s in %s)", l.KernelReason, l.KernelState)
			}
			parts = append(parts, fmt.Sprintf("**%s RST frame %d%s: %s**", who, f.number, kernel, strings.TrimSuffix(l.Cause+
				", "+l.Detail, ", ")))
		case f.flags&flagSYN != 0 && f.flags&flagACK == 0:
			parts = append(parts, fmt.Sprintf("SYN frame %d", f.number))
		case f.flags&flagSYN != 0:
			parts = append(parts, fmt.Sprintf("SYN-ACK frame %d", f.number))
		case f.flags&flagFIN != 0:
			flush()
			parts = append(parts, fmt.Sprintf("%s FIN frame %d", who, f.number))
		}
	}
	flush()
	return strings.Join(parts, ", ")
}
