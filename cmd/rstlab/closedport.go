//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

func closedPorts() []stage.Situation {
	v6 := stage.Spec{V6: true, Near: time.Millisecond, Far: 14 * time.Millisecond}
	var out []stage.Situation
	out = append(out, vary(stage.Situation{
		Name: "no-listener", Rule: "no-listener",
		Says: "The client connects to a port where nothing listens, three times in a row, while another port of the same " +
			"host serves.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(1, 400), "eof", "close")
			t.dial(httpProtocol.ask(1, 400), "close")
			for range 3 {
				t.refused(t.Server.At(8443))
				t.sleep(120 * time.Millisecond)
			}
			t.ends()
		}),
		Truth: all(closedPort, "no-listener", "a SYN reached a port without a listener"),
	}, map[string]stage.Spec{"": {}, "-v6": v6, "-ttl128": {ServerTTL: 128, NoTS: true, Far: 25 * time.Millisecond}})...)
	out = append(out, stage.Situation{
		Name: "no-listener-alone", NearMiss: "restart-window", Keep: []string{"client", "server", "any"},
		Says:  "The client connects to a port where nothing listens; the capture holds nothing else.",
		Run:   scene(func(t *story) { t.refused(t.Server.At(5432)) }),
		Truth: all(closedPort, "no-listener", "a SYN reached a port without a listener"),
	})
	out = append(out, rejects()...)
	out = append(out, vary(stage.Situation{
		Name: "restart-window", Rule: "restart-window",
		Says: "A service answers, is stopped, refuses three connections, and answers again after its restart.",
		Run: scene(func(t *story) {
			serve := func() {
				t.serve(9000, "accept", opaqueProtocol.serve(2, 300), "eof", "close")
				t.dial(opaqueProtocol.ask(2, 300), "close")
				t.ends()
				t.server.Kill()
			}
			serve()
			for i := range 3 {
				t.sleep(time.Duration(150+90*i) * time.Millisecond)
				t.refused(t.Server.At(9000))
			}
			t.sleep(200 * time.Millisecond)
			serve()
		}),
		Truth:    all(closedPort, "restart-window", "the service was between its stop and its restart"),
		NearMiss: "no-listener",
	}, map[string]stage.Spec{"": {}, "-v6": v6})...)
	out = append(out, vary(stage.Situation{
		Name: "accept-queue-overflow", Rule: "accept-queue-overflow",
		Says: "The server's accept queue holds nine connections and none is accepted; net.ipv4.tcp_abort_on_overflow " +
			"is on. " +
			"When six wait, eight clients connect at once.",
		Run: scene(func(t *story) {
			t.serve(8000, "hang")
			t.server.Kill()
			p, err := spawn(t.Server, "listen "+t.Server.At(8000).String()+" 8", "hang")
			must(err)
			t.says(p, "listening")
			for range 6 {
				c, err := t.Client.Dial(t.Server.At(8000), time.Second)
				must(err)
				defer c.Close()
			}
			for i := range 8 {
				go func() {
					t.sleep(time.Duration(i) * 700 * time.Microsecond)
					if c, err := t.Client.Dial(t.Server.At(8000), 400*time.Millisecond); err == nil {
						t.sleep(600 * time.Millisecond)
						c.Close()
					}
				}()
			}
			t.sleep(800 * time.Millisecond)
		}),
		Truth: func(r stage.RST) stage.Label {
			if r.Sender == "server" && r.State == "NEW_SYN_RECV" || r.State == "LISTEN" || r.Reason == "INVALID_SYN" {
				return stage.Label{Cause: closedPort, Detail: "accept-queue-overflow", Why: "the accept queue was full when the " +
					"handshake's ACK came"}
			}
			return stage.Label{Cause: unknown, Why: "answer to a segment of a connection already " +
				"aborted", AlsoOK: []string{closedPort}}
		},
	}, map[string]stage.Spec{
		"":    {Server: []string{"net.ipv4.tcp_abort_on_overflow=1", "net.ipv4.tcp_syncookies=0"}},
		"-v6": {V6: true, Server: []string{"net.ipv4.tcp_abort_on_overflow=1", "net.ipv4.tcp_syncookies=0"}},
	})...)
	scan := func(t *story, hosts, ports int) {
		t.serve(8080, "hang")
		for h := range hosts {
			for i := range ports {
				addr := t.Server.At(7000 + 11*i)
				if i == ports/2 {
					addr = t.Server.At(8080)
				}
				addr = withAddr(addr, t.Server.Addrs[h])
				if c, err := t.Client.Dial(addr, time.Second); err == nil {
					c.Close()
				}
			}
		}
		t.settle()
	}
	out = append(out, vary(stage.Situation{
		Name: "port-scan", Rule: "port-scan",
		Says:  "One client tries thirty ports of a host in a row; one of them accepts.",
		Run:   scene(func(t *story) { scan(t, 1, 30) }),
		Truth: all(closedPort, "port-scan", "one of many ports tried in a row"),
	}, map[string]stage.Spec{"": {Near: time.Millisecond, Far: 2 * time.Millisecond}, "-v6": v6})...)
	out = append(out, stage.Situation{
		Name: "port-scan-hosts", Spec: stage.Spec{ServerIPs: 7, Near: time.Millisecond, Far: 2 * time.Millisecond},
		Says:  "One client tries four ports on each of eight addresses.",
		Run:   scene(func(t *story) { scan(t, 8, 4) }),
		Truth: all(closedPort, "port-scan", "one of many ports and hosts tried in a row"),
	})
	return out
}

