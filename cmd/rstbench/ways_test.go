package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/track"
)

var everywhere = flag.Bool("everywhere", false, "compare both ways on larger captures of all shapes")

// repeats is how many packets of this shape are enough: each draws a RST, and the longest list of a reset, its lookahead,
// ends after 4096.
const repeats = 20_000

// TestWaysOfShapes: Table.Add and batches make the same resets of all shapes of traffic. The captures are large enough to
// reach whatever larger ones reach.
func TestWaysOfShapes(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			traffic := Traffic{Kind: k.name, Packets: 100_000, Seed: 1}
			switch {
			case *everywhere:
				traffic.Packets = 300_000
			case testing.Short() || k.name == "repeats":
				traffic.Packets = repeats
			}
			var file bytes.Buffer
			made, err := traffic.Write(&file)
			if err != nil {
				t.Fatal(err)
			}
			if n := sameBothWays(t, file.Bytes(), track.TableOptions{}); n != made.Resets {
				t.Errorf("%d resets of %d", n, made.Resets)
			}
		})
	}
}

// TestWaysUnderPressure: which connections are followed closely depends on the capture, and not on the way.
func TestWaysUnderPressure(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			packets := 50_000
			switch {
			case *everywhere:
				packets = 100_000
			case testing.Short() || k.name == "repeats":
				packets = repeats
			}
			var file bytes.Buffer
			if _, err := (Traffic{Kind: k.name, Packets: packets, Open: min(k.open, 2_000), Seed: 2}).Write(&file); err != nil {
				t.Fatal(err)
			}
			sameBothWays(t, file.Bytes(), track.TableOptions{ShortAbove: 500})
		})
	}
}

// TestWaysOfCaptures: the same of all captures of the repository, and of those beside it.
func TestWaysOfCaptures(t *testing.T) {
	root := filepath.Join("..", "..")
	dirs := []string{filepath.Join(root, "testdata")}
	foreign := os.Getenv("RSTEXPLAIN_CAPTURES")
	if foreign == "" {
		foreign = filepath.Join(root, "..", "shared", "captures")
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Logf("without captures of other projects: %v", err)
	} else if !testing.Short() {
		dirs = append(dirs, foreign)
	}
	files, resets := 0, 0
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || !strings.Contains(filepath.Base(path), "cap") {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			in, err := capture.NewReader(bytes.NewReader(data), capture.Options{})
			if err != nil {
				return nil // no capture
			}
			in.Close()
			t.Run(path, func(t *testing.T) { resets += sameBothWays(t, data, track.TableOptions{}) })
			files++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if resets < 100 {
		t.Errorf("only %d resets in %d files", resets, files)
	}
	t.Logf("%d resets in %d files", resets, files)
}

// sameBothWays has a capture followed by Table.Add and in batches, and returns how many resets there are.
func sameBothWays(t *testing.T, file []byte, opts track.TableOptions) int {
	t.Helper()
	var plain, batched []*flows.Reset
	want := followPlainly(t, file, opts, func(r *flows.Reset) { plain = append(plain, r) })
	got := followInBatches(t, file, opts, func(r *flows.Reset) { batched = append(batched, r) })
	if len(plain) != len(batched) {
		t.Fatalf("%d resets, in batches %d", len(plain), len(batched))
	}
	differ := 0
	for i := range plain {
		if reflect.DeepEqual(plain[i], batched[i]) {
			continue // most, and sooner than cmp says so
		}
		if d := cmp.Diff(plain[i], batched[i], cmpopts.EquateEmpty()); d != "" {
			if differ++; differ <= 3 {
				t.Errorf("frame %d:\n%s", plain[i].Frame, d)
			}
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d resets differ", differ, len(plain))
	}
	want.Memory, got.Memory = 0, 0
	if want != got {
		t.Errorf("plainly %+v\nin batches %+v", want, got)
	}
	return len(plain)
}

// followPlainly gives a table one segment at a time.
func followPlainly(t *testing.T, file []byte, opts track.TableOptions, emit func(*flows.Reset)) track.Stats {
	table := track.NewTable(opts, emit)
	var d decode.Decoder
	var s flows.Segment
	eachBatch(t, file, func(packets []capture.Packet) {
		for i := range packets {
			out := d.Decode(&packets[i], &s)
			if out == decode.Segment {
				table.Add(&s)
			}
			if (out == decode.ICMPError || out == decode.Malformed) && !d.Unnumbered {
				table.Number(&s)
			}
			if out == decode.ICMPError {
				table.AddICMP(d.Note)
			}
		}
	})
	table.Flush()
	return table.Stats()
}

// followInBatches gives a table what the program gives it.
func followInBatches(t *testing.T, file []byte, opts track.TableOptions, emit func(*flows.Reset)) track.Stats {
	table := track.NewTable(opts, emit)
	var d decode.Decoder
	var s flows.Segment
	eachBatch(t, file, func(packets []capture.Packet) {
		b := table.NewBatch()
		for i := range packets {
			out := d.DecodeTo(b, &packets[i], &s)
			if (out == decode.ICMPError || out == decode.Malformed) && !d.Unnumbered {
				b.Number(&s)
			}
			if out == decode.ICMPError {
				b.AddICMP(d.Note)
			}
		}
		table.AddBatch(b)
	})
	table.Flush()
	return table.Stats()
}

// eachBatch calls f for the packets of a capture, until its end or where it cannot be read further.
func eachBatch(t *testing.T, file []byte, f func([]capture.Packet)) {
	in, err := capture.NewReader(bytes.NewReader(file), capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var b capture.Batch
	for {
		if err := in.Next(&b); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Log(err)
			}
			return
		}
		f(b.Packets)
		b.Release()
	}
}
