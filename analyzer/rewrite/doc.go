// Package rewrite writes captures that are derived from others: annotated with the explanation, or reduced to the
// connections that were reset, optionally anonymized.
//
// Explain a capture with a [Comments] or a [Streams] as the renderer, then read it again and pass it to [Annotate] or
// [Slice].
package rewrite
