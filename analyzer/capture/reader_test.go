package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// sample returns a pcapng capture of n packets of 0 to 1499 bytes.
func sample(n int) []byte {
	f := newPcapng(binary.LittleEndian).iface(1, 262144)
	data := octets(1500)
	for i := range n {
		f.packet(0, 1700000000_000000+uint64(i), data[:i*7%1500])
	}
	return f.b
}

func samplePcap(n int) []byte {
	f := newPcap(binary.BigEndian, magicNano, 2, 4, 1)
	data := octets(1500)
	for i := range n {
		f.packet(1700000000, uint32(i), data[:i*7%1500])
	}
	return f.b
}

// What is read does not depend on how it arrives.
func TestReadSizes(t *testing.T) {
	for name, file := range map[string][]byte{"pcapng": sample(2000), "pcap": samplePcap(2000)} {
		want, _ := readBytes(t, file)
		if len(want) != 2000 {
			t.Fatalf("%s: %d packets", name, len(want))
		}
		for how, in := range map[string]io.Reader{
			"one byte at a time": iotest.OneByteReader(bytes.NewReader(file)),
			"half reads":         iotest.HalfReader(bytes.NewReader(file)),
			"data with EOF":      iotest.DataErrReader(bytes.NewReader(file)),
		} {
			got, r := readAll(t, in, Options{ChunkSize: 1})
			if d := differ(want, got); d != "" || len(r.Problems()) != 0 {
				t.Errorf("%s, %s: %s%v", name, how, d, r.Problems())
			}
		}
	}
}

// Cut anywhere, a capture gives the packets that are whole, and tells that it was cut.
func TestTruncated(t *testing.T) {
	for name, file := range map[string][]byte{"pcapng": sample(12), "pcap": samplePcap(12)} {
		want, _ := readBytes(t, file)
		for cut := 48; cut < len(file); cut++ {
			got, r := readBytes(t, file[:cut])
			whole := 0
			for whole < len(want) && int(want[whole].Offset) < cut {
				whole++
			}
			end := len(file)
			if whole < len(want) {
				end = int(want[whole].Offset)
			}
			cutInside := end != cut
			if cutInside {
				whole--
			}
			if len(got) != whole || r.Frames() != whole {
				t.Fatalf("%s cut at %d: %d packets, want %d", name, cut, len(got), whole)
			}
			if want := cutInside; want != slices.Equal(reasons(r), []Reason{Truncated}) || !want && len(r.Problems()) != 0 {
				t.Fatalf("%s cut at %d: problems %v", name, cut, r.Problems())
			}
		}
	}
}

