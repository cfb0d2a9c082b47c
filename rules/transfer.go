package rules

import (
	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// sayTransfer says which FTP transfer a data connection carries, and how far it was; or what became of the data
// connection of a control connection's last transfer.
func (f *Finding) sayTransfer(c *facts.Facts) {
	switch x := c.Related.Transfer; {
	case x == nil || f.Claims(claim.FTPTransfer):
	case c.Transfer() != nil:
		f.SayOf(x.Control.Stream, claim.Claim{Kind: claim.FTPTransfer, Side: x.Sender, Text: x.Text, Bytes: max(x.Size, 0)},
			x.Control.Frame, x.Command.Frame, x.Opened.Frame)
		if b := c.Close.Completion; b.State == facts.CutTransfer {
			f.Say(claim.Claim{Kind: claim.TransferCut, Side: b.Side, Until: c.Close.Frame, Bytes: b.Got, Of: max(b.Want, 0)},
				c.Close.Frame)
		}
	case c.SessionTransfer() == nil:
	case x.Ended.Seen():
		f.SayOf(x.Data.Stream, claim.Claim{Kind: claim.TransferEnded, Side: fileSender(x), Span: c.Time.Sub(x.Ended.Time)},
			x.Ended.Frame)
	case x.Left.Seen():
		f.SayOf(x.Data.Stream, claim.Claim{Kind: claim.TransferLeft, Side: fileSender(x).Peer(), Text: x.Text,
			Span: c.Time.Sub(x.Left.Time)}, x.Left.Frame)
	}
}

// fileSender returns the side of the control connection that sends the file.
func fileSender(x *flows.Transfer) flows.Side {
	if x.Up {
		return flows.Originator
	}
	return flows.Responder
}

// leftTransfer reports whether the sender ended an FTP session together with the data connection, in the middle of the
// transfer.
func leftTransfer(c *facts.Facts) bool {
	x := c.SessionTransfer()
	return x != nil && x.Left.Seen() && x.Left.Time.Sub(c.Close.Time) <= c.Soon()
}

// remedyOfTransfer is what to look for when a transfer was cut short.
func remedyOfTransfer(c *facts.Facts) string {
	return words.Sentence("Expected where transfers are cancelled: look into the log of %s, which ended it before the "+
		"file was complete. Otherwise look there for a crash, a kill, a full disk, or a limit on size or time.", Sender(c))
}
