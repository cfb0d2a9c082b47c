package rules

import "github.com/rstexplain/rstexplain/flows"

// segment names a segment in a sentence: "the client's data (120 bytes)".
func segment(e *flows.Event) string {
	who := name(e.Side)
	again := ""
	if e.Notes&flows.Retransmitted != 0 {
		again = "resent "
	}
	switch {
	case e.Flags&(flows.SYN|flows.ACK) == 0:
		return who + "'s segment without ACK"
	case e.Flags.Has(flows.SYN | flows.ACK):
		return who + "'s " + again + "SYN-ACK"
	case e.Flags.Has(flows.SYN):
		return who + "'s " + again + "SYN"
	case e.Notes&flows.KeepAlive != 0:
		return who + "'s keep-alive probe"
	case e.Notes&flows.WindowProbe != 0:
		return who + "'s window probe"
	case e.DataLen > 0 && e.Flags.Has(flows.FIN):
		return sentence("%s's %sdata (%s) and FIN", who, again, octets(int64(e.DataLen)))
	case e.DataLen > 0:
		return sentence("%s's %sdata (%s)", who, again, octets(int64(e.DataLen)))
	case e.Flags.Has(flows.FIN):
		return who + "'s " + again + "FIN"
	case e.Notes&flows.ChallengeACK != 0:
		return who + "'s challenge ACK"
	}
	return who + "'s ACK"
}
