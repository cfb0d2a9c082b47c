package pasted

import "bytes"

// Browsers and ticket systems remove line breaks: a whole print stands in one line then. Where its packets begin can
// be found by a time and what printers put behind it: the two ends of a packet with an arrow between them, or two
// addresses and a protocol.

// separate appends to parts the pieces of a line, of which each begins with a packet but perhaps the first: the whole
// line where it shows one packet or none.
func separate(parts [][]byte, b []byte) [][]byte {
	for k := quotedRow(b); k > 0; k = quotedRow(b) {
		parts, b = append(parts, b[:k]), b[k:]
	}
	if !crowded(b) {
		return append(parts, b)
	}
	starts := beginnings(b)
	if len(starts) == 0 {
		starts = timeless(b)
	}
	from := 0
	for i, at := range starts {
		// What stands before the first may be a log's, and belong to it.
		if at > from && (i > 0 || opens(b[at-1]) || endsHead(b[:at]) || tcpInfo(b) > 0 && len(starts) > 1) {
			parts = append(parts, b[from:at])
			from = at
		}
	}
	return append(parts, b[from:])
}

// quotedRow returns where a row of quoted values begins behind something else, with the packet's number: 0 where none
// does.
func quotedRow(b []byte) int {
	for from := 0; ; {
		k := bytes.Index(b[from:], []byte(` "`))
		if k < 0 {
			return 0
		}
		from += k + 1
		n := from + 1
		for n < len(b) && isDigit(b[n]) {
			n++
		}
		if n > from+1 && bytes.HasPrefix(b[n:], []byte(`","`)) && trimRight(b, from) > 0 {
			return from
		}
	}
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// opens reports whether c may stand directly before a packet, as a quotation mark does.
func opens(c byte) bool { return bytes.IndexByte([]byte("\"'([{|;,>"), c) >= 0 }

// endsHead reports whether b ends with the names of the packet list's columns.
func endsHead(b []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(b, " \t"), []byte("Info")) && bytes.Contains(b, []byte("Source"))
}

// crowded reports whether a line may show several packets, or one behind a quotation mark or a head line: it looks at
// each byte once, and at little more.
func crowded(b []byte) bool {
	times := 0
	for i := range b {
		if !isDigit(b[i]) || !mayBegin(b, i) || !timeAt(b[i:]) {
			continue
		}
		if times++; times > 1 || i > 0 && (opens(b[i-1]) || endsHead(b[:i]) || endsHead(b[:wordBefore(b, i)])) {
			return true
		}
	}
	return times == 0 && bytes.Count(b, []byte(": Flags [")) > 1
}

// mayBegin reports whether a time may begin at i: behind a blank, or, hours of two digits and a fraction, directly behind
// the length with which a line of tcpdump ends.
func mayBegin(b []byte, i int) bool {
	return i == 0 || blank(b[i-1]) || opens(b[i-1]) || len(b) > i+9 && b[i+2] == ':' && b[i+5] == ':' &&
		b[i+8] == '.' && isDigit(b[i+1]) && isDigit(b[i+9]) && b[i-1] != ':' && b[i-1] != '.' && b[i-1] != 'T'
}

// timeAt reports whether b begins with what may be a time: 10:00:00, or 1.234567.
func timeAt(b []byte) bool {
	n := 0
	for n < len(b) && n < 11 && isDigit(b[n]) {
		n++
	}
	if n == len(b) {
		return false
	}
	switch {
	case b[n] == ':' && n <= 2:
		if len(b) > n+4 && b[n+3] == '.' && isDigit(b[n+1]) && isDigit(b[n+2]) { // minutes, as tables show them
			for n += 4; n < len(b) && isDigit(b[n]); n++ {
			}
			return n == len(b) || blank(b[n])
		}
		// "02:00:00:00:00:01" is an address of Ethernet
		return len(b) > n+5 && b[n+3] == ':' && isDigit(b[n+1]) && isDigit(b[n+4]) && (len(b) == n+6 || b[n+6] != ':')
	case b[n] == '.':
		from := n + 1
		for n = from; n < len(b) && isDigit(b[n]); n++ {
		}
		return n-from >= 1 && n-from <= 9 && (n == len(b) || blank(b[n]) || b[n] == ']')
	case b[n] == '-' && n == 4 && len(b) > 19: // RFC 3339
		return b[7] == '-' && b[10] == 'T'
	}
	return false
}

// beginnings returns where packets begin in a line.
func beginnings(b []byte) (starts []int) {
	numbered := false // as the first is
	for i := 0; i < len(b); i++ {
		if !isDigit(b[i]) || !mayBegin(b, i) || !timeAt(b[i:]) || !packetAt(b[i:]) {
			continue
		}
		if i > 0 && !blank(b[i-1]) && !opens(b[i-1]) {
			starts = append(starts, i)
			continue
		}
		from, number := i, wordBefore(b, i)
		if i > 0 && b[i-1] == '[' {
			from, number = i-1, wordBefore(b, i-1)
		}
		if at := dateBefore(b, from); at < from {
			from, number = at, wordBefore(b, at)
		}
		if w := bytes.TrimSuffix(bytes.TrimSpace(b[number:from]), []byte(":")); allDigits(w) &&
			(numbered || len(starts) == 0) {
			from, numbered = number, true
		}
		if len(starts) == 0 || from > starts[len(starts)-1] {
			starts = append(starts, from)
		}
		for i+1 < len(b) && !blank(b[i+1]) {
			i++
		}
	}
	return starts
}

