package pasted

import "bytes"

// What people paste and what shows no packets, or packets without what is needed, is recognised to be named.

// sockets reports whether a line is one of ss or netstat.
func sockets(t []byte) bool {
	for _, state := range [...]string{"ESTAB", "LISTEN", "TIME-WAIT", "TIME_WAIT",
		"CLOSE-WAIT", "CLOSE_WAIT", "SYN-SENT", "SYN_SENT", "SYN_RECV", "SYN-RECV",
		"FIN-WAIT-1", "FIN_WAIT1", "FIN-WAIT-2", "FIN_WAIT2", "LAST-ACK", "LAST_ACK", "UNCONN", "FIN_WAIT_2", "LISTENING"} {
		k := bytes.Index(t, []byte(state))
		if k >= 0 && bytes.IndexByte(t, ':') > 0 && (k == 0 || bytes.HasPrefix(bytes.ToLower(t), []byte("tcp"))) {
			return true
		}
	}
	return false
}

// A followed finds tshark's "Follow stream": a frame of = with what was followed, and who the nodes are. Wireshark's
// window shows the data alone, which nothing tells from any other text.
type followed struct{ frame bool }

func (f *followed) line(t []byte) bool {
	if len(t) >= 20 && len(bytes.Trim(t, "=")) == 0 {
		f.frame = true
		return false
	}
	switch {
	case !f.frame:
	case bytes.HasPrefix(t, []byte("Follow: ")):
		return true
	case bytes.HasPrefix(t, []byte("Filter: ")), bytes.HasPrefix(t, []byte("Node 0: ")),
		bytes.HasPrefix(t, []byte("Node 1: ")):
	default:
		f.frame = false
	}
	return false
}

// routerOS reports whether a line is one of RouterOS's packet sniffer, "print" or "quick": addresses and sizes, and
// nothing of TCP's header.
func routerOS(t []byte) bool {
	if bytes.Contains(t, []byte("ip-protocol=tcp")) {
		return true
	}
	s := scan{b: t}
	arrow, tcp, ends := false, false, 0
	for w := s.word(); len(w) > 0; w = s.word() {
		switch string(w) {
		case "->", "<-":
			arrow = true
		case "tcp", "ip:tcp":
			tcp = true
		default:
			if k := bytes.LastIndexByte(w, ':'); k > 0 {
				if _, ok := addrOf(w[:k]); ok {
					if _, ok := whole(w[k+1:]); ok {
						ends++
					}
				}
			}
		}
	}
	return arrow && tcp && ends == 2
}
