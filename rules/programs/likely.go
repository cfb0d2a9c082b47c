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
		switch p := named(servers, x.Server); {
		case !web:
			add(byProtocol[x.Protocol])
			add(runtimes)
		case p != nil:
			out = append(out, p)
		default:
			add(servers)
		}
		return out
	}
	switch p := named(clients, x.UserAgent); {
	case !web:
		add(byProtocol[x.Protocol])
		add(runtimes)
	case p != nil:
		out = append(out, p)
		add(proxies, "nginx", "HAProxy") // which pass the User-Agent of their client on
	case x.ALPN == "h2" || x.Protocol == "HTTP/2":
		add(clients, "curl", "Go", "Node.js", "OkHttp", "JDK HttpClient")
	default:
		add(clients, "curl", "Go", "requests (Python)", "Node.js")
		add(clients, "OkHttp", "Java")
		add(proxies)
	}
	return out
}

// Names reports whether the bytes of a connection name p as the program of side by, or a protocol that p speaks; other
// likely programs are only common.
func Names(k *flows.Conn, by flows.Side, p *Program) bool {
	x := &k.Exchange
	header, list := x.UserAgent, clients
	if by == flows.Responder {
		header, list = x.Server, servers
	}
	if web(k) {
		return named(list, header) == p
	}
	return slices.ContainsFunc(byProtocol[x.Protocol], func(q Program) bool { return q.Name == p.Name })
}

// ByUserAgent reports whether a request of the connection names a program, by its User-Agent.
func ByUserAgent(k *flows.Conn, program string) bool {
	p := named(clients, k.Exchange.UserAgent)
	return p != nil && p.Name == program && web(k)
}

// web reports whether a connection speaks HTTP, or may do so: it is encrypted, or no data was sent.
func web(k *flows.Conn) bool {
	x := &k.Exchange
	switch {
	case strings.HasPrefix(x.Protocol, "HTTP/"):
		return true
	case x.Upgraded != "" && !strings.HasPrefix(x.Upgraded, "HTTP CONNECT") && !strings.HasPrefix(x.Upgraded,
		"SOCKS") && x.Upgraded != "PROXY":
		return false
	case x.TLS:
		return x.ALPN == "" || x.ALPN == "h2" || strings.HasPrefix(x.ALPN, "http/")
	}
	return x.Protocol == "" && x.Speaker < 0 && k.Defects&(flows.NoHandshake|flows.Evicted) == 0
}

// Phrase joins what p prints in the first limit of the outcomes that it has words for. Where it has words for Reused,
// and that is among them, it says nothing of a missing response.
func (p *Program) Phrase(outcomes []Outcome, limit int) string {
	var room [outcomeCount]string
	out := room[:0]
	reused := p.says[Reused] != "" && slices.Contains(outcomes, Reused)
	for _, s := range outcomes {
		if len(out) == limit {
			break
		}
		if reused && (s == EOF || s == NoResponse) {
			continue
		}
		if says := p.says[s]; says != "" && !slices.ContainsFunc(out,
			func(said string) bool { return strings.Contains(said, says) }) {
			out = append(out, says)
		}
	}
	return strings.Join(out, ", or ")
}

// NamesItself reports whether a User-Agent header names a client that is known.
func NamesItself(userAgent string) bool { return named(clients, userAgent) != nil }

// named returns the program that a User-Agent or Server header names, nil when it names none that is known.
func named(list []Program, header string) *Program {
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

// Each calls do for each program that has words for an outcome, most common first. Some programs come more than once.
func Each(o Outcome, do func(program, says string)) {
	each := func(list []Program) {
		for i := range list {
			if says := list[i].says[o]; says != "" {
				do(list[i].Name, says)
			}
		}
	}
	for _, list := range [...][]Program{clients, proxies, servers, runtimes} {
		each(list)
	}
	for _, name := range protocols {
		each(byProtocol[name])
	}
}
