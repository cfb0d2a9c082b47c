package rewrite_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/rstexplain/rstexplain/analyzer"
	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/analyzer/rewrite"
	"github.com/rstexplain/rstexplain/flows"
)

const root = "../.."

// foreign returns captures that are not the project's own, below what name is beside the repository.
func foreign(t *testing.T, name string, patterns ...string) (paths []string) {
	dir := filepath.Join(root, "..", "shared", name)
	if env := os.Getenv("RSTEXPLAIN_CAPTURES"); env != "" {
		dir = filepath.Join(env, "..", name)
	}
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(dir, p))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		t.Logf("no %s at hand: not tested on them", dir)
	}
	return paths
}

// own returns all captures of the project.
func own(t *testing.T) (paths []string) {
	patterns := []string{"testdata/*/*.pcap*", "testdata/*/*/*.pcap*", "testdata/lab/captures/*/client.pcapng*"}
	if testing.Short() { // those of the rules
		patterns = patterns[:1]
	}
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(root, p))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// anonymize returns the anonymized slice of all resets of a capture, and where it is below dir.
func anonymize(t *testing.T, dir, path string) (slice []byte, out string, n rewrite.Sliced) {
	t.Helper()
	pan, err := rewrite.NewCryptoPAn(bytes.Repeat([]byte{7}, rewrite.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	streams := &rewrite.Streams{}
	if _, err := analyzer.Explain(context.Background(), path, streams, analyzer.Options{}); err != nil {
		t.Fatal(err)
	}
	out = filepath.Join(dir, "anonymous.pcapng")
	in, err := capture.Open(path, capture.Options{})
	if err != nil {
		return nil, "", n
	}
	defer in.Close()
	write(t, out, func(w *os.File) (err error) {
		n, err = rewrite.Slice(context.Background(), in, w, streams, rewrite.SliceOptions{Anonymize: pan})
		return err
	})
	if slice, err = os.ReadFile(out); err != nil {
		t.Fatal(err)
	}
	return slice, out, n
}

// sliceOfNothing returns the anonymized slice of a capture without a packet.
func sliceOfNothing(t *testing.T) []byte {
	path := filepath.Join(t.TempDir(), "nothing.pcap")
	header := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0}
	if err := os.WriteFile(path, header, 0o600); err != nil {
		t.Fatal(err)
	}
	slice, _, _ := anonymize(t, filepath.Dir(path), path)
	return slice
}

// run is how many bytes of the original in a row are a leak: fewer are met by chance.
const run = 6

// runs is a set of runs of bytes, and of what is as long as an address.
type runs map[uint64]bool

func at(b []byte) uint64 {
	var w [8]byte
	copy(w[:], b[:run])
	return binary.BigEndian.Uint64(w[:])
}

// runsOf returns all runs in b.
func runsOf(b []byte) runs {
	all := make(runs, len(b))
	for i := range len(b) - run + 1 {
		all[at(b[i:])] = true
	}
	return all
}

// dull reports whether a run is made of nearly one value, as padding and small numbers are: it tells nothing.
func dull(b []byte) bool {
	values := 0
	for i, v := range b[:run] {
		if !bytes.Contains(b[:i], []byte{v}) {
			values++
		}
	}
	return values < 3 || bytes.Count(b[:run], []byte{0}) >= 3
}

// An inquest collects what of a packet may not be in an anonymized slice, and where it may.
type inquest struct {
	decoder, outliner decode.Decoder
	addresses         map[string]bool // IP addresses and MACs
	searched          runs            // where they are looked for
	secrets           map[uint64]int  // runs of bytes that are there, by the frame that they are of
	kept              runs            // such that are kept on purpose where they are
	looked            int             // how many runs were looked for
}

// inquestOf returns one that looks in slice.
func inquestOf(slice []byte) *inquest {
	return &inquest{addresses: map[string]bool{}, searched: runsOf(slice), secrets: map[uint64]int{}, kept: runs{}}
}

// packet takes a packet. What a slice keeps on purpose is no secret: the fixed TCP header, options of numbers, and
// of the IP header all but the addresses. Where these are the decoder says; gopacket is asked for addresses too.
func (q *inquest) packet(p *capture.Packet) {
	b := p.Data
	public := make([]bool, len(b))
	open := func(from, to int) {
		for i := max(from, 0); i < min(to, len(b)); i++ {
			public[i] = true
		}
	}
	address := func(v []byte) {
		zeros := bytes.Count(v, []byte{0}) + bytes.Count(v, []byte{255})
		if zeros < len(v)-1 {
			q.addresses[string(v)] = true
		}
	}
	for _, l := range q.outliner.Outline(p) {
		h := b[l.Offset:]
		switch l.Kind {
		case decode.LayerEthernet:
			address(h[0:6])
			address(h[6:12])
		case decode.LayerSLL:
			address(h[6:12])
		case decode.LayerSLL2:
			address(h[12:18])
		case decode.LayerIPv4:
			address(h[12:16])
			address(h[16:20])
			open(l.Offset-6, l.Offset+10)
			if off := binary.BigEndian.Uint16(h[6:]); off&0x2000 != 0 && off&0x1fff == 0 { // the first fragment
				open(l.Offset+20, l.Offset+40)
			}
		case decode.LayerIPv6:
			address(h[8:24])
			address(h[24:40])
			open(l.Offset-6, l.Offset+8)
		}
	}
	for _, l := range gopacket.NewPacket(b, layers.LinkType(p.Link), gopacket.DecodeOptions{NoCopy: true}).Layers() {
		switch l := l.(type) {
		case *layers.Ethernet:
			address(l.SrcMAC)
			address(l.DstMAC)
		case *layers.Dot11:
			for _, a := range [][]byte{l.Address1, l.Address2, l.Address3, l.Address4} {
				if len(a) == 6 {
					address(a)
				}
			}
		case *layers.ARP:
			address(l.SourceProtAddress)
			address(l.DstProtAddress)
		case *layers.IPv4:
			address(l.SrcIP)
			address(l.DstIP)
		case *layers.IPv6:
			address(l.SrcIP)
			address(l.DstIP)
		}
	}
	var s flows.Segment
	switch q.decoder.Decode(p, &s) {
	case decode.Segment, decode.ICMPError, decode.Malformed:
		h, _ := q.decoder.TCPHeader()
		if n := cap(b) - cap(h); n >= 0 && n < len(b) {
			open(n, n+20)
			open(n+20, n+int(s.HeaderLen)) // options of numbers are kept; TestAnonymizedOptions looks at what is not
		}
	}
	secret := 0 // bytes of the last ones that are no public ones
	for i := range b {
		if secret++; public[i] {
			secret = 0
		}
		switch first := i - run + 1; {
		case first < 0 || dull(b[first:]):
		case secret >= run:
			q.looked++
			if r := at(b[first:]); q.searched[r] {
				q.secrets[r] = p.Frame
			}
		case q.searched[at(b[first:])] && !slices.Contains(public[first:i+1], false):
			q.kept[at(b[first:])] = true
		}
	}
}

// withoutChecksums returns the packets of a slice, their TCP checksums put to 0: these are made anew, and can be any
// number by chance.
func withoutChecksums(t *testing.T, path string) (all []byte) {
	in := open(t, path)
	var d decode.Decoder
	var s flows.Segment
	var b capture.Batch
	for in.Next(&b) == nil {
		for i := range b.Packets {
			p := &b.Packets[i]
			d.Decode(p, &s)
			if h, _ := d.TCPHeader(); len(h) >= 18 {
				h[16], h[17] = 0, 0
			}
			all = append(append(all, p.Data...), make([]byte, run)...)
		}
	}
	return all
}

// TestAnonymized looks in the anonymized slice of every capture at hand for anything of the original: its addresses, its
// names, and every run of bytes that is not kept on purpose. It explains the slice as the whole.
func TestAnonymized(t *testing.T) {
	paths := append(own(t), foreign(t, "captures", "*.pcap*", "*.cap*", "*.dmp*")...)
	alike := len(paths) // of hostile ones a slice may say less
	paths = append(paths, foreign(t, "hostile", "*.pcap*", "anonymize/*.pcap")...)
	dir, kept, looked, head := t.TempDir(), 0, 0, runsOf(sliceOfNothing(t)) // in which nothing is an original's
	for i, path := range paths {
		slice, out, n := anonymize(t, dir, path)
		if n.Kept == 0 {
			continue
		}
		if kept += n.Kept; i < alike {
			sameResets(t, path, out)
		}
		q := inquestOf(slice)
		in := open(t, path)
		var b capture.Batch
		for in.Next(&b) == nil {
			for i := range b.Packets {
				q.packet(&b.Packets[i])
			}
		}
		names := in.Info().Comments
		names = append(names, in.Info().Hardware, in.Info().OS, in.Info().Application)
		for _, f := range in.Interfaces() {
			names = append(names, f.Name, f.Description, f.OS, f.Hardware, f.Filter)
		}
		in.Close()
		for _, name := range names {
			if len(name) > 2 && bytes.Contains(slice, []byte(name)) {
				t.Errorf("%s: the slice holds the name %q", path, name)
			}
		}
		sums := withoutChecksums(t, out)
		for a := range q.addresses {
			if bytes.Contains(sums, []byte(a)) || len(a) > 4 && bytes.Contains(slice, []byte(a)) {
				t.Errorf("%s: the slice holds the address %x", path, a)
			}
		}
		found := 0
		for r, frame := range q.secrets {
			if !q.kept[r] && !head[r] {
				if found++; found < 4 {
					t.Errorf("%s: the slice holds %x of frame %d", path, r>>16, frame)
				}
			}
		}
		looked += q.looked
	}
	t.Logf("%d captures, %d packets in slices, %d runs of bytes looked for", len(paths), kept, looked)
	if kept == 0 || looked == 0 {
		t.Error("nothing was looked for")
	}
}

// TestInquest makes sure that it finds what a copy holds.
func TestInquest(t *testing.T) {
	path := captures(t)[0]
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	q := inquestOf(original)
	in := open(t, path)
	var b capture.Batch
	for in.Next(&b) == nil {
		for i := range b.Packets {
			q.packet(&b.Packets[i])
		}
	}
	addresses, secrets := 0, 0
	for a := range q.addresses {
		if bytes.Contains(original, []byte(a)) {
			addresses++
		}
	}
	for r := range q.secrets {
		if !q.kept[r] {
			secrets++
		}
	}
	if addresses != len(q.addresses) || addresses < 2 || secrets == 0 {
		t.Errorf("%d of %d addresses and %d of %d runs found", addresses, len(q.addresses), secrets, q.looked)
	}
}

// TestAnonymizedCrafted looks for what was put in places of packets that few would think of.
func TestAnonymizedCrafted(t *testing.T) {
	secrets := []string{"\x0a\xa1\xb2\xc3\xd4\xe5", "\x0a\xf1\xe2\xd3\xc4\xb6", "\x0a\x17\x2d\x43", "\xac\x1d\x63\x6f", "\xcb\x00\x71\x09",
		"\x20\x01\x0d\xb8\x00\xaa\x00\xbb", "\x20\x01\x0d\xb8\x00\xcc\x00\xdd", "\x20\x01\x0d\xb8\x00\xee\x00\xff", "secret"}
	paths := foreign(t, "hostile", "anonymize/*.pcap")
	if len(paths) == 0 {
		t.Skip("no crafted captures at hand")
	}
	for _, path := range paths {
		original, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		slice, out, n := anonymize(t, t.TempDir(), path)
		held := 0
		for _, s := range secrets {
			if bytes.Contains(original, []byte(s)) {
				held++
			}
			if bytes.Contains(bytes.ToLower(slice), bytes.ToLower([]byte(s))) {
				t.Errorf("%s: the slice holds %x", filepath.Base(path), s)
			}
		}
		if held < 2 || n.Kept == 0 || n.Left.String() == "" {
			t.Errorf("%s: %d secrets in it, %d packets kept, %q left out", filepath.Base(path), held, n.Kept, n.Left.String())
		}
		sameResets(t, path, out)
	}
}

// sameResets compares what is said of the resets of a capture and of its anonymized slice.
func sameResets(t *testing.T, path, slice string) {
	t.Helper()
	whole, got := explainAny(t, path), explainAny(t, slice)
	if len(whole.verdicts) != len(got.verdicts) {
		t.Errorf("%s: %d resets, of the slice %d", path, len(whole.verdicts), len(got.verdicts))
		return
	}
	for i := range got.verdicts {
		g, w := &got.verdicts[i], &whole.verdicts[i]
		if g.Time != w.Time || g.Sender != w.Sender || g.Timelines != w.Timelines {
			t.Errorf("%s: reset %d: the timeline is\n%+v\nof the whole\n%+v", path, i, g, w)
		}
	}
}

// explainAny is explain for captures that may be damaged.
func explainAny(t *testing.T, path string) *collector {
	t.Helper()
	c := &collector{Renderer: &rewrite.Comments{}}
	if _, err := analyzer.Explain(context.Background(), path, c, analyzer.Options{}); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestAnonymizedIsHeadersOnly compares with slices of the packets as they were, without their data: addresses apart,
// everything by which resets are explained is in an anonymized slice.
func TestAnonymizedIsHeadersOnly(t *testing.T) {
	resets, dir := 0, t.TempDir()
	for _, path := range append(captures(t), foreign(t, "captures", "*.pcap*", "*.cap*", "*.dmp*")...) {
		_, out, n := anonymize(t, dir, path)
		if n.Kept == 0 {
			continue
		}
		streams, plain := &rewrite.Streams{}, filepath.Join(dir, "headers.pcapng")
		if _, err := analyzer.Explain(context.Background(), path, streams, analyzer.Options{}); err != nil {
			t.Fatal(err)
		}
		write(t, plain, func(w *os.File) error {
			_, err := rewrite.Slice(context.Background(), open(t, path), w, streams, rewrite.SliceOptions{HeadersOnly: true})
			return err
		})
		want, got := explainAny(t, plain).verdicts, explainAny(t, out).verdicts
		if len(want) != len(got) {
			t.Errorf("%s: %d resets, with headers only %d", path, len(got), len(want))
			continue
		}
		resets += len(got)
		for i, g := range got {
			g.Originator, g.Responder = want[i].Originator, want[i].Responder
			if g != want[i] {
				t.Errorf("%s: reset %d is\n%+v\nwith headers only\n%+v", path, i, g, want[i])
			}
		}
	}
	if t.Logf("%d resets", resets); resets == 0 {
		t.Error("nothing was compared")
	}
}
