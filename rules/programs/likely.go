package programs

import (
	"slices"
	"strings"

	"github.com/rstexplain/rstexplain/flows"
)

// AppendLikely appends the programs that side by of a connection may be, likeliest first: the one that names itself,
// or else those that speak the protocol, the most common first.
func AppendLikely(out []*Program, k *flows.Conn, by flows.Side) []*Program {
	x := &k.Exchange
	add := func(list []Program, names ...string) {
		for i := range list {
			if len(names) == 0 || slices.Contains(names, list[i].Name) {
				out = append(out, &list[i])
			}
		}
	}
	web := web(k)
	if by == flows.Responder {
		switch p := Named(Servers, x.Server); {
		case !web:
			add(ByProtocol[x.Protocol])
			add(Runtimes)
		case p != nil:
			out = append(out, p)
		default:
			add(Servers)
		}
		return out
	}
	switch p := Named(Clients, x.UserAgent); {
	case !web:
		add(ByProtocol[x.Protocol])
		add(Runtimes)
	case p != nil:
		out = append(out, p)
		add(Proxies, "nginx", "HAProxy") // which pass the User-Agent of their client on
	case x.ALPN == "h2" || x.Protocol == "HTTP/2":
		add(Clients, "curl", "Go", "Node.js", "OkHttp", "JDK HttpClient")
	default:
		add(Clients, "curl", "Go", "requests (Python)", "Node.js")
		add(Clients, "OkHttp", "Java")
		add(Proxies)
	}
	return out
}

// web reports whether a connection speaks HTTP, or may do so: it is encrypted, or nobody has said anything.
func web(k *flows.Conn) bool {
	x := &k.Exchange
	switch {
	case strings.HasPrefix(x.Protocol, "HTTP/"):
		return true
	case x.Upgraded != "" && !strings.HasPrefix(x.Upgraded, "HTTP CONNECT") && !strings.HasPrefix(x.Upgraded, "SOCKS") && x.Upgraded != "PROXY":
		return false
	case x.TLS:
		return x.ALPN == "" || x.ALPN == "h2" || strings.HasPrefix(x.ALPN, "http/")
	}
	return x.Protocol == "" && x.Speaker < 0 && k.Defects&(flows.NoHandshake|flows.Evicted) == 0
}

// Phrase joins what p prints in the first limit of the situations that it has words for.
func (p *Program) Phrase(saw []Outcome, limit int) string {
	var room [outcomeCount]string
	out := room[:0]
	for _, s := range saw {
		if len(out) == limit {
			break
		}
		if says := p.Says[s]; says != "" && !slices.ContainsFunc(out, func(said string) bool { return strings.Contains(said, says) }) {
			out = append(out, says)
		}
	}
	return strings.Join(out, ", or ")
}

// Named returns the printer that a User-Agent or Server header names, nil when it names none that is known.
func Named(list []Program, header string) *Program {
	header = strings.ToLower(header)
	if header == "" {
		return nil
	}
	for i := range list {
		for _, m := range list[i].marks {
			if strings.Contains(header, m) {
				return &list[i]
			}
		}
	}
	return nil
}
