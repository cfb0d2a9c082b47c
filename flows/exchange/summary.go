package exchange

import "strings"

// Summary tells what was said so far. The strings come from names, the table that Say was given.
func (s *State) Summary(names *Names) Summary {
	open := [2]bool{s.isOpen(&s.voice[0]), s.isOpen(&s.voice[1])}
	s = s.settled(names)
	out := Summary{
		Protocol: s.protocolName(), Upgraded: protocolNames[s.via],
		Speaker: int(s.speaker) - 1, First: int(s.first) - 1,
		Host: names.get(s.host), UserAgent: names.get(s.agent),
		BodyWant: -1, BodySide: -1, AlertSide: -1, RequestSide: -1, VerdictSide: -1,
	}
	out.Open = open
	out.Guess = s.isGuess()
	for i := range s.voice {
		v := &s.voice[i]
		out.Last[i] = Message{Kind: v.kind, Frame: int(v.frame), Time: v.time, Text: names.get(v.text), Len: v.len,
			End: int(v.end)}
		if v.kind == Response && (open[i] || v.flags&more != 0) {
			out.Last[i].Kind = Partial
		}
		out.Waiting[i] = int(v.wait)
		out.Unused[i] = v.flags&asked == 0
		out.Messages[i] = int(v.turns)
		out.Pings[i] = int(v.pings)
		out.Goodbye[i] = int(v.bye)
		out.CloseAnnounced[i] = v.flags&closes != 0
		out.Likely[i] = s.proto == tls && v.flags&fullSize != 0 && v.left == 0
	}
	// A side that mostly speaks without being answered wants no answer.
	if v := &s.voice[0]; v.phase == phaseTurns && v.aux&0xffff >= 3 && v.aux&0xffff > v.aux>>16 {
		out.Waiting[0] = 0
	}
	out.Pending = out.Waiting[0] + out.Waiting[1]
	if s.askFrame != 0 {
		out.RequestSide = 0
		if s.bits&askedBy1 != 0 {
			out.RequestSide = 1
		}
		out.Request = Message{Kind: Request, Frame: int(s.askFrame), Time: s.askTime, Text: names.get(s.line)}
		if s.proto == tls && s.line == textClientHello {
			out.Request.Kind = ClientHello
		}
		if last := out.Last[out.RequestSide]; last.Frame == out.Request.Frame && last.Time == out.Request.Time {
			out.Request = last
		}
	}
	s.summarizeHTTP(names, &out)
	s.summarizeTLS(names, &out)
	s.summarizeVerdict(names, &out)
	s.summarizePostgres(&out)
	if s.proto == mqtt && s.status != 0 {
		out.KeepAliveTime, out.KeepAliveFrame = int(s.status), int(s.voice[0].aux)
	}
	out.OtherLayer = (s.proto == tls || s.proto == http1) && s.voice[1].flags&otherLayer != 0 && s.voice[1].kind != None &&
		(s.proto == tls) == (s.voice[1].kind == Alert)
	return out
}

// summarizeVerdict fills in what a side refused, and how.
func (s *State) summarizeVerdict(names *Names, out *Summary) {
	if s.proto == tls {
		return // of TLS itself the alert says it
	}
	if s.alert != 0 {
		side := 0
		if s.bits&alertBy1 != 0 {
			side = 1
		}
		out.VerdictSide = side
		out.Verdict = Message{Kind: Refusal, Frame: int(s.alert), Text: names.get(s.alpn)}
		return
	}
	if m := &out.Last[1]; out.Status >= 400 && (m.Kind == Response || m.Kind == Partial || m.Kind == Refusal) {
		out.Verdict, out.VerdictSide = *m, 1
	}
}

func (s *State) summarizeHTTP(names *Names, out *Summary) {
	if !s.hasHTTP() {
		return
	}
	switch s.proto {
	case http1, http2, rtsp, sip:
		if s.line != textPing {
			out.Method, out.Path, _ = strings.Cut(names.get(s.line), " ")
		}
	default:
		if s.via == httpConnect {
			out.Method, out.Path = "CONNECT", out.Host
		}
	}
	out.Status = int(s.status)
	if s.proto != tls {
		out.Server = names.get(s.server)
	}
	out.KeepAlive = s.voice[0].flags&closes == 0 && s.voice[1].flags&closes == 0
	if s.proto == http2 {
		out.KeepAlive = s.voice[0].bye == 0 && s.voice[1].bye == 0
	}
	if s.proto != http1 && s.proto != rtsp && s.proto != sip {
		return
	}
	for i := range s.voice {
		out.InHeader[i] = out.Open[i] && s.voice[i].phase == httpHeader
	}
	out.EventStream = s.proto == http1 && s.voice[1].flags&(httpEvents|httpRequest) == httpEvents
	out.Withheld = s.proto == http1 && s.voice[0].phase == httpMaybeBody
	// Of two bodies the one that is not at its end matters, of two such the later.
	for _, i := range [...]int{1 - int(s.talk&1), int(s.talk & 1)} {
		v := &s.voice[i]
		open := v.left > 0 || v.phase == httpChunk || v.phase == httpTrailer
		switch {
		case v.phase == httpHeader || v.phase >= phaseLost:
			continue // the body is yet to come, or where it ends is not known
		case v.phase == httpStart && v.left > 0:
			continue // media between messages of RTSP
		case !open && (out.BodySide >= 0 && out.Open[out.BodySide] || v.want() == 0):
			continue
		}
		out.BodySide = i
		switch {
		case v.phase == httpUntilEnd:
			out.BodyWant, out.BodyGot = -1, forever-v.left
		case v.flags&httpChunked != 0:
			out.BodyWant, out.BodyGot = -1, v.want()-v.left
		default:
			out.BodyWant, out.BodyGot = v.want(), v.want()-v.left
		}
	}
}

