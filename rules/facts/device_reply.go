package facts

// RepliesFromDevice reports whether a RST with another TTL than its sender's packets is in all else the reply of a
// system without the connection: its numbers are those of a reply to one segment of the peer, and nothing but TTL, IP
// ID and Ethernet address speaks for another sender. An injector copies numbers or guesses them. Where the reply comes
// sooner than a host at the sender's place answers, its header must be the one that a stack makes for a reply too.
func (c *Facts) RepliesFromDevice() bool {
	if c.Kind != KindReply || c.Trigger == nil || c.Trigger.DataLen == 0 || c.WND != 0 || c.SEQ != c.Trigger.ACK {
		return false
	}
	if need, _ := c.Distance(); need == 0 || c.TriggerDelay < need*3/4 && !c.LinuxReply() {
		return false
	}
	for i := range c.PathSigns.Against {
		switch c.PathSigns.Against[i].Kind {
		case SignOtherTTL, SignOtherMAC, SignIPIDBreaks, SignIPIDNotZero, SignTooSoon:
		default:
			return false
		}
	}
	return true
}
