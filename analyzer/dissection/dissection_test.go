package dissection

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rstexplain/rstexplain/flows"
)

const jsonExport = `[
  {"_index": "packets-2013-11-25", "_source": {"layers": {
    "frame": {"frame.time_epoch": "1385410273.592522001", "frame.number": "7"},
    "eth": {"eth.src": "00:1f:5b:ff:51:cb"},
    "vlan": {"vlan.id": "20"},
    "ip": {"ip.id": "0xda5d", "ip.flags_tree": {"ip.flags.df": "1"}, "ip.ttl": "64", "ip.src": "192.0.2.1", "ip.addr": "192.0.2.1", "ip.dst": "192.0.2.2"},
    "tcp": {"tcp.srcport": "50754", "tcp.dstport": "443", "tcp.len": "3", "tcp.seq": "1", "tcp.seq_raw": "3565031166", "tcp.ack": "1",
      "tcp.ack_raw": "4294967295", "tcp.hdr_len": "32", "tcp.flags": "0x0018", "tcp.window_size_value": "65535",
      "tcp.options_tree": {"tcp.options.nop_tree": {"tcp.option_kind": "1"}, "tcp.options.timestamp": "08:0a", "tcp.options.timestamp_tree":
        {"tcp.option_kind": "8", "tcp.options.timestamp.tsval": "5", "tcp.options.timestamp.tsecr": "6"}},
      "tcp.payload": "61:62:63"}}}},
  {"_source": {"layers": {
    "frame": {"frame.time_epoch": "1385410274.5", "frame.number": "8"},
    "ip": {"ip.src": "198.51.100.9", "ip.dst": "192.0.2.1"},
    "icmp": {"icmp.type": "3", "icmp.code": "13", "ip": {"ip.src": "192.0.2.1", "ip.dst": "192.0.2.2"},
      "tcp": {"tcp.srcport": "1000", "tcp.dstport": "80", "tcp.seq_raw": "9", "tcp.flags": "0x0002"}}}}},
  {"_source": {"layers": {"frame": {"frame.number": "9"}, "udp": {"udp.srcport": "53"}}}}
]`

func TestJSON(t *testing.T) {
	if got := Recognise([]byte(jsonExport)); got != JSON {
		t.Fatalf("Recognise = %q", got)
	}
	r, err := NewReader(strings.NewReader(jsonExport), JSON)
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	if err := r.Next(&p); err != nil {
		t.Fatal(err)
	}
	s := &p.Segment
	if !p.TCP || p.Frame != 7 || s.Time != 1385410273592522001 || s.Src.String() != "192.0.2.1:50754" || s.Dst.String() != "192.0.2.2:443" ||
		s.SEQ != 3565031166 || s.ACK != 4294967295 || s.DataLen != 3 || s.Flags != flows.PSH|flows.ACK || s.WND != 65535 || s.HeaderLen != 32 ||
		s.TTL != 64 || s.IPID != 0xda5d || !s.DF || s.MAC != 0x001f5bff51cb || s.Domain != 20 || string(s.Payload) != "abc" ||
		!s.Opts.HasTS || s.Opts.TSval != 5 || s.Opts.TSecr != 6 || s.Opts.Kinds != 1 {
		t.Errorf("first packet read as %+v", p)
	}
	if err := r.Next(&p); err != nil {
		t.Fatal(err)
	}
	n := &p.Note
	if p.TCP || !p.ICMP || n.From.AddrPort().Addr().String() != "198.51.100.9" || n.Type != 3 || n.Code != 13 || !n.QuotedSYN ||
		n.Src.String() != "192.0.2.1:1000" || n.Dst.String() != "192.0.2.2:80" || n.Time != 1385410274500000000 {
		t.Errorf("ICMP error read as %+v", p)
	}
	if err := r.Next(&p); err != nil || p.TCP || p.ICMP || p.Frame != 9 {
		t.Errorf("UDP packet read as %+v, %v", p, err)
	}
	if err := r.Next(&p); err != io.EOF {
		t.Errorf("after the last packet: %v", err)
	}
}