func (s *State) summarizeTLS(names *Names, out *Summary) {
	if s.proto != tls {
		return
	}
	out.TLS = true
	out.TLSVersion = tlsVersion(s.version)
	out.SNI = names.get(s.server)
	if out.ALPN = names.get(s.alpn); out.ALPN == "h2" && s.tls&(tls13|speaksH2) == tls13 && s.voice[s.client()].flags&spoken != 0 {
		out.ALPN = "" // the choice is encrypted, and the client's first words are not HTTP/2's
	}
	out.HandshakeOK = s.handshakeOK()
	out.TLSClient = s.client()
	for i := range s.voice {
		out.CloseNotify[i] = int(s.voice[i].bye)
	}
	if s.alert != 0 {
		side := 0
		if s.bits&alertBy1 != 0 {
			side = 1
		}
		out.AlertFrame[side] = int(s.alert)
		if s.bits&alertClear != 0 {
			out.AlertSide, out.AlertText = side, alertName(s.desc)
		}
	}
}

// protocolName names what is spoken.
func (s *State) protocolName() string {
	if s.proto == tls && s.version != 0 && (s.tls&(sawClientHello|sawServerHello) != sawClientHello ||
		s.voice[1-s.client()].text == textHelloRetry) { // what a Client Hello offers is not agreed on
		return tlsVersion(s.version)
	}
	return protocolNames[s.proto]
}

// hasHTTP reports whether HTTP is spoken, or was to set up what is.
func (s *State) hasHTTP() bool {
	switch s.proto {
	case http1, http2, rtsp, sip:
		return true
	}
	return s.via == httpConnect || s.via == httpUpgraded
}

// handshakeOK reports whether the TLS handshake is finished. Where it began before the capture, it is.
func (s *State) handshakeOK() bool {
	if s.proto != tls {
		return false
	}
	const both = finishedClient | finishedServer
	return s.tls&both == both || s.tls&(sawClientHello|sawServerHello) == 0 || s.finishedUnseen()
}

// finishedUnseen reports whether, below TLS 1.3, the server has sent what comes right before its Finished, a ticket or
// Change Cipher Spec, in answer to the client's last part of the handshake, and the rest of that flight was not
// captured.
func (s *State) finishedUnseen() bool {
	client, server := &s.voice[s.client()], &s.voice[1-s.client()]
	return s.bits&doubt != 0 && s.tls&tls13 == 0 && client.kind == Handshake && server.kind == Handshake &&
		s.speaker == uint8(1-s.client())+1 && (s.tls&ccsServer != 0 || server.text == textTicket)
}

// isGuess reports whether turn-taking is all that is known.
func (s *State) isGuess() bool {
	if s.speaker == 0 {
		return false
	}
	if s.bits&doubt != 0 || s.proto <= opaque {
		return true
	}
	for i := range s.voice {
		if s.voice[i].phase >= phaseLost {
			return true
		}
	}
	return s.bits&turnTaking != 0 || s.proto == tls && s.voice[s.client()].flags&asked != 0
}

// isOpen reports whether a side's last bytes end inside a unit.
func (s *State) isOpen(v *voice) bool {
	switch {
	case s.bits&frozen != 0:
		return v.flags&open != 0
	case v.phase >= phaseLost || s.proto <= opaque:
		return false
	case v.scrap != 0 || v.flags&skipLine != 0:
		return true
	case v.left > 0:
		return v.left < forever/2
	case s.proto == http1 || s.proto == rtsp || s.proto == sip:
		return v.flags&more != 0 && v.phase != httpUntilEnd
	case s.proto == redis:
		return v.flags&more != 0 // elements of an array are to come
	}
	return false
}

// settled returns s, or where the beginning of a message waits for more, a copy that has read it as it is.
func (s *State) settled(names *Names) *State {
	if s.voice[0].scrap|s.voice[1].scrap == 0 {
		return s
	}
	t := *s
	heard := len(names.ftp)
	defer func() { names.ftp = names.ftp[:heard] }() // it is heard again when the rest comes
	for i := range t.voice {                         // the scraps stay with s
		t.voice[i].scrap = 0
		t.voice[i].flags &^= broken
	}
	for i := range t.voice {
		v := &t.voice[i]
		p := names.scraps.get(s.voice[i].scrap)
		if p == nil || v.phase >= phaseLost {
			continue
		}
		if t.proto == undecided && identify(p.b, i, true) == opaque {
			continue // turn-taking has told already what there is to tell
		}
		h := hearing{State: &t, names: names, side: i, v: v, frame: p.frame, time: p.time}
		phase, bits := v.phase, t.bits
		for b := p.b; len(b) > 0 && v.phase < phaseLost; {
			n := h.unit(b, true)
			v.left = 0
			v.grow(int64(n))
			b = b[n:]
		}
		if v.phase == phaseLost {
			v.phase, t.bits = phase, bits // nothing is lost yet
		}
	}
	return &t
}
