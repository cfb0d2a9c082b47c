//go:build linux

package stage

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/cmd/rstlab/truth"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

// A NAT says which addresses the router rewrites.
type NAT int

// The kinds of NAT.
const (
	NoNAT     NAT = iota
	SourceNAT     // the server sees the router's address in place of the client's
	BothNAT       // and the client sees the router's in place of the server's
)

// Public returns the address of the server that the client connects to.
func (s *Stage) Public(port int) netip.AddrPort {
	if s.NAT == BothNAT {
		return s.Router.At(port)
	}
	return s.Server.At(port)
}

// translate sets up the router's NAT, and the device that shifts sequence numbers.
func (s *Stage) translate() error {
	if s.Shift != 0 {
		s.Far.SetRewrite(func(d wire.Dir, f wire.Frame) {
			if f.TCP() {
				f.Shift(d == wire.AtoB, s.Shift)
			}
		})
	}
	if s.NAT == NoNAT {
		return nil
	}
	family := "ip"
	if s.V6 {
		family = "ip6"
	}
	rules := fmt.Sprintf("table %s translate {\n chain post { type nat hook postrouting priority 100; oifname eth1 "+
		"meta l4proto tcp snat to %s; }\n", family, s.far)
	if s.NAT == BothNAT {
		rules += fmt.Sprintf(" chain pre { type nat hook prerouting priority -100; iifname eth0 %s daddr %s meta l4proto "+
			"tcp dnat to %s; }\n",
			family, s.Router.Addr, s.Server.Addr)
	}
	return s.Router.NFT(rules + "}")
}

// key is the RST's key with addresses and numbers as the client sees them.
func (s *Stage) key(point string, r *RST) key {
	k := r.key()
	if point == "server" && s.Shift != 0 {
		switch {
		case s.Server.has(r.Src.Addr()):
			if k.ack != 0 {
				k.ack -= s.Shift
			}
		case k.seq != 0:
			k.seq -= s.Shift
		}
	}
	if s.NAT == NoNAT || !slices.Contains([]string{"router-out", "far", "server"}, point) {
		return k
	}
	for _, a := range []*netip.AddrPort{&k.src, &k.dst} {
		switch {
		case a.Addr() == s.far:
			*a = netip.AddrPortFrom(s.Client.Addr, a.Port())
		case a.Addr() == s.Server.Addr && s.NAT == BothNAT:
			*a = netip.AddrPortFrom(s.Router.Addr, a.Port())
		}
	}
	return k
}

// A Path is what the captures along the path show of each RST together.
type Path struct {
	Situation string        `json:"situation"`
	Says      string        `json:"says"`
	RTT       float64       `json:"rtt_ms"`
	Vantages  []string      `json:"vantages"` // in their order on the path; one clock
	Clock     string        `json:"trace_clock"`
	Hosts     []PathHost    `json:"hosts"`
	NAT       []Translation `json:"nat,omitempty"`
	Shift     uint32        `json:"seq_shift,omitempty"` // added to the client's SEQ between router-out and server
	Resets    []PathReset   `json:"resets"`

	traces map[string]string // the kernel's trace of each host
}

// A PathHost is a host with its addresses.
type PathHost struct {
	Name  string       `json:"name"`
	Addrs []netip.Addr `json:"addresses"`
}

// A Translation is an address on the client's side of the router and on the server's. Ports stay the same.
type Translation struct {
	Near netip.Addr `json:"near"`
	Far  netip.Addr `json:"far"`
}

// A Sighting is a frame of one capture.
type Sighting struct {
	At    string `json:"at"`
	Frame int    `json:"frame"`
}

// A PathReset is the truth about one RST wherever it was captured.
type PathReset struct {
	Seen   []Sighting `json:"seen"`
	Sender string     `json:"sender"` // whom it names: "client" or "server"
	Hand   Hand       `json:"hand"`   // what sent it
	// "client", "router", "server", "between client and router", "between router and server"
	MadeAt      string   `json:"made_at"`
	Origin      string   `json:"origin"` // of what sent it
	Cause       string   `json:"cause"`
	Detail      string   `json:"detail,omitempty"`
	AlsoOK      []string `json:"also_ok"`
	KernelState string   `json:"kernel_state,omitempty"`
	Reason      string   `json:"kernel_reason,omitempty"`
	Why         string   `json:"why"`
}

