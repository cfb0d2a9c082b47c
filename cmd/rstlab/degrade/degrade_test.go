package degrade

import (
	"bytes"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
)

// Whatever is done to a capture, each line of the truth that is left names a RST, and doing it again
// gives the same bytes.
func TestTwins(t *testing.T) {
	for _, situation := range []string{"killed-during-upload-fast", "port-scan-v6", "idle-reset"} {
		c := load(t, situation)
		twins, err := c.Twins()
		if err != nil {
			t.Fatal(err)
		}
		again, err := load(t, situation).Twins()
		if err != nil {
			t.Fatal(err)
		}
		for i, twin := range twins {
			for j, data := range twin.Files {
				if !bytes.Equal(data, again[i].Files[j]) {
					t.Errorf("%s %s: file %d differs the second time", situation, twin.Kind, j)
				}
			}
			for _, l := range twin.Lines {
				n, _ := strconv.Atoi(l.Path)
				if s := segmentOf(t, twin.Files[n], l.Frame, c.Link); !s.ok || s.flags&rst == 0 {
					t.Errorf("%s %s: frame %d of file %d is no RST", situation, twin.Kind, l.Frame, n)
				}
			}
		}
	}
}

// The doubled twin has twice the truth, the short one all of it.
func TestTruthIsCarriedOver(t *testing.T) {
	c := load(t, "killed-during-upload-fast")
	twins, err := c.Twins()
	if err != nil {
		t.Fatal(err)
	}
	for _, twin := range twins {
		want := map[string]int{"doubled": 2 * len(c.Lines), "short-snaplen": len(c.Lines), "rotated": len(c.Lines), "reordered": len(c.Lines)}[twin.Kind]
		if want != 0 && len(twin.Lines) != want {
			t.Errorf("%s: %d lines of truth, want %d", twin.Kind, len(twin.Lines), want)
		}
	}
}

func load(t *testing.T, situation string) *Capture {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "testdata", "lab", "captures", situation)
	files, err := filepath.Glob(filepath.Join(dir, "client.pcapng*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%s: %v, %v", dir, files, err)
	}
	all, err := truth.Read(filepath.Join(dir, "truth.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []truth.Line
	for _, l := range all {
		if l.Path == filepath.Base(files[0]) {
			lines = append(lines, l)
		}
	}
	c, err := Read(files[0], lines)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func segmentOf(t *testing.T, data []byte, frame int, link layers.LinkType) segment {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(data), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; ; i++ {
		d, _, err := r.ReadPacketData()
		if err != nil {
			t.Fatalf("frame %d: %v", frame, err)
		}
		if i == frame {
			return dissect(link, d)
		}
	}
}
