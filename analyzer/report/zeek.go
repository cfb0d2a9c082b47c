package report

import "github.com/rstexplain/rstexplain/flows"

// zeekOf returns the connection as Zeek would log it if the RST had ended it, with conn_state as in conn.log
// (https://docs.zeek.org/en/current/scripts/base/protocols/conn/main.zeek.html).
func zeekOf(r *flows.Reset) Zeek {
	c := r.Conn
	z := Zeek{History: c.History}
	if c.End(r.Side).RSTs == 0 {
		if r.Side == flows.Originator {
			z.History += "R"
		} else {
			z.History += "r"
		}
	}
	// As in Zeek, a responder's RST takes precedence over an originator's. Zeek calls a side whose SYN it did not see
	// inactive or partial.
	o, rs := c.End(flows.Originator), c.End(flows.Responder)
	byOriginator := r.Side == flows.Originator || o.RSTs > 0
	byResponder := r.Side == flows.Responder || rs.RSTs > 0
	noData := o.Bytes == 0 && rs.Bytes == 0
	switch {
	case byResponder && (o.SYN.Seen() && c.Phase() == flows.PostSYN || byOriginator && noData):
		z.State = "REJ" // a connection attempt that was rejected
	case byResponder && !o.SYN.Seen():
		z.State = "RSTRH" // the responder aborted, and no SYN of the originator was seen
	case byResponder:
		z.State = "RSTR"
	case !rs.SYN.Seen():
		z.State = "RSTOS0" // the originator aborted, and no SYN-ACK was seen
	default:
		z.State = "RSTO"
	}
	return z
}
