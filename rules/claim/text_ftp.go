package claim

import "github.com/rstexplain/rstexplain/rules/words"

func ftpTransferText(c *Claim) string {
	s := "the connection carries the data of an FTP transfer (" + c.Text
	if c.Bytes > 0 {
		s += ", " + words.Bytes(c.Bytes)
	}
	return s + ")"
}

func transferCutText(c *Claim) string {
	s := "no FIN of " + c.side() + " was captured before, which ends a file in FTP"
	switch {
	case c.Of > 0:
		s += "; " + words.Bytes(c.Bytes) + " of " + words.Bytes(c.Of) + " are acknowledged"
	case c.Bytes > 0:
		s += "; " + words.Bytes(c.Bytes) + " are acknowledged"
	}
	return s
}

func transferEndedText(c *Claim) string {
	return "the transfer on the data connection was complete" + beforeRST(c.Span) + ": " + c.side() + "'s FIN"
}

func transferLeftText(c *Claim) string {
	return c.side() + " closes the data connection" + beforeRST(c.Span) + ", before the transfer (" + c.Text +
		") is complete"
}
