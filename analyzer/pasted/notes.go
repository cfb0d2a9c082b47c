package pasted

import (
	"fmt"
	"strings"
)

// A Note tells how something was understood that the text leaves open.
type Note struct {
	Says        string
	Count, Line int // how many lines, and the first
}

// Notes tells what was taken for granted, once the text is read.
func (r *Reader) Notes() []Note {
	var list []Note
	add := func(t tally, says string) {
		if t.Count > 0 {
			list = append(list, Note{says, t.Count, t.Line})
		}
	}
	n := &r.numbers
	add(n.MadeUp, "connections whose numbers are relative to one that the text does not show; raw numbers in this "+
		"report are made up for them")
	add(n.Derived, "segments whose SEQ the text leaves out; it was taken from their neighbours")
	add(n.Probes, "ACKs that are probably keep-alive probes: their SEQ is not shown, but nothing called for them, and "+
		"they come after a while")
	add(n.Tied, "bare RSTs whose number as on the wire cannot be compared with the relative ones before them; they "+
		"were taken to have the number that the other side acknowledged. If they had not, the RST was ignored")
	add(n.Earlier, "refusals that acknowledge no SYN shown with the same base; they were taken for answers to an "+
		"earlier SYN")
	add(n.Rough, "segments whose length the text does not show and no neighbour tells; it is an estimate, and nothing is "+
		"concluded from data that seems to be missing behind it")
	add(r.guessed, "ICMP errors of which the text does not show which packet they are about; each was taken to be "+
		"about the last connection of its receiver")
	add(r.byLines, "packets whose hex dump shows no TCP header, cut or behind a link layer that is not known; their "+
		"line was read instead")
	add(n.Omitted, "packets before which the text leaves others out: the time there is no silence, and what is said to "+
		"be absent may have been left out")
	if len(r.f5Causes) > 0 {
		list = append(list, Note{Says: r.f5Note()})
	}
	if len(r.Pastes) > 1 {
		var where []string
		for _, p := range r.Pastes[:min(len(r.Pastes), 8)] {
			s := fmt.Sprintf("line %d", p.Line)
			if p.Heading != "" {
				s += fmt.Sprintf(" (%q)", p.Heading)
			}
			where = append(where, s)
		}
		list = append(list, Note{Says: fmt.Sprintf("the text holds %d pastes, told apart by headings, times and packet "+
			"numbers; each is explained by itself. They begin at %s", len(r.Pastes), strings.Join(where, ", "))})
	}
	if len(r.names.order) > 0 {
		var some []string
		for _, name := range r.names.order[:min(len(r.names.order), 8)] {
			some = append(some, name+" is "+r.names.of[name].String())
		}
		says := "names stand for addresses in the text; this report gives them addresses of " +
			"documentation: " + strings.Join(some, ", ")
		if more := len(r.names.order) - 8; more > 0 {
			says += fmt.Sprintf(" and %d more", more)
		}
		list = append(list, Note{Says: says})
	}
	if len(r.portNames) > 0 {
		list = append(list, Note{Says: "names of ports that are not known here got numbers: " +
			strings.Join(r.portNames[:min(len(r.portNames), 8)], ", ")})
	}
	return list
}
