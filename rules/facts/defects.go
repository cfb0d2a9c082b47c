package facts

import "github.com/rstexplain/rstexplain/flows"

// Lowered returns a confidence, lowered for each defect of the capture that its evidence rests on.
func (c *Facts) Lowered(confidence float64, by flows.Defects) float64 {
	for _, d := range defectCosts {
		if c.Conn.Defects&by&d.defect != 0 {
			confidence *= d.factor
		}
	}
	return confidence
}

// defectCosts are the factors by which a defect lowers what rests on it.
var defectCosts = []struct {
	defect flows.Defects
	factor float64
}{
	{flows.NoHandshake, 0.945},
	{flows.OneDirection, 0.93},
	{flows.MissedPackets, 0.94},
	{flows.Reordered, 0.985},
	{flows.SnapCut, 0.95},
	{flows.Evicted, 0.93},
}

// Sets of defects that rules rest on.
const (
	AnyDefect = flows.NoHandshake | flows.OneDirection | flows.MissedPackets | flows.Reordered | flows.SnapCut | flows.Evicted
	LostBytes = flows.OneDirection | flows.MissedPackets
)

// OneSided reports whether the capture holds segments of the RST's sender only.
func (c *Facts) OneSided() bool {
	return c.Rcv.Segments == 0 && c.Conn.Defects.Has(flows.OneDirection) && c.Snd.Segments > 0
}

// Blind reports whether segments toward the RST's sender may be missing from the capture.
func (c *Facts) Blind() bool {
	return c.Rcv.Segments == 0 || c.Conn.Defects&(flows.OneDirection|flows.MissedPackets) != 0 ||
		c.MissedAfter(c.Side.Peer())
}