// A batch is handed over as soon as it holds a packet: the writer here writes no more until it was read.
func TestPipe(t *testing.T) {
	for name, file := range map[string][]byte{"pcapng": sample(20), "pcap": samplePcap(20)} {
		want, _ := readBytes(t, file)
		in, out := io.Pipe()
		next := make(chan struct{})
		go func() {
			defer out.Close()
			at := 0
			for i := range want {
				end := len(file)
				if i+1 < len(want) {
					end = int(want[i+1].Offset)
				}
				out.Write(file[at:end])
				at = end
				<-next
			}
		}()
		r, err := NewReader(in, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b Batch
		for i := range want {
			if err := r.Next(&b); err != nil || len(b.Packets) != 1 || b.Packets[0].Frame != i+1 {
				t.Fatalf("%s: packet %d: %v, %d packets", name, i, err, len(b.Packets))
			}
			next <- struct{}{}
		}
		if err := r.Next(&b); err != io.EOF {
			t.Fatal(err)
		}
	}
}

// A file that grows is read as it does, until it is told to stop.
func TestFollow(t *testing.T) {
	for name, file := range map[string][]byte{"pcapng": sample(20), "pcap": samplePcap(20)} {
		want, _ := readBytes(t, file)
		path := filepath.Join(t.TempDir(), "growing")
		out, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(file[:want[0].Offset])
		r, err := Open(path, Options{Follow: true})
		if err != nil {
			t.Fatal(err)
		}
		var b Batch
		for i, p := range want[:19] {
			out.Write(file[p.Offset:want[i+1].Offset])
			if err := r.Next(&b); err != nil || len(b.Packets) != 1 || b.Packets[0].Frame != i+1 {
				t.Fatalf("%s: packet %d: %v, %d packets", name, i, err, len(b.Packets))
			}
		}
		out.Write(file[want[19].Offset : want[19].Offset+20])
		r.Stop()
		if err := r.Next(&b); err != io.EOF || len(r.Problems()) != 0 {
			t.Errorf("%s: %v, problems %v", name, err, r.Problems())
		}
		r.Close()
		out.Close()
	}
}

// Several batches may be in flight, and releasing one must not touch another.
func TestBatchesInFlight(t *testing.T) {
	file := sample(5000)
	want, _ := readBytes(t, file)
	r, err := NewReader(bytes.NewReader(file), Options{ChunkSize: 16 << 10})
	if err != nil {
		t.Fatal(err)
	}
	batches := make(chan Batch, 8)
	go func() {
		defer close(batches)
		for {
			var b Batch
			if r.Next(&b) != nil {
				return
			}
			b.Packets = slices.Clone(b.Packets)
			batches <- b
		}
	}()
	var held []Batch
	i := 0
	check := func(b Batch) {
		if d := differ(want[i:i+len(b.Packets)], b.Packets); d != "" {
			t.Fatalf("from packet %d: %s", i, d)
		}
		i += len(b.Packets)
		b.Release()
	}
	for b := range batches {
		if held = append(held, b); len(held) == 5 {
			check(held[0])
			held = held[1:]
		}
	}
	for _, b := range held {
		check(b)
	}
	if i != len(want) {
		t.Errorf("%d packets, want %d", i, len(want))
	}
}

// endless repeats a capture's packets for ever.
type endless struct{ head, packets, rest []byte }

func (e *endless) Read(b []byte) (int, error) {
	if len(e.head) > 0 {
		n := copy(b, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	if len(e.rest) == 0 {
		e.rest = e.packets
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestNoAllocation(t *testing.T) {
	for name, e := range map[string]*endless{
		"pcapng": {head: sample(0), packets: sample(1000)[48:]},
		"pcap":   {head: samplePcap(0), packets: samplePcap(1000)[24:]},
	} {
		r, err := NewReader(e, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b Batch
		next := func() {
			if err := r.Next(&b); err != nil {
				t.Fatal(err)
			}
		}
		for range 100 {
			next()
		}
		if n := testing.AllocsPerRun(100, next); n != 0 {
			t.Errorf("%s: %v allocations for a batch of %d packets", name, n, len(b.Packets))
		}
	}
}

// compressed returns file in each compression, whole and as two members or frames.
func compressed(t testing.TB, file []byte) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for name, pack := range packings(t) {
		all[name] = pack(file)
	}
	return all
}

// packings are the ways to compress a file.
func packings(t testing.TB) map[string]func(file []byte) []byte {
	t.Helper()
	with := func(w io.WriteCloser, b *bytes.Buffer, part []byte) []byte {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	gz := func(p []byte) []byte { var b bytes.Buffer; return with(gzip.NewWriter(&b), &b, p) }
	lz := func(p []byte) []byte { var b bytes.Buffer; return with(lz4.NewWriter(&b), &b, p) }
	zs := func(p []byte) []byte {
		var b bytes.Buffer
		w, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		return with(w, &b, p)
	}
	skippable := []byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4}
	halves := func(pack func([]byte) []byte) func([]byte) []byte {
		return func(file []byte) []byte { return append(pack(file[:len(file)/2]), pack(file[len(file)/2:])...) }
	}
	all := map[string]func([]byte) []byte{
		"gzip":                   gz,
		"gzip, two members":      halves(gz),
		"gzip, an empty member":  func(file []byte) []byte { return append(gz(nil), gz(file)...) },
		"zstd":                   zs,
		"zstd, two frames":       halves(zs),
		"zstd, skippable frames": halves(func(part []byte) []byte { return slices.Concat(skippable, zs(part)) }),
		"lz4":                    lz,
		"lz4, two frames":        halves(lz),
	}
	if _, err := exec.LookPath("xz"); err != nil {
		t.Log("xz is not installed: its streams are not read")
		return all
	}
	xz := func(p []byte, args ...string) []byte {
		cmd := exec.Command("xz", append([]string{"-c"}, args...)...)
		cmd.Stdin = bytes.NewReader(p)
		b, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	all["xz"] = func(file []byte) []byte { return xz(file) }
	all["xz, blocks"] = func(file []byte) []byte { return xz(file, "--block-size=20000", "--check=sha256") }
	all["xz, two streams"] = func(file []byte) []byte {
		half := len(file) / 2
		return slices.Concat(xz(file[:half]), []byte{0, 0, 0, 0}, xz(file[half:], "-0"))
	}
	return all
}

func TestCompressed(t *testing.T) {
	file, cuts := sample(3000), 40
	if testing.Short() {
		cuts = 8
	}
	want, _ := readBytes(t, file)
	for name, b := range compressed(t, file) {
		got, r := readBytes(t, b)
		if d := differ(want, got); d != "" || len(r.Problems()) != 0 {
			t.Errorf("%s: problems %v, %s", name, r.Problems(), d)
		}
		if kind, _, _ := strings.Cut(name, ","); r.Info().Compression != kind || r.BytesRead() != int64(len(b)) {
			t.Errorf("%s: recognised as %q, %d bytes read of %d", name, r.Info().Compression, r.BytesRead(), len(b))
		}
		// Cut or damaged, what came out before is read.
		for cut := 64; cut < len(b); cut += 1 + len(b)/cuts {
			r, err := NewReader(bytes.NewReader(b[:cut]), Options{})
			if err != nil {
				if !errors.Is(err, ErrNotCapture) && !errors.Is(err, ErrEmpty) {
					t.Errorf("%s cut at %d: %v", name, cut, err)
				}
				continue
			}
			got := drain(t, r)
			if d := differ(want[:len(got)], got); d != "" {
				t.Errorf("%s cut at %d: %s", name, cut, d)
			}
			if len(got) < len(want) && len(r.Problems()) == 0 && !strings.Contains(name, "two") {
				t.Errorf("%s cut at %d: %d packets and no problem", name, cut, len(got))
			}
		}
	}
}

// A file of bzip2, for which there is no writer: an empty pcap.
func TestBzip2(t *testing.T) {
	b, err := hex.DecodeString("425a6839314159265359d79d8c98000008c01ef60020001000080004000000a00031003021881a20599a1382379ac7e2ee48a70a121af3b19300")
	if err != nil {
		t.Fatal(err)
	}
	if _, r := readBytes(t, b); r.Info().Compression != "bzip2" || len(r.Problems()) != 0 {
		t.Errorf("%+v, problems %v", r.Info(), r.Problems())
	}
}

// An empty pcap in xz, for machines without the program; its dictionary of 64 MiB is refused where less is allowed.
func TestXz(t *testing.T) {
	b, err := hex.DecodeString("fd377a585a0000016922de36020021011c00000010cf58cce0001700145d006a30d1c87d8bf8099bad944b8af2fff88948000000e1d7a11100012c18d346db0a9042990d010000000001595a")
	if err != nil {
		t.Fatal(err)
	}
	if _, r := readBytes(t, b); r.Info().Compression != "xz" || len(r.Problems()) != 0 {
		t.Errorf("%+v, problems %v", r.Info(), r.Problems())
	}
	path := filepath.Join(t.TempDir(), "empty.xz")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if n := WindowOf(path); n != 64<<20 {
		t.Errorf("a dictionary of %d bytes, want 64 MiB", n)
	}
	_, err = NewReader(bytes.NewReader(b), Options{MaxWindow: 8 << 20})
	if !errors.Is(err, ErrNotCapture) || !strings.Contains(err.Error(), "needs a window of more than 8 MiB of memory (xz --lzma2=dict)") {
		t.Errorf("%v", err)
	}
}

func TestDecompressionBomb(t *testing.T) {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(sample(10))
	zeros := newPcapng(binary.LittleEndian)
	zeros.b = nil
	zeros.block(0x777, make([]byte, 1<<20))
	for range 300 {
		w.Write(zeros.b)
	}
	w.Close()
	got, r := readBytes(t, b.Bytes())
	if len(got) != 10 || !slices.Equal(reasons(r), []Reason{Expansion}) {
		t.Errorf("ratio: %d packets, problems %v", len(got), r.Problems())
	}
	got, r = readAll(t, bytes.NewReader(b.Bytes()), Options{MaxRatio: 1 << 20})
	if len(got) != 10 || len(r.Problems()) != 0 {
		t.Errorf("a higher ratio: %d packets, problems %v", len(got), r.Problems())
	}
	got, r = readAll(t, bytes.NewReader(b.Bytes()), Options{MaxBytes: 1 << 20})
	if len(got) != 10 || !slices.Equal(reasons(r), []Reason{Expansion}) {
		t.Errorf("bytes: %d packets, problems %v", len(got), r.Problems())
	}
}

func TestNotCapture(t *testing.T) {
	etl := make([]byte, 4096)
	copy(etl, []byte{0, 0, 1, 0})
	copy(etl[72:], []byte{2, 0, 2, 0xc0})
	erf := make([]byte, 32)
	for i := range 2 {
		copy(erf[16*i:], []byte{0, 0, 0, 0, 0, 0, 0, 0x60, 2, 4, 0, 16, 0, 0, 0, 60})
	}
	tar := make([]byte, 512)
	copy(tar[257:], "ustar")
	for _, c := range []struct{ file, what string }{
		{"\x7fELF\x02\x01\x01", "a program (ELF)"},
		{"[\n  {\n    \"_index\": \"packets\",\n    \"_source\": {\n      \"layers\": {\n", "a packet dissection export (JSON)"},
		{`{"log": {"version": "1.2", "creator": {}}}`, "a browser's HTTP archive"},
		{`{"a": 1}`, "JSON"},
		{`{"log":"10:00:00.0 IP a.1 \u003e b.2: Flags [R], seq 1\n","stream":"stdout"}`, "the printed output of tcpdump or tshark"},
		{"<?xml version=\"1.0\"?>\n<pdml version=\"0\">", "PDML"},
		{"<!DOCTYPE html><html>", "a web page"},
		{"\"No.\",\"Time\",\"Source\",\"Destination\"\n", "a packet list export (CSV)"},
		{"12:00:00.000000 IP 10.0.0.1.80 > 10.0.0.2.1024: Flags [R], length 0\n", "tcpdump"},
		{"0000  02 02 02 02 02 02\n", "a hex dump"},
		{"hello, world\n", "text"},
		{"snoop\x00\x00\x00\x00\x00\x00\x02", "snoop"},
		{"GMBU\x00\x02\x01\x00\x00\x00\x00\x00", "Network Monitor"},
		{"PK\x03\x04\x14\x00\x00\x00\x08\x00", "a zip archive"},
		{"LZIP\x01\x0c", "lzip"},
		{string(make([]byte, 100)), "zero bytes only"},
		{"\n\n\r\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00", "transferred in text mode"},
		{string(etl), "a Windows event trace"},
		{string(erf), "ERF"},
		{string(tar), "a tar archive"},
		{"\x01\x02\x03", "only 3 bytes"},
		{"\xff\xfeh\x00i\x00", "UTF-16"},
		{"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d", "is not a capture"},
	} {
		for _, compress := range []bool{false, true} {
			file := []byte(c.file)
			if compress {
				var b bytes.Buffer
				w := gzip.NewWriter(&b)
				w.Write(file)
				w.Close()
				file = b.Bytes()
			}
			_, err := NewReader(bytes.NewReader(file), Options{})
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, ErrNotCapture) || !strings.Contains(err.Error(), c.what) {
				t.Errorf("%.40q: %v, want %q", c.file, err, c.what)
			}
		}
	}
	if _, err := NewReader(strings.NewReader(""), Options{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty: %v", err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	empty, good := filepath.Join(dir, "empty"), filepath.Join(dir, "good")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file := sample(10)
	if err := os.WriteFile(good, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(dir, "none"): fs.ErrNotExist,
		dir:                        ErrDirectory,
		empty:                      ErrEmpty,
	} {
		_, err := Open(path, Options{})
		var e *Error
		if !errors.Is(err, want) || !errors.As(err, &e) || e.File != path || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	r, err := Open(good, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := drain(t, r); len(got) != 10 || r.Size() != int64(len(file)) || r.BytesRead() != r.Size() {
		t.Errorf("%d packets, %d bytes of %d", len(got), r.BytesRead(), r.Size())
	}
}

// A read error in the middle loses nothing that came before it.
func TestReadError(t *testing.T) {
	file := sample(100)
	want, _ := readBytes(t, file)
	for name, file := range map[string][]byte{"plain": file[:len(file)/2], "gzip": packings(t)["gzip"](file)[:2000]} {
		r, err := NewReader(io.MultiReader(bytes.NewReader(file), iotest.ErrReader(&fs.PathError{Op: "read", Path: "x", Err: errors.New("input/output error")})), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := drain(t, r)
		if len(got) == 0 || differ(want[:len(got)], got) != "" || !slices.Equal(reasons(r), []Reason{ReadError}) {
			t.Errorf("%s: %d packets, problems %v", name, len(got), r.Problems())
		}
	}
}