// wordBefore returns where the word before i begins, i where there is none.
func wordBefore(b []byte, i int) int {
	end := trimRight(b, i)
	if end == 0 {
		return i
	}
	k := end
	for k > 0 && !blank(b[k-1]) && (k == end || b[k-1] == ',' || !opens(b[k-1])) {
		k--
	}
	return k
}

// dateBefore returns where the date before a time at i begins, i where there is none.
func dateBefore(b []byte, i int) int {
	k := wordBefore(b, i)
	if _, ok := dateOf(bytes.TrimSpace(b[k:i])); ok {
		return k
	}
	for range 2 { // Nov 18 10:00:00, Nov 18, 2026 10:00:00
		k = wordBefore(b, k)
		if isMonth(b[k:]) {
			return k
		}
	}
	return i
}

// packetAt reports whether a packet begins at the time with which b begins.
func packetAt(b []byte) bool {
	s := scan{b: b[:min(len(b), 400)]}
	s.word()
	const most = 12
	var words [most][]byte
	for n := range most {
		w := s.word()
		words[n] = w
		switch string(w) {
		case "":
			return false
		case ">", "->":
			if n >= 3 && address(words[n-3]) && address(words[n-2]) { // no column Protocol
				s.word()
				return bytes.HasPrefix(bytes.TrimLeft(s.rest(), " "), []byte("["))
			}
			if n == 0 || !endOfPacket(words[n-1]) {
				return false
			}
			dst := s.word()
			if len(dst) > 1 && dst[len(dst)-1] == ':' {
				return true
			}
			if _, isMAC := mac(words[n-1]); isMAC { // -e
				continue
			}
			w = s.word()
			return plausible(dst) && isProtocol(w) && (overTCP[string(w)] || allDigits(s.word()))
		case "(tos", "(class", "(flowlabel", "(hlim", "ethertype":
			return true
		case "ARP", "arp", "IN=":
			return n < 3
		}
		if timeAt(bytes.TrimPrefix(w, []byte("["))) { // the kernel's own behind a log's
			return false
		}
		if bytes.HasPrefix(w, []byte("IN=")) || n >= 2 && isProtocol(w) && listed(words[:n], w, s) {
			return true
		}
	}
	return false
}

// endOfPacket reports whether a word before an arrow can be an end of a packet.
func endOfPacket(w []byte) bool {
	_, isMAC := mac(w)
	_, width := ipv4(w)
	return isMAC || width > 0 || plausible(w)
}

// listed reports whether two ends of a packet list's row stand at the end of words, before the protocol.
func listed(words [][]byte, protocol []byte, s scan) bool {
	n := len(words)
	if n >= 4 && allDigits(words[n-1]) && allDigits(words[n-3]) {
		return address(words[n-4]) && address(words[n-2])
	}
	return address(words[n-2]) && address(words[n-1]) ||
		n == 2 && plausible(words[0]) && plausible(words[1]) && overTCP[string(protocol)] && allDigits(s.word())
}

func address(w []byte) bool {
	_, ok := addrOf(w)
	return ok
}

// timeless finds where packets begin in a line without times (tcpdump -t): at the ends before the flags.
func timeless(b []byte) (starts []int) {
	for i := 0; ; {
		k := bytes.Index(b[i:], []byte(": Flags ["))
		if k < 0 {
			return starts
		}
		k += i
		i = k + 1
		dst := wordBefore(b, k)
		arrow := wordBefore(b, dst)
		src := wordBefore(b, arrow)
		if string(bytes.TrimSpace(b[arrow:dst])) != ">" || src == arrow {
			continue
		}
		from := src
		if at := trimRight(b, src); at > 0 && b[at-1] == ')' {
			if at = bytes.LastIndex(b[:src], []byte("IP")); at >= 0 {
				from = at
			}
		} else if at := wordBefore(b, src); bytes.HasPrefix(b[at:], []byte("IP")) {
			from = at
		}
		starts = append(starts, from)
	}
}

// shown counts the packets that a line shows by words that printers write once for each.
func shown(b []byte) int {
	n := bytes.Count(b, []byte(": Flags [")) + bytes.Count(b, []byte("] Seq=")) + bytes.Count(b, []byte("], Seq="))
	if n > 0 {
		return n
	}
	for _, word := range [...]string{"TCP:Flags=", "PROTO=TCP ", " (TCP) len=", "TCP D="} {
		if n = bytes.Count(b, []byte(word)); n > 0 {
			return n
		}
	}
	if bytes.Contains(b, []byte(" > ")) { // tcpdump before version 4
		n = bytes.Count(b, []byte(" win "))
	}
	return n
}
