package kernel

import (
	"fmt"
	"strings"
)

// telling are the counters that tell of resets and of what leads to them, with what an increase means.
var telling = []struct{ name, means string }{
	{"TcpOutRsts", "RSTs were sent"},
	{"TcpEstabResets", "established connections were reset, by either side"},
	{"TcpAttemptFails", "connections failed while they were opened"},
	{"TcpRetransSegs", "segments were retransmitted"},
	{"TcpExtListenOverflows", "handshakes met a full accept queue: the application accepts too slowly, or its backlog " +
		"is too small"},
	{"TcpExtListenDrops", "SYNs or handshakes were dropped at a listening socket"},
	{"TcpExtTCPReqQFullDrop", "SYNs were dropped because the queue of half-open connections was full"},
	{"TcpExtTCPReqQFullDoCookies", "SYNs were answered with SYN cookies because the queue of half-open connections " +
		"was full"},
	{"TcpExtTCPAbortOnData", "data arrived for a socket that was closed already, or was closed with SO_LINGER 0: the " +
		"connection was reset"},
	{"TcpExtTCPAbortOnClose", "sockets were closed with received data unread: the connections were reset"},
	{"TcpExtTCPAbortOnMemory", "too many closed sockets, or no memory for TCP: connections were reset"},
	{"TcpExtTCPAbortOnTimeout", "connections ended by a timeout: retransmissions, keep-alive probes or TCP_USER_TIMEOUT"},
	{"TcpExtTCPAbortOnLinger", "closed sockets in FIN-WAIT-2 were reset at once (TCP_LINGER2)"},
	{"TcpExtTCPAbortFailed", "a RST was due and could not be sent, for lack of memory"},
	{"TcpExtTCPTimeouts", "retransmission timers ran out"},
	{"TcpExtPAWSEstab", "segments with a timestamp that is too old were dropped (PAWS)"},
	{"TcpExtTCPChallengeACK", "challenge ACKs were sent (RFC 5961)"},
	{"TcpExtTCPSYNChallenge", "a SYN came on an open connection and was answered with a challenge ACK"},
	{"TcpExtTCPBacklogDrop", "segments were dropped because a socket's backlog was full"},
	{"TcpExtTCPRcvQDrop", "segments were dropped because a receive buffer was full"},
	{"TcpExtTCPZeroWindowDrop", "segments were dropped because the window was closed"},
}

// Counters words what the counters say: of two or more records of the same counters, by how much they grew from the
// first to the last. Ss says which listening sockets had a full queue.
func Counters(records []*Record) []string {
	var first, last map[string]int64
	times := 0
	for _, r := range records {
		if len(r.Counters) == 0 {
			continue
		}
		m := map[string]int64{}
		for _, c := range r.Counters {
			if !strings.HasPrefix(c.Name, "Tcp") && !strings.HasPrefix(c.Name, "MPTcp") {
				continue
			}
			if _, twice := m[c.Name]; twice && times == 0 { // before and after in one file
				first, m = m, map[string]int64{}
				times++
			}
			m[c.Name] = c.Value
		}
		if first == nil {
			first = m
		}
		last = m
		times++
	}
	var out []string
	for _, t := range telling {
		now, ok := last[t.name]
		if !ok {
			continue
		}
		if times == 1 {
			if now != 0 {
				out = append(out, fmt.Sprintf("%s is %d, from an unknown time on (give a record from before as "+
					"well): %s", t.name, now, t.means))
			}
		} else if grown := now - first[t.name]; grown > 0 {
			out = append(out, fmt.Sprintf("%s grew by %d: %s", t.name, grown, t.means))
		} else if grown < 0 {
			out = append(out, fmt.Sprintf("%s fell from %d to %d: the host was started again, or the records are of two "+
				"hosts or in the wrong order", t.name, first[t.name], now))
		}
	}
	full := 0
	for _, r := range records {
		for i := range r.Sockets {
			if s := &r.Sockets[i]; s.State == "LISTEN" && s.SendQ > 0 && s.RecvQ > s.SendQ {
				if full++; full <= 10 {
					out = append(out, fmt.Sprintf("ss showed the accept queue of %s full: %d connections wait, "+
						"and %d may", s.Local, s.RecvQ, s.SendQ))
				}
			}
		}
	}
	return out
}