const ekExport = `{"index":{"_index":"packets-2013-11-25","_type":"doc"}}
{"timestamp":"1385410273592","layers":{"frame":{"frame_frame_time_epoch":"1385410273.592522001","frame_frame_number":"7"},"eth":{"eth_eth_src":"00:1f:5b:ff:51:cb"},"vlan":{"vlan_vlan_id":"20"},"ip":{"ip_ip_id":"0xda5d","ip_ip_flags_df":true,"ip_ip_ttl":"64","ip_ip_src":"192.0.2.1","ip_ip_addr":["192.0.2.1","192.0.2.2"],"ip_ip_dst":"192.0.2.2"},"tcp":{"tcp_tcp_srcport":"50754","tcp_tcp_dstport":"443","tcp_tcp_port":["50754","443"],"tcp_tcp_len":"3","tcp_tcp_seq":"1","tcp_tcp_seq_raw":"3565031166","tcp_tcp_ack":"1","tcp_tcp_ack_raw":"4294967295","tcp_tcp_hdr_len":"32","tcp_tcp_flags":"0x0018","tcp_tcp_flags_syn":false,"tcp_tcp_window_size_value":"65535","tcp_tcp_option_kind":["1","8"],"tcp_tcp_options_timestamp_tsval":"5","tcp_tcp_options_timestamp_tsecr":"6","tcp_tcp_analysis":null,"tcp_tcp_payload":"61:62:63"}}}
{"index":{"_index":"packets-2013-11-25","_type":"doc"}}
{"timestamp":"1385410274500","layers":{"frame":{"frame_frame_time_epoch":"1385410274.5","frame_frame_number":"8"},"ip":{"ip_ip_src":"198.51.100.9","ip_ip_dst":"192.0.2.1"},"icmp":{"icmp_icmp_type":"3","icmp_icmp_code":"13","ip":{"ip_ip_src":"192.0.2.1","ip_ip_dst":"192.0.2.2"},"tcp":{"tcp_tcp_srcport":"1000","tcp_tcp_dstport":"80","tcp_tcp_seq_raw":"9","tcp_tcp_flags":"0x0002"}}}}
{"timestamp":"1385410275000","layers":{"ip_src":["192.0.2.1"],"ip_dst":["192.0.2.2"],"tcp_srcport":["9"],"tcp_dstport":["80"],"tcp_flags":["0x0004"],"tcp_seq_raw":["5"],"tcp_len":["0"]}}
`

// The same packets as JSON for Elasticsearch, and one whose fields were asked for one by one (-e).
func TestEK(t *testing.T) {
	if got := Recognise([]byte(ekExport)); got != EK {
		t.Fatalf("Recognise = %q", got)
	}
	all := func(text string, f Format) (list []Packet) {
		t.Helper()
		r, err := NewReader(strings.NewReader(text), f)
		if err != nil {
			t.Fatal(err)
		}
		for {
			var p Packet
			if err := r.Next(&p); err != nil {
				if err != io.EOF {
					t.Fatal(err)
				}
				return list
			}
			p.Segment.Payload = append([]byte(nil), p.Segment.Payload...)
			list = append(list, p)
		}
	}
	want, got := all(jsonExport, JSON)[:2], all(ekExport, EK)
	if len(got) != 3 || !reflect.DeepEqual(want, got[:2]) {
		t.Fatalf("read\n%+v\nwant\n%+v", got, want)
	}
	s := &got[2].Segment
	if !got[2].TCP || s.Flags != flows.RST || s.SEQ != 5 || s.Dst.String() != "192.0.2.2:80" ||
		s.Unknown != flows.FieldTTL|flows.FieldIPID|flows.FieldOptions|flows.FieldWindow || s.Opts.Kinds != flows.UnknownKinds {
		t.Errorf("single fields read as %+v", got[2])
	}
	for _, at := range []int{len(ekExport) - 5, 300} {
		r, _ := NewReader(strings.NewReader(ekExport[:at]), EK)
		var p Packet
		var err error
		for err == nil {
			err = r.Next(&p)
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("cut at %d: %v", at, err)
		}
	}
}

func TestDamaged(t *testing.T) {
	for _, at := range []int{1, 40, 300, len(jsonExport) - 2} {
		r, _ := NewReader(strings.NewReader(jsonExport[:at]), JSON)
		var p Packet
		var err error
		for err == nil {
			err = r.Next(&p)
		}
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "byte ") {
			t.Errorf("cut at %d: %v", at, err)
		}
	}
}

func TestRecognise(t *testing.T) {
	for head, want := range map[string]Format{
		"<?xml version=\"1.0\"?>\n<pdml version=\"0\">": PDML,
		"\xef\xbb\xbf[ {\"_index\": \"x\"":              JSON,
		"[1, 2, 3]":                                     NotExport,
		"<html>":                                        NotExport,
		"\x0a\x0d\x0d\x0a":                              NotExport,
		"":                                              NotExport,
	} {
		if got := Recognise([]byte(head)); got != want {
			t.Errorf("Recognise(%q) = %q, want %q", head, got, want)
		}
	}
}

var flagColumn = regexp.MustCompile(`(?m)0x[0-9a-f]+$`)

