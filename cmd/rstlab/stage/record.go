//go:build linux

package stage

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/cmd/rstlab/ktrace"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

// A record is one running capture.
type record struct {
	point string // "client", "server", "router", "any", "snap"
	file  string
	cmd   *exec.Cmd
	log   *syncBuffer
	gone  chan struct{}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Points are the capture points of a stage: each host's eth0, the router's every interface at once, and
// the client's with a short snaplen.
var Points = []string{"client", "server", "router", "any", "snap"}

// PathPoints are the capture points of a stage with Path: each host's eth0, and the router's two interfaces.
var PathPoints = []string{"client", "router-in", "router-out", "server"}

// Record starts dumpcap at all points and returns when they capture.
func (s *Stage) Record() error {
	s.began = time.Now()
	points := Points
	if s.Path {
		points = PathPoints
		text, err := ktrace.OpenText(s.Clock)
		if err != nil {
			return err
		}
		s.path = text
		s.atEnd(text.Close)
	}
	if s.Loopback {
		points = []string{"client", "snap"}
	}
	for _, p := range points {
		h, dev, snap := s.Client, "eth0", 0
		switch p {
		case "server":
			h = s.Server
		case "router", "router-in":
			h = s.Router
		case "router-out":
			h, dev = s.Router, "eth1"
		case "any":
			h, dev = s.Router, "any"
		case "snap":
			snap = s.Snap
		}
		if s.Loopback {
			dev = "lo"
		}
		r, err := h.capture(p, dev, snap)
		if err != nil {
			return err
		}
		s.records = append(s.records, r)
	}
	for _, r := range s.records {
		for i := 0; !strings.Contains(r.log.String(), "File:"); i++ {
			select {
			case <-r.gone:
				return fmt.Errorf("dumpcap at %s: %s", r.point, r.log.String())
			default:
			}
			if i > 1000 {
				return fmt.Errorf("dumpcap at %s does not start: %s", r.point, r.log.String())
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

func (h *Host) capture(point, dev string, snap int) (*record, error) {
	r := &record{point: point, file: filepath.Join(h.stage.Dir, point+".raw"), log: &syncBuffer{},
		gone: make(chan struct{})}
	r.cmd = exec.Command("dumpcap", "-q", "-n", "-p", "-i", dev, "-s", strconv.Itoa(snap), "-w", r.file)
	r.cmd.Stderr = r.log
	if err := h.Start(r.cmd); err != nil {
		return nil, err
	}
	go func() { r.cmd.Wait(); close(r.gone) }()
	h.stage.atEnd(func() { r.cmd.Process.Kill(); <-r.gone })
	return r, nil
}

// stop ends all captures once their last packets are written.
func (s *Stage) stop() error {
	time.Sleep(s.RTT() + 50*time.Millisecond)
	for _, w := range []*wire.Wire{s.Near, s.Far} { // nothing new is to happen from now on
		if w == nil {
			continue
		}
		w.SetHook(func(wire.Dir, wire.Frame) wire.Verdict { return wire.Verdict{Drop: true} })
	}
	time.Sleep(600 * time.Millisecond) // dumpcap reads its ring in blocks of up to 250 ms
	for _, r := range s.records {
		r.cmd.Process.Signal(syscall.SIGINT)
	}
	for _, r := range s.records {
		<-r.gone
		if !noDrops(r.log.String()) {
			return fmt.Errorf("dumpcap at %s dropped packets: %s", r.point, r.log.String())
		}
	}
	return nil
}

// noDrops reads dumpcap's "Packets received/dropped on interface 'eth0': 37/0 (…)".
func noDrops(log string) bool {
	_, counts, ok := strings.Cut(log, "Packets received/dropped on interface")
	if !ok {
		return true
	}
	_, counts, _ = strings.Cut(counts, "/")
	return strings.HasPrefix(counts, "0")
}

// clean copies a capture without the notes that dumpcap makes about the machine. Packets, their times and
// the interface's name and link type stay as they are.
func clean(from string) ([]byte, int, error) {
	f, err := os.Open(from)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.NgReaderOptions{})
	if err != nil {
		return nil, 0, err
	}
	ifi, err := r.Interface(0)
	if err != nil {
		return nil, 0, err
	}
	var out bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&out, pcapgo.NgInterface{
		Name: ifi.Name, LinkType: ifi.LinkType, SnapLength: ifi.SnapLength, TimestampResolution: 9,
	}, pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{OS: "Linux", Application: "dumpcap"}})
	if err != nil {
		return nil, 0, err
	}
	n := 0
	for {
		data, ci, err := r.ReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", from, err)
		}
		ci.InterfaceIndex = 0
		if err := w.WritePacket(ci, data); err != nil {
			return nil, 0, err
		}
		n++
	}
	err = w.Flush()
	return out.Bytes(), n, err
}

// store writes a capture, compressed when it is more than a few kilobytes, and returns its file name.
func store(dir, name string, data []byte) (string, error) {
	if len(data) > 3<<10 {
		var z bytes.Buffer
		w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
		w.Write(data)
		w.Close()
		data, name = z.Bytes(), name+".gz"
	}
	return name, os.WriteFile(filepath.Join(dir, name), data, 0o644)
}
