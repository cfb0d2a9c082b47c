package words

import "github.com/rstexplain/rstexplain/flows"

// Segment names a segment in a sentence: "the client's data (120 bytes)".
func Segment(e *flows.Event) string {
	who := Side(e.Side)
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
		return Sentence("%s's %sdata (%s) and FIN", who, again, Bytes(int64(e.DataLen)))
	case e.DataLen > 0:
		return Sentence("%s's %sdata (%s)", who, again, Bytes(int64(e.DataLen)))
	case e.Flags.Has(flows.FIN):
		return who + "'s " + again + "FIN"
	case e.Notes&flows.ChallengeACK != 0:
		return who + "'s challenge ACK"
	}
	return who + "'s ACK"
}

// Run names n sendings of a run.
func Run(k flows.RunKind, n int) string {
	switch k {
	case flows.RunKeepAlive:
		return Count(n, "keep-alive probe")
	case flows.RunZeroWindow:
		return Count(n, "zero-window probe")
	case flows.RunFIN:
		return Count(n, "retransmission") + " of its FIN"
	}
	return Count(n, "retransmission")
}