const rejectForward = `table inet lab {
	counter rejected { }
	chain forward { type filter hook forward priority 0; %s counter name rejected reject with tcp reset; }
}`

// onRouter is truth about RSTs of the router itself: where it captures all its interfaces, they have the TTL
// that one of the two copies of the host's own packets has.
func onRouter(truth func(stage.RST) stage.Label) func(stage.RST) stage.Label {
	return func(r stage.RST) stage.Label {
		l := truth(r)
		l.Hidden = l.Hidden || r.Point == "any"
		return l
	}
}

// rejects are firewalls that refuse.
func rejects() []stage.Situation {
	var out []stage.Situation
	out = append(out, vary(stage.Situation{
		Name: "policy-reject", Rule: "policy-reject",
		Says: "The router's nftables rejects SYNs to one port with a RST; the host serves on another port in the same " +
			"capture.",
		Run: scene(func(t *story) {
			must(t.Router.NFT(fmt.Sprintf(rejectForward, "tcp dport 3306")))
			t.serve(8080, "accept", httpProtocol.serve(2, 700), "eof", "close")
			t.dial(httpProtocol.ask(2, 700), "close")
			t.refused(t.Server.At(3306))
			t.sleep(50 * time.Millisecond)
			t.refused(t.Server.At(3306))
			t.ends()
		}),
		Truth: onRouter(all(closedPort, "policy-reject", "a firewall on the way refused the SYN in the host's name")),
	}, map[string]stage.Spec{"": {}, "-v6": {V6: true, Far: 20 * time.Millisecond}, "-ttl255": {ServerTTL: 255}})...)
	out = append(out, stage.Situation{
		Name: "policy-reject-alone", Keep: []string{"client", "router", "any"},
		Says: "The router's nftables rejects a SYN with a RST; the capture holds nothing else of that host.",
		Run: scene(func(t *story) {
			must(t.Router.NFT(fmt.Sprintf(rejectForward, "tcp dport 3306")))
			t.refused(t.Server.At(3306))
		}),
		Truth: func(r stage.RST) stage.Label {
			return stage.Label{Cause: closedPort, Hidden: true, Why: "a firewall on the way refused the SYN in the host's " +
				"name, and nothing else of the host is seen"}
		},
	}, stage.Situation{
		Name: "policy-reject-host", NearMiss: "policy-reject",
		Says: "The server's own nftables rejects SYNs to one port with a RST; another port serves. The bytes are those of " +
			"a port without a listener.",
		Run: scene(func(t *story) {
			must(t.Server.NFT(`table inet lab { counter rejected { }
				chain input { type filter hook input priority 0; tcp dport 3306 counter name rejected reject with tcp reset; }
			}`))
			t.serve(8080, "accept", httpProtocol.serve(1, 700), "eof", "close")
			t.dial(httpProtocol.ask(1, 700), "close")
			t.refused(t.Server.At(3306))
			t.ends()
		}),
		Truth: all(closedPort, "", "the host's own firewall refused the SYN"),
	})
	return out
}
