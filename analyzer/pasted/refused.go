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

// logLine reports whether a line is of a program that lists connections, or packets without their numbers, and what it
// is.
func logLine(t []byte) (Reason, bool) {
	has := func(s string) bool { return bytes.Contains(t, []byte(s)) }
	switch {
	case headless(t):
		return Headless, true
	case has("PROTO=TCP ") && has(" SPT=") && has(" DPT="):
		return Netfilter, true
	case has("(tcp:") && has("->"), has("PktGroupId ") && !has(" > "):
		return Kernel, has("(tcp:")
	case has(" src=") && has(" dst=") && has(" sport=") && has(" dport="):
		return Conntrack, true
	case has(" -> ") || has(" <- "):
		if k := bytes.LastIndexByte(t, '('); k > 0 && t[len(t)-1] == ')' && tcpsnoopFlags(t[k+1:len(t)-1]) {
			return Ngrep, true
		}
	}
	switch {
	case t[0] == 'T' && has(" -> ") && (bytes.HasPrefix(t, []byte("T ")) || bytes.HasPrefix(t, []byte("TCP "))):
		return Ngrep, ngrep(t)
	}
	return 0, false
}

// tcpsnoopFlags reads what DTrace's tcpsnoop shows of a packet: SYN|ACK.
func tcpsnoopFlags(b []byte) bool {
	_, ok := flagNames(bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("PUSH"), []byte("PSH")), []byte("|"), []byte(" ")))
	return ok
}

// ngrep reports whether a line is a packet's as ngrep shows it: "T 192.0.2.1:40000 -> 198.51.100.7:80 [AP] #4".
func ngrep(t []byte) bool {
	s := scan{b: t}
	s.word()
	ends := 0
	for w := s.word(); len(w) > 0; w = s.word() {
		if k := bytes.LastIndexByte(w, ':'); k > 0 && allDigits(w[k+1:]) {
			ends++
		}
	}
	return ends == 2
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

// headless reports whether a line holds values of fields, two addresses and a segment's flags among them, as tshark -T
// fields prints them: without names nothing tells which is which.
func headless(t []byte) bool {
	if bytes.IndexByte(t, '\t') < 0 || !bytes.Contains(t, []byte("\t0x")) {
		return false
	}
	ends := 0
	for _, cell := range bytes.Split(t, []byte("\t")) {
		if address(cell) {
			ends++
		}
	}
	return ends == 2
}
