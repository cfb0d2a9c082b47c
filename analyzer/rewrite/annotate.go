package rewrite

import (
	"context"
	"errors"
	"io"

	"github.com/rstexplain/rstexplain/analyzer/capture"
	"github.com/rstexplain/rstexplain/analyzer/decode"
	"github.com/rstexplain/rstexplain/flows"
)

// Annotate copies the capture that in reads to out as pcapng, bit for bit, with the comments at their
// packets, once: comments are asked for in the order of frames. Errors are those of writing, of the comments' temporary
// file, and that of ctx when it ends; what could not be read stands in in.Problems.
func Annotate(ctx context.Context, in *capture.Reader, out io.Writer, c *Comments) (Carried, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var carried Carried
	var decoder decode.Decoder
	var segment flows.Segment
	var err error
	carried.Copied, err = in.Rewrite(ctx, out, func(p *capture.Packet) capture.Edit {
		carried.packet(decoder.Decode(p, &segment), &segment)
		list, err := c.of(p.Frame)
		if err != nil {
			stop(err)
		}
		return capture.Edit{Comments: list}
	})
	if errors.Is(err, context.Canceled) {
		err = context.Cause(ctx)
	}
	return carried, err
}
