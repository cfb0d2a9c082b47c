package rules

import (
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// SayHalfOpen lists the steps of a handshake that its originator reset.
func (f *Finding) SayHalfOpen(c *facts.Facts) {
	if c.Snd.SYN.Seen() {
		f.Text(Sender(c)+" asks for a connection", c.Snd.SYN.Frame)
	}
	switch {
	case c.Trigger == nil:
	case c.Snd.SYN.Seen():
		f.Text(words.Sentence("%s accepts %s later", Receiver(c), words.Span(c.Trigger.Time.Sub(c.Snd.SYN.Time))), c.Snd.SYN.Frame, c.Trigger.Frame)
	default:
		f.Text(Receiver(c)+" accepts", c.Trigger.Frame)
	}
	f.Text("in place of the third step comes a bare RST with the number that the SYN-ACK asked for", c.Frame)
}