// along gathers what the captures show of each RST. Its cause is that of the capture that tells most.
func (s *Stage) along(sit *Situation, frames map[string][]*RST, trace []string) *Path {
	p := &Path{Situation: sit.Name, Says: sit.Says, RTT: float64(s.RTT().Microseconds()) / 1000, Vantages: PathPoints,
		Clock: s.path.Clock, Shift: s.Shift,
		Hosts:  []PathHost{{"client", s.Client.Addrs}, {"router", s.Router.Addrs}, {"server", s.Server.Addrs}},
		traces: s.split(trace)}
	if s.NAT != NoNAT {
		p.NAT = append(p.NAT, Translation{s.Client.Addr, s.far})
	}
	if s.NAT == BothNAT {
		p.NAT = append(p.NAT, Translation{s.Router.Addr, s.Server.Addr})
	}
	var order []*sending
	seen := map[*sending][]*RST{}
	for _, point := range PathPoints {
		for _, f := range frames[point] {
			if seen[f.of] == nil {
				order = append(order, f.of)
			}
			seen[f.of] = append(seen[f.of], f)
		}
	}
	slices.SortStableFunc(order, func(a, b *sending) int { return a.Time.Compare(b.Time) })
	for _, x := range order {
		var best truth.Line
		r := PathReset{Sender: x.Sender, Hand: x.Hand, KernelState: x.State, Reason: x.Reason}
		for i, f := range seen[x] {
			r.Seen = append(r.Seen, Sighting{f.Point, f.Frame})
			l := sit.line(f)
			if i == 0 || best.Blind && !l.Blind || best.Blind == l.Blind && len(l.AlsoOK) < len(best.AlsoOK) {
				best = l
			}
		}
		r.Cause, r.Detail, r.AlsoOK, r.Why, r.Origin = best.Cause, best.Detail, best.AlsoOK, best.Why, best.Origin
		if r.AlsoOK == nil {
			r.AlsoOK = []string{}
		}
		switch x.At {
		case "near":
			r.MadeAt = "between client and router"
		case "far":
			r.MadeAt = "between router and server"
		default:
			r.MadeAt = x.At
		}
		p.Resets = append(p.Resets, r)
	}
	return p
}

// split gives each host the lines of the kernel's trace that are its own: namespaces share one kernel, and
// the trace names none. A freed packet belongs to the host whose event named its skb.
func (s *Stage) split(lines []string) map[string]string {
	var out [2]strings.Builder
	owner := map[string]int{}
	field := func(l, name string) string {
		_, v, ok := strings.Cut(l, " "+name+"=")
		if !ok {
			return ""
		}
		v, _, _ = strings.Cut(v, " ")
		return v
	}
	host := func(l string) int {
		a := field(l, "src")
		if ap, err := netip.ParseAddrPort(a); err == nil {
			a = ap.Addr().Unmap().String()
		} else if a = field(l, "saddr"); s.V6 {
			a = field(l, "saddrv6")
		}
		addr, err := netip.ParseAddr(a)
		switch {
		case err != nil:
			return -1
		case s.Client.has(addr.Unmap()):
			return 0
		case s.Server.has(addr.Unmap()):
			return 1
		}
		return -1
	}
	for _, l := range lines {
		if strings.HasPrefix(l, "#") {
			out[0].WriteString(l + "\n")
			out[1].WriteString(l + "\n")
			continue
		}
		skb := field(l, "skbaddr")
		h := host(l)
		if h < 0 && strings.Contains(l, " kfree_skb: ") {
			if of, ok := owner[skb]; ok {
				h = of
			}
		}
		if h < 0 || strings.HasSuffix(l, ": OTHERHOST") || strings.HasSuffix(l, ": IPV6DISABLED") { // of the wires between
			continue
		}
		if skb != "" {
			owner[skb] = h
		}
		out[h].WriteString(l + "\n")
	}
	return map[string]string{"client": out[0].String(), "server": out[1].String()}
}

// WritePath writes the captures along the path, the hosts' traces and the truth to dir/<situation>.
func WritePath(dir string, out *Outcome) error {
	dir = filepath.Join(dir, out.Name)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range PathPoints {
		if err := os.WriteFile(filepath.Join(dir, p+".pcapng"), out.Captures[p], 0o644); err != nil {
			return err
		}
	}
	for host, text := range out.Path.traces {
		if err := os.WriteFile(filepath.Join(dir, host+".trace"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(out.Path, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "truth.json"), append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(out.pathReadme()), 0o644)
}

func (o *Outcome) pathReadme() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", o.Name, o.Says)
	o.path(&b)
	b.WriteString("Captured at the client, on the router's interface toward each side, and at the server, all with one " +
		"clock. client.trace and server.trace are\n" +
		"the kernel's own record of each host, as tracefs printed it (clock: " + o.Path.Clock + ").\n\n")
	for i, r := range o.Path.Resets {
		if i == 8 {
			b.WriteString("- and further ones of the same kind\n")
			break
		}
		var at []string
		for _, s := range r.Seen {
			at = append(at, fmt.Sprintf("%s frame %d", s.At, s.Frame))
		}
		kernel := ""
		if r.Reason != "" {
			kernel = fmt.Sprintf(" (%s, socket %s)", r.Reason, r.KernelState)
		}
		made := r.MadeAt
		if !strings.HasPrefix(made, "between") {
			made = "at the " + made
		}
		fmt.Fprintf(&b, "- %s: made %s by %s%s. %s.\n", strings.Join(at, ", "), made,
			map[Hand]string{Kernel: "its TCP", Netfilter: "a REJECT rule", Forged: "forgery"}[r.Hand], kernel,
			strings.ToUpper(r.Why[:1])+r.Why[1:])
	}
	return b.String()
}
