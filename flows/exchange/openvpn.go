package exchange

// OpenVPN over TCP (openvpn.net, "Protocol Overview"): a length and an operation. Packets in the tunnel
// want nothing of the peer that carries them.

const (
	vpnControl     = 4
	vpnAck         = 5
	vpnData        = 6
	vpnResetClient = 7
	vpnResetServer = 8
	vpnData2       = 9
	vpnReset3      = 10
)

// isOpenVPN knows the client's first packet, when it is all of a segment.
func isOpenVPN(b []byte, side int) verdict {
	switch {
	case side != 0, b[0] > 2, len(b) > 2 && b[2] != vpnResetClient<<3 && b[2] != vpnReset3<<3:
		return no
	case len(b) < 3:
		return maybe
	}
	n := be16(b)
	switch {
	case n < 14 || len(b) > 2+n:
		return no
	case len(b) < 2+n:
		return maybe
	}
	return yes
}

func startsOpenVPN(b []byte) bool {
	return len(b) >= 3 && be16(b) > 0 && b[2]>>3 >= 3 && b[2]>>3 <= 11 && len(b) <= 2+be16(b)
}

func (h *hearing) readOpenVPN(b []byte, last bool) int {
	if len(b) < 3 {
		return h.short(b, last)
	}
	switch op := b[2] >> 3; op {
	case vpnResetClient, vpnReset3:
		h.begin(Handshake, h.phrase("hard reset"))
		h.v.wait = 1
		h.ask()
	case vpnResetServer:
		h.answer(Handshake, h.phrase("hard reset"))
	case vpnControl:
		h.run(Handshake, h.phrase("control"))
	case vpnAck:
		if h.v.kind == None {
			h.begin(Housekeeping, h.phrase("ack"))
		}
	case vpnData, vpnData2:
		h.begin(Housekeeping, h.phrase("tunnelled packet"))
		h.v.flags |= asked
	default:
		if op > 11 || be16(b) == 0 {
			return h.strange(b)
		}
		h.run(Handshake, h.phrase("control"))
	}
	return h.frameOf(3, int64(2+be16(b)))
}
