package exchange

import "math"

// A State is what must be remembered of one connection to tell what its two ends said: of fixed size and
// free of pointers, because a million of them may live at a time. The zero State has heard nothing.
//
// Readers of a protocol see the front of what is new of one side. What they do not need they leave to
// voice.left, so that a segment in the middle of a body or a record costs a subtraction.
type State struct {
	voice [2]voice

	askTime  int64  // of the last request of either side
	askFrame uint32 // 0: none
	last     uint32 // time of the last bytes, in units of 2^20 ns

	line   id // the last request's first line: "GET /a"
	host   id // Host, or the target of CONNECT
	agent  id // User-Agent
	server id // Server, or the SNI once TLS is spoken
	alpn   id // TLS: the protocol inside; before TLS: text of the verdict

	alert uint32 // TLS: frame of the first alert; before TLS: frame of the verdict

	tls    tlsBits
	queue  uint16 // what the next unanswered requests are, two bits each, the oldest lowest
	status uint16

	proto    protocol
	via      protocol // spoken before proto took over
	speaker  uint8    // side that spoke last, plus one
	first    uint8    // side that spoke first, plus one
	talk     uint8    // side that began the last message other than housekeeping, plus one
	bits     bits
	version  uint8 // TLS: minor version plus one, 0 unknown
	overhead uint8 // TLS: bytes that encryption adds to a record, 0 unknown
	desc     uint8 // description of the first alert in clear
}

// A voice is one side: its last message, and where in its protocol it is.
type voice struct {
	time  int64 // of the last message's first byte
	left  int64 // bytes to pass over before the reader is asked again
	frame uint32
	end   uint32
	len   uint32
	text  id
	scrap uint32 // handle of bytes that wait for more, 0 none
	bye   uint32 // frame of the first goodbye
	turns uint32
	aux   uint32 // the reader's own
	wait  uint16 // requests of this side that stand unanswered
	flags flags
	kind  Kind
	phase uint8 // the reader's own; 0 at the start of a message
	pings uint8 // keep-alive pings that stand unanswered
	high  uint8 // the reader's own; HTTP/1: bits 32 to 39 of the announced length, aux holds the others
}

// Phases that every protocol knows, beside 0.
const (
	phaseLost  = 254 // bytes are missing: the next segment that looks like a start is one
	phaseTurns = 255 // not read: who speaks is all that is known
)

// forever is more than any connection carries.
const forever = math.MaxInt64 / 2

// pause is the silence after which the same side begins something new, in units of 2^20 ns: about 1 s.
const pause = 954

// bits are what is known of a State as a whole.
type bits uint8

const (
	doubt      bits = 1 << iota // bytes were lost: the counts are a guess
	clientIs1                   // TLS: the responder sent the Client Hello
	askedBy1                    // the last request is the responder's
	alertBy1                    // the responder sent the first alert, or the verdict
	alertClear                  // TLS: it was in clear, desc holds its description
	turnTaking                  // some messages were told apart by turns alone
	gap                         // a side's flags may say broken
	frozen                      // made by Snapshot: a side's flags say open
)

// flags are what is known of one side.
type flags uint16

const (
	asked    flags = 1 << iota // has sent a request of its own
	more                       // the protocol says that the last message is not at its end
	skipLine                   // pass over everything to the next line feed
	closes                     // the last message announces the end of the connection
	f1                         // the reader's own, and so are the following
	f2
	f3
	f4
	f5
	f6
	f7
	f8
	f9
	f10
	broken // bytes are missing behind the scrap
	open   // of a Snapshot: the last bytes end inside a unit
)

// Say hands the State the next bytes of a side in sequence order, each byte once: resends and copies
// are left out by the caller. The segment carried dataLen bytes, of which payload holds the captured
// ones (fewer when the snaplen cut them, none is allowed). time is in Unix nanoseconds. Strings go to
// names, which must be the same for all calls.
func (s *State) Say(names *Names, side, frame int, time int64, payload []byte, dataLen uint32) {
	v := &s.voice[side]
	now := uint32(time >> 20)
	if int64(dataLen) <= v.left && s.speaker == uint8(side)+1 && int32(now-s.last) < pause {
		v.left -= int64(dataLen)
		v.grow(int64(dataLen))
		v.end = clip(frame)
		s.last = now
		return
	}
	s.hear(names, side, frame, time, payload, dataLen)
}

// Lost tells the State that n bytes of a side are missing from the capture at this place.
func (s *State) Lost(side int, n uint32) {
	if n != 0 {
		h := hearing{State: s, side: side, v: &s.voice[side]}
		h.miss(int64(n))
	}
}

// maxDisconnect is the most that a side says that takes leave: the end of its channel, and SSH_MSG_DISCONNECT.
const maxDisconnect = 512

// Fin tells the State that a side's FIN has come at its place in the sequence, after all of its bytes.
// What ends with the connection is then complete: an HTTP body without a length. And who leaves an SSH
// session in the moment of saying little has most likely said SSH_MSG_DISCONNECT, which cannot be read.
func (s *State) Fin(side int, time int64) {
	v := &s.voice[side]
	switch {
	case s.proto == http1 && v.phase == httpUntilEnd:
		v.flags &^= more
	case s.proto == ssh && v.phase == phaseTurns && s.speaker == uint8(side)+1 && v.len <= maxDisconnect &&
		uint32(time>>20)-s.last <= noWait>>20:
		v.kind, v.wait = Goodbye, 0
		if v.bye == 0 {
			v.bye = v.end
		}
	case s.proto == tls && (side == 1) != (s.bits&clientIs1 != 0):
		s.noPreface(side)
	}
}

// Release drops what of s lies in names. s must not be used any more.
func (s *State) Release(names *Names) {
	for i := range s.voice {
		names.scraps.drop(s.voice[i].scrap)
		s.voice[i].scrap = 0
	}
}

// Snapshot returns a copy of s that keeps its Summary, whatever s is fed afterwards. It is not to be fed anything,
// nor released.
func (s *State) Snapshot(names *Names) State {
	t := *s.settled(names)
	t.bits |= frozen
	for i := range t.voice {
		t.voice[i].scrap = 0
		t.voice[i].flags &^= open
		if s.isOpen(&s.voice[i]) {
			t.voice[i].flags |= open
		}
	}
	return t
}

// grow counts n bytes of the last message.
func (v *voice) grow(n int64) {
	v.len = uint32(min(int64(v.len)+n, math.MaxUint32))
}

// clip returns a frame number as it is stored.
func clip(frame int) uint32 { return uint32(min(frame, math.MaxUint32)) }
