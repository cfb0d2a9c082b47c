package analyzer

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/report"
	"github.com/rstexplain/rstexplain/flows/track"
)

// Captures that do not fit together: each is told, and nothing is invented.
func TestCompareBadInput(t *testing.T) {
	const lab = "../testdata/lab/captures/"
	client, server := lab+"forged-after-client-hello/client.pcapng", lab+"forged-after-client-hello/server.pcapng"
	other := lab + "client-timeout-1s-close/server.pcapng"
	for _, p := range []*string{&client, &server, &other} {
		if !exists(*p) {
			*p += ".gz"
		}
	}
	dayOff, _ := transformed(t, server, 1, clock(24*time.Hour, 0))
	for _, v := range []struct {
		name, a, b string
		says       string // of a warning
		paired     int
		proven     int // at most
	}{
		{"the same file twice", client, client, "seem to be one capture", 1, 0},
		{"wrong order", server, client, "another order", 1, 4},
		{"nothing shared", client, other, "share no connection", 0, 1},
		{"a clock a day off", client, dayOff, "24.0 h apart", 1, 4},
	} {
		t.Run(v.name, func(t *testing.T) {
			c, err := Compare(context.Background(), []VantagePoint{{"client", []string{v.a}}, {"server", []string{v.b}}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			told := false
			for _, w := range c.Warnings {
				told = told || strings.Contains(w.Says, v.says)
			}
			if !told {
				t.Errorf("no warning says %q: %+v", v.says, c.Warnings)
			}
			if c.Connections.Paired != v.paired {
				t.Errorf("%d connections are paired, not %d", c.Connections.Paired, v.paired)
			}
			proven := 0
			for _, r := range c.Resets {
				if r.Proven {
					proven++
				}
			}
			if proven > v.proven {
				t.Errorf("%d origins are said to be proven, of %d that can be", proven, v.proven)
			}
		})
	}
	c, err := Compare(context.Background(), []VantagePoint{{"client", []string{client}}, {"server", []string{dayOff}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if off := *c.Vantages[1].Offset - 24*3600*1e3; math.Abs(off) > 12 {
		t.Errorf("the clock is said to be %.1f ms off", off)
	}
	if got := c.Resets[0].Seen; len(got) != 1 || got[0] != (report.PacketAt{At: "client", Frame: 6}) {
		t.Errorf("the first RST was seen at %v", got)
	}
}

// Inputs that are no pair of captures of one path: each gets a clear word, and nothing is said to be proven.
func TestCompareOddInput(t *testing.T) {
	const lab = "../testdata/lab/vantages/policy-reject/"
	client, server := lab+"client.pcapng", lab+"server.pcapng"
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pasted := write("pasted.txt", `23:27:19.144523 IP 10.0.0.5.40000 > 10.0.0.9.443: Flags [S], seq 1000, win 64240, options [mss 1460], length 0
23:27:19.150523 IP 10.0.0.9.443 > 10.0.0.5.40000: Flags [R.], seq 0, ack 1001, win 0, length 0
`)
	empty := writeCapture(t, "empty")
	quiet := writeCapture(t, "quiet") // other traffic, long before
	quiet.add(0, tcpPacket{from: "10.9.0.1:1025", to: "10.9.0.2:80", flags: "S", seq: 77})
	for _, v := range []struct {
		name, a, b string
		says       string // a warning
		resets     int
	}{
		{"an empty file", client, write("nothing.pcap", ""), "is empty", 2},
		{"a capture without packets", client, empty.path, "holds no TCP segment", 2},
		{"no file", client, filepath.Join(dir, "missing.pcap"), "no such file", 2},
		{"no capture", client, write("notes.txt", "Nothing was captured here.\n"), "shows no packets", 2},
		{"a directory", client, dir, "is a directory", 2},
		{"pasted text", client, pasted, "share no connection", 3},
		{"another time", client, quiet.path, "do not overlap", 2},
		{"the server's capture twice", server, server, "seem to be one capture", 0},
	} {
		t.Run(v.name, func(t *testing.T) {
			c, err := Compare(context.Background(), []VantagePoint{{"client", []string{v.a}}, {"server", []string{v.b}}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			told := false
			for _, w := range c.Warnings {
				told = told || strings.Contains(w.Says, v.says)
			}
			for _, p := range c.Vantages {
				for _, w := range p.Warnings {
					told = told || strings.Contains(w.Says, v.says)
				}
			}
			if !told {
				t.Errorf("no warning says %q: %+v", v.says, c.Warnings)
			}
			if len(c.Resets) != v.resets {
				t.Errorf("%d resets, not %d", len(c.Resets), v.resets)
			}
			for _, r := range c.Resets {
				if r.Proven {
					t.Errorf("%v: the origin is said to be proven", r.Seen)
				}
			}
		})
	}
}

// A capture that says that it lost packets proves nothing by what it lacks.
func TestCompareDroppedPackets(t *testing.T) {
	const lab = "../testdata/lab/vantages/policy-reject/"
	b, err := os.ReadFile(lab + "server.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct{ dropped, proven int }{{0, 2}, {5, 0}} {
		// An interface statistics block with isb_ifdrop.
		stats := binary.LittleEndian.AppendUint32(nil, 5)
		for _, n := range []uint32{40, 0, 0, 0, 5 | 8<<16, uint32(v.dropped), 0, 0, 40} {
			stats = binary.LittleEndian.AppendUint32(stats, n)
		}
		path := filepath.Join(t.TempDir(), "server.pcapng")
		if err := os.WriteFile(path, append(slices.Clone(b), stats...), 0o666); err != nil {
			t.Fatal(err)
		}
		c, err := Compare(context.Background(), []VantagePoint{{"client", []string{lab + "client.pcapng"}}, {"server", []string{path}}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		proven := 0
		for _, r := range c.Resets {
			if r.Proven {
				proven++
			}
		}
		if proven != v.proven || c.Vantages[1].Partial {
			t.Errorf("%d packets dropped: %d origins are proven, %+v", v.dropped, proven, c.Vantages[1].Warnings)
		}
	}
}

// openFiles counts how many captures are open at a time.
type openFiles struct {
	mu        sync.Mutex
	now, most int
}

func (o *openFiles) open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now++
	o.most = max(o.most, o.now)
	return closing{f, o}, nil
}

type closing struct {
	io.Reader
	of *openFiles
}

func (c closing) Close() error {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.now--
	return c.Reader.(*os.File).Close()
}

// With little memory, one capture is read after the other, and the result is the same.
func TestCompareInLittleMemory(t *testing.T) {
	const lab = "../testdata/lab/vantages/nat-keepalive-race/"
	points := []VantagePoint{{"client", []string{lab + "client.pcapng"}}, {"server", []string{lab + "server.pcapng"}}}
	whole, err := Compare(context.Background(), points, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var files openFiles
	tight := Options{Flows: track.TableOptions{MaxMemory: 48 << 20}, Capture: capture.Options{Source: files.open}}
	got, err := Compare(context.Background(), points, tight)
	if err != nil {
		t.Fatal(err)
	}
	if files.most != 1 {
		t.Errorf("%d captures were open at a time", files.most)
	}
	var texts [2]strings.Builder
	for i, c := range []*report.Comparison{whole, got} {
		if err := report.CompareJSONL(&texts[i], c); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(texts[0].String(), texts[1].String()); diff != "" {
		t.Error(diff)
	}
}
