package report

import "slices"

// withShortTexts returns r with its texts cut to what people write, r itself if none is longer: a hostile capture can
// make them as long as its packets.
func (r *Reset) withShortTexts() *Reset {
	const word, name, filter = 24, 60, 1500
	long := false
	cut := func(s *string, n int) {
		if runes(*s) > n {
			*s, long = clipped(*s, n), true
		}
	}
	c := r.Clone()
	for _, s := range []*string{&c.Summary, &c.Harm, &c.Symptom, &c.Remedy, &c.CaptureNext} {
		cut(s, longText)
	}
	for _, s := range []*string{&c.Originator, &c.Responder, &c.Detail, &c.Conn.Protocol} {
		cut(s, name)
	}
	for _, list := range [][]Evidence{c.Evidence, c.OriginWhy, c.Notes} {
		for i := range list {
			cut(&list[i].Says, longText)
		}
	}
	for _, s := range []*string{(*string)(&c.Cause), (*string)(&c.Severity), &c.Sender} {
		cut(s, word)
	}
	for i := range c.Alternatives {
		cut((*string)(&c.Alternatives[i].Cause), word)
		cut(&c.Alternatives[i].WhyNot, longText)
		cut(&c.Alternatives[i].Detail, name)
	}
	for i := range c.Prints {
		cut(&c.Prints[i].Program, name)
		cut(&c.Prints[i].Says, longText)
	}
	for i := range c.Timeline {
		e := &c.Timeline[i]
		cut(&e.Flags, word)
		for k := range e.To {
			cut(&e.From[k], word)
			cut(&e.To[k], word)
		}
		e.Notes = slices.Clone(e.Notes)
		for k := range e.Notes {
			cut(&e.Notes[k], word)
		}
	}
	for i := range c.Places {
		cut(&c.Places[i].Path, name)
		cut(&c.Places[i].Filter, filter)
	}
	cut(&c.Filter, filter)
	if !long {
		return r
	}
	return c
}
