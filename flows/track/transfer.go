package track

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
)

// A transfer is what an FTP session says of one of its data connections, and how far that has come.
type transfer struct {
	control         place // the line that announces the address and port
	command, opened stamp // frames of the control connection
	final           stamp
	text            string
	size            int64      // −1 unknown
	listener        flows.Side // of the control connection: who accepts the data connection
	up              bool       // the client sends
	data            place      // its SYN
	ended, left     stamp      // FIN of the data's sender, and of the receiver its FIN or RST before that
}

// A session is an FTP control connection.
type session struct {
	last cacheKey // its latest transfer
	from place    // that one's announcement: another connection may have taken its place
	size int64    // that the last reply to SIZE gave, −1 without one since the last transfer
}

// transfers relates FTP data connections to their control connections (RFC 959 §3.2). What other connections need is
// known when it comes, because a connection on which PASV, EPSV, PORT or EPRT was said is not deferred.
type transfers struct {
	sessions  cache[session]  // by the stream of the control connection
	announced cache[transfer] // by the listener's address and port, and the other host
}

func (t *Table) sessionKey(stream uint32) cacheKey { return t.keyOf(uint64(stream), 6) }

// transferKey is the key of data connections from one host to an address and port.
func (t *Table) transferKey(from, to *flows.Addr) cacheKey {
	return t.hostKey(from).and(t.addrKey(to), t.seed)
}

// hear takes what the applications of c, the control connection, have just said of data connections.
func (x *transfers) hear(t *Table, c *record, notes []exchange.FTPNote) {
	k := x.sessions.get(t.sessionKey(c.stream))
	for i := range notes {
		n := &notes[i]
		at := stampAt(flows.Mark{Frame: n.Frame, Time: flows.Time(n.Time)})
		switch n.Kind {
		case exchange.Listens:
			listener := flows.Side(n.Side)
			ends := t.addrs(c)
			to, from := ends[listener], ends[listener.Peer()]
			to.Port = n.Port
			k.last, k.from, k.size = t.transferKey(&from, &to), place{at, c.stream}, -1
			*x.announced.get(k.last) = transfer{control: k.from, size: -1, listener: listener}
			continue
		case exchange.Sizes:
			k.size = n.Size
			continue
		}
		v := x.announced.find(k.last)
		if v == nil || v.control != k.from {
			continue
		}
		switch {
		case n.Kind == exchange.Transfers && v.command.frame == 0:
			v.command, v.text, v.up = at, n.Text, n.Up
		case n.Kind == exchange.Opens && v.command.frame != 0 && v.opened.frame == 0:
			v.opened, v.size = at, n.Size
			if v.size < 0 && !v.up {
				v.size = k.size
			}
			k.size = -1
		case n.Kind == exchange.Ends && v.command.frame != 0 && v.final.frame == 0:
			v.final = at
		}
	}
}

// of returns the transfer whose data connection goes from one end to another, nil without one.
func (x *transfers) of(t *Table, from, to *flows.Addr) *transfer {
	if x.announced.sets == nil {
		return nil
	}
	return x.announced.find(t.transferKey(from, to))
}

// begins takes the SYN s of a connection, which may carry data of FTP.
func (x *transfers) begins(t *Table, s *segment, stream uint32) {
	if v := x.of(t, &s.Src, &s.Dst); v != nil && v.data.at.frame == 0 {
		v.data = place{stampOf(s), stream}
	}
}

// closes takes the first FIN of a side of c, or a RST of it.
func (x *transfers) closes(t *Table, c *record, side flows.Side, s *segment) {
	if x.announced.sets == nil {
		return
	}
	ends := t.addrs(c)
	v := x.of(t, &ends[flows.Originator], &ends[flows.Responder])
	if v == nil || v.data.at.frame == 0 || v.data.stream != c.stream || v.ended.frame != 0 || v.left.frame != 0 {
		return
	}
	if side == v.sender() && s.Flags&flows.RST == 0 {
		v.ended = stampOf(s)
	} else {
		v.left = stampOf(s)
	}
}

// sender returns the side of the data connection that sends the data.
func (v *transfer) sender() flows.Side {
	client := flows.Originator
	if v.listener == flows.Originator {
		client = flows.Responder // it accepts the data connection
	}
	if v.up {
		return client
	}
	return client.Peer()
}

// tell fills in the transfer that RST s of c has to do with: that of a data connection, or the latest of a control
// connection.
func (x *transfers) tell(t *Table, c *record, r *flows.Reset) {
	if x.announced.sets == nil {
		return
	}
	v := x.of(t, &r.Conn.Ends[flows.Originator].Addr, &r.Conn.Ends[flows.Responder].Addr)
	control := false
	if v == nil || v.data.at.frame == 0 || v.data.stream != c.stream {
		k := x.sessions.find(t.sessionKey(c.stream))
		if k == nil {
			return
		}
		if v = x.announced.find(k.last); v == nil || v.control != k.from {
			return
		}
		control = true
	}
	if v.command.frame == 0 {
		return
	}
	r.Related.Transfer = &flows.Transfer{
		OfControl: control, Control: v.control.mark(), Command: v.command.mark(), Opened: v.opened.mark(),
		Final: v.final.mark(), Text: v.text, Size: v.size, Sender: v.sender(), Up: v.up, Data: v.data.mark(),
		Ended: v.ended.mark(), Left: v.left.mark(),
	}
}
