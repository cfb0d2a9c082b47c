//go:build linux

package main

import (
	"slices"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// onBadPaths are the situations that are played again on wires that lose, delay and reorder.
var onBadPaths = []string{
	"killed-during-upload", "killed-during-upload-fast-v6", "killed-unread-http",
	"killed-unread-upload", "early-response", "client-killed-in-download",
	"server-aborts-response-redis", "state-lost-http", "state-lost-opaque", "host-restarted",
	"keepalive-finds-lost-state", "accepted-then-reset", "client-timeout-2s-reset",
	"client-timeout-3s-close", "client-hello-reset", "certificate-refused",
	"client-abortive-close-redis", "server-abortive-close-http", "reset-instead-of-fin-opaque",
	"reset-after-fin-redis", "keepalive-race-late-2s", "keepalive-race-crosses-700ms",
	"close-notify-race-server-1.3", "close-notify-race-client-1.2", "idle-release-client-1.5s",
	"idle-release-server-4s", "smtp-421-quit", "nginx-return-444", "nginx-keepalive-race",
	"haproxy-nolinger", "health-probe-handshake", "unused-tls-dropped-3s",
	"withdrawn-request-http", "data-long-after-fin-http",
}

// noisy plays situations again on bad paths. Where chance makes another situation of one, it is tried again.
func noisy(all []stage.Situation) []stage.Situation {
	var out []stage.Situation
	for i, name := range onBadPaths {
		k := slices.IndexFunc(all, func(s stage.Situation) bool { return s.Name == name })
		s := all[k]
		s.Name, s.Rule, s.NearMiss, s.Tries, s.Keep = "noisy-"+s.Name, "", "", 6, []string{"client", "server"}
		s.Spec.V6 = i%4 == 1
		s.Spec.Loss, s.Spec.Jitter = 0.01*float64(1+i%4), time.Duration(i%3)*3*time.Millisecond
		s.Spec.Near, s.Spec.Far = time.Duration(3+i%5)*time.Millisecond, time.Duration(10+9*(i%7))*time.Millisecond
		s.Says = strings.TrimSuffix(s.Says, ".") + ", on a path that loses and reorders."
		out = append(out, s)
	}
	return out
}
