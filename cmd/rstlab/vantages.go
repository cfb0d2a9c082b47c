//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
	"github.com/rstexplain/rstexplain/cmd/rstlab/wire"
)

// stored are the situations that testdata keeps as captures along the path. Any other one can be played so.
var stored = []string{
	"data-unacked-redis-data", "forged-both-sides", "forged-same-ttl", "idle-expiry-server",
	"killed-unread-http", "nat-closed-port", "nat-keepalive-race",
	"nat-killed-unread", "no-listener", "policy-reject", "policy-reject-host", "shifted-killed-unread", "unread-and-lost",
}

// clocks are those that the traces are recorded with, in turn.
var clocks = []string{"", "mono", "boot", "tai"}

// vantagesCommand plays situations with captures at both ends and on both sides of the router, and keeps
// the kernel's trace of each end.
func vantagesCommand(args []string) error {
	fs := flag.NewFlagSet("vantages", flag.ExitOnError)
	run := fs.String("run", "", "play the situations whose name matches this regular expression, in place of those "+
		"that testdata keeps")
	dir := fs.String("o", "testdata/lab/vantages", "directory to write to")
	atOnce := fs.Int("p", 2, "situations to play at once")
	list := fs.Bool("list", false, "list the situations and exit")
	_ = fs.Parse(args)
	match, err := regexp.Compile(*run)
	if err != nil {
		return err
	}
	var chosen []stage.Situation
	for _, s := range append(situations(), alongPath()...) {
		if *run == "" && !slices.Contains(stored, s.Name) || !match.MatchString(s.Name) || s.Spec.Loopback {
			continue
		}
		s.Spec.Path, s.Spec.Clock = true, clocks[len(chosen)%len(clocks)]
		chosen = append(chosen, s)
	}
	if *list {
		for _, s := range chosen {
			fmt.Printf("%-44s %s\n", s.Name, s.Says)
		}
		return nil
	}
	needs := map[string]bool{}
	for _, s := range chosen {
		for _, p := range s.Needs {
			needs[p] = true
		}
	}
	if err := stage.Enter(sortedKeys(needs)...); err != nil {
		return fmt.Errorf("the lab cannot run here: %w", err)
	}
	return stage.PlayAll(chosen, *atOnce, os.Stdout, func(out *stage.Outcome) error { return stage.WritePath(*dir, out) })
}

// alongPath are situations that only several captures tell apart.
func alongPath() []stage.Situation {
	unread := scene(func(t *story) {
		t.serve(8080, "accept", httpProtocol.serve(1, 400), "say served", "hang")
		t.dial(httpProtocol.ask(1, 400), "wait go", send(httpProtocol.request(1)), "say asked", "sleep 200ms")
		t.says(t.server, "served")
		t.client.Tell("go")
		t.says(t.client, "asked")
		t.settle()
		t.server.Kill()
		t.says(t.client, "end")
		t.settle()
	})
	unreadTruth := all(crash, "unread-data", "the server's process was killed with a request unread", fast)
	out := []stage.Situation{{
		Name: "nat-closed-port", Spec: stage.Spec{NAT: stage.BothNAT},
		Says: "The client connects to the router's address, which the router translates to the server's (and the client's " +
			"to its own); nothing listens on one port, another one serves.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(1, 400), "eof", "close")
			t.dial(httpProtocol.ask(1, 400), "close")
			for range 2 {
				t.refused(t.Public(8443))
				t.sleep(60 * time.Millisecond)
			}
			t.ends()
		}),
		Truth: all(closedPort, "no-listener", "a SYN reached a port without a listener"),
	}, {
		Name: "nat-killed-unread", Spec: stage.Spec{NAT: stage.SourceNAT, Far: 14 * time.Millisecond},
		Says: "Behind a router that rewrites the client's address, the server's process is killed with a request unread.",
		Run:  unread, Truth: unreadTruth,
	}, {
		Name: "nat-keepalive-race", Spec: stage.Spec{NAT: stage.BothNAT, V6: true},
		Says: "The router rewrites both addresses; the server closes the idle connection, and the client's next request " +
			"crosses the FIN.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(2, 300), "sleep 2s", "close")
			t.dial(httpProtocol.ask(2, 300), "say asked", "wait go", send(httpProtocol.request(2)), "eof", "close")
			t.says(t.client, "asked")
			t.says(t.server, "end")
			t.client.Tell("go")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(fast, "keepalive-race", "the server had closed the idle connection; the client's next request met the "+
			"closed socket", crash),
	}, {
		Name: "shifted-killed-unread", Spec: stage.Spec{Shift: 0x5eadbeef},
		Says: "A device before the server adds a constant to the client's sequence numbers, as firewalls do that " +
			"randomise ISNs; the server's process is killed with a request unread.",
		Run: unread, Truth: unreadTruth,
	}, {
		Name: "unread-and-lost", Spec: stage.Spec{Far: 5 * time.Millisecond},
		Says: "The server's process is killed with a request unread, and its RST is lost between router and client; the " +
			"client's next request draws another one.",
		Run: scene(func(t *story) {
			t.serve(8080, "accept", httpProtocol.serve(1, 400), "say served", "hang")
			t.dial(httpProtocol.ask(1, 400), "wait go", send(httpProtocol.request(1)), "say asked",
				"wait on", send(httpProtocol.request(2)), "sleep 300ms")
			t.says(t.server, "served")
			t.client.Tell("go")
			t.says(t.client, "asked")
			t.settle()
			lost := false
			lose(t.Near, func(d wire.Dir, f wire.Frame) bool {
				first := d == wire.BtoA && f.TCP() && f.Flags()&wire.RST != 0 && !lost
				lost = lost || first
				return first
			})
			t.server.Kill()
			t.sleep(300 * time.Millisecond)
			t.client.Tell("on")
			t.says(t.client, "end")
			t.settle()
		}),
		Truth: all(crash, "", "the server's process was killed with a request unread", fast, unknown),
	}}
	return out
}