// TestAgainstTshark holds both exports of every capture at hand against tshark's own list of the same
// fields.
func TestAgainstTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	dir := os.Getenv("RSTEXPLAIN_CAPTURES")
	if dir == "" {
		dir = "../../../shared/captures"
	}
	files, _ := filepath.Glob(filepath.Join(dir, "zeek-*.pcap*"))
	if len(files) == 0 {
		t.Skipf("no captures in %s: set RSTEXPLAIN_CAPTURES", dir)
	}
	// tshark takes a second to start: the captures go one behind the other.
	file := filepath.Join(t.TempDir(), "all.pcapng")
	if out, err := exec.Command("mergecap", append([]string{"-a", "-w", file}, files...)...).CombinedOutput(); err != nil {
		t.Fatalf("mergecap: %v: %s", err, out)
	}
	want, err := exec.Command(tshark, "-r", file, "-Y", "tcp && !icmp", "-T", "fields", "-e", "frame.number", "-e", "tcp.srcport",
		"-e", "tcp.seq_raw", "-e", "tcp.ack_raw", "-e", "tcp.len", "-e", "tcp.flags", "-E", "occurrence=l").Output()
	if err != nil {
		t.Fatal(err)
	}
	want = flagColumn.ReplaceAllFunc(want, func(hex []byte) []byte {
		n, _ := strconv.ParseUint(string(hex), 0, 16)
		return strconv.AppendUint(nil, n&0x1ff, 10) // without the reserved bits
	})
	for _, format := range []Format{JSON, PDML} {
		cmd := exec.Command(tshark, "-r", file, "-T", string(format))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		r, _ := NewReader(out, format)
		var got strings.Builder
		var p Packet
		for err = r.Next(&p); err == nil; err = r.Next(&p) {
			if s := &p.Segment; p.TCP {
				got.WriteString(strings.Join([]string{strconv.Itoa(s.Frame), strconv.Itoa(int(s.Src.Port)), strconv.Itoa(int(s.SEQ)),
					strconv.Itoa(int(s.ACK)), strconv.Itoa(int(s.DataLen)), strconv.Itoa(int(s.Flags))}, "\t") + "\n")
			}
		}
		if err != io.EOF {
			t.Errorf("%s as %s: %v", file, format, err)
		}
		if got.String() != string(want) {
			t.Errorf("%s as %s differs from tshark's fields", file, format)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// With -e tshark puts the values of a field into an array, also those of tcp.seq_raw, a key which with -x has the bytes of
// tcp.seq.
func TestRawNumbers(t *testing.T) {
	const rest = `"ip.src":["192.0.2.1"],"ip.dst":["192.0.2.2"],"tcp.srcport":["1"],"tcp.dstport":["2"],"tcp.flags":["0x0010"],"tcp.len":["0"]`
	for name, c := range map[string]struct {
		fields   string
		seq, ack flows.Seq
	}{
		"-e": {`"tcp.seq_raw":["3000000000"],"tcp.ack_raw":["4000000000"],`, 3000000000, 4000000000},
		"-x": {`"tcp.seq":"1","tcp.seq_raw":["b2d05e00",38,4,0,5],"tcp.seq_raw":"3000000000","tcp.ack_raw":["ee6b2800",42,4,0,5],"tcp.ack_raw":"4000000000",`, 3000000000, 4000000000},
	} {
		r, err := NewReader(strings.NewReader(`[{"_index":"p","_source":{"layers":{`+c.fields+rest+`}}}]`), JSON)
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		if err := r.Next(&p); err != nil || !p.TCP {
			t.Fatalf("%s: %v, %+v", name, err, r.Left)
		}
		if p.Segment.SEQ != c.seq || p.Segment.ACK != c.ack {
			t.Errorf("%s: SEQ %d, ACK %d", name, p.Segment.SEQ, p.Segment.ACK)
		}
	}
}

// The options of MPTCP stand in an object of their own in lines for Elasticsearch, with the names of the layer around it.
func TestEKOptionsOfMPTCP(t *testing.T) {
	const ek = `{"timestamp":"1","layers":{"ip":{"ip_ip_src":"192.0.2.1","ip_ip_dst":"192.0.2.2"},"tcp":{"tcp_tcp_srcport":"1","tcp_tcp_dstport":"2",` +
		`"tcp_tcp_flags":"0x0014","tcp_tcp_len":"0","tcp_tcp_seq_raw":"5","mptcp":{"tcp_tcp_option_kind":"30","tcp_tcp_options_mptcp_subtype":"8",` +
		`"tcp_tcp_options_mptcp_rst_reason":"0x05"}}}}`
	r, err := NewReader(strings.NewReader(ek), EK)
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	if err := r.Next(&p); err != nil {
		t.Fatal(err)
	}
	if o := p.Segment.Opts; o.MPTCP != flows.MPTCPPresent|flows.MPTCPReset || o.MPTCPReason != 5 || o.Kinds != 1 {
		t.Errorf("%+v", o)
	}
}
