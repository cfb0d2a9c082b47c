//go:build linux

package main

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"github.com/rstexplain/rstexplain/cmd/rstlab/stage"
)

// situations lists all that the lab plays.
func situations() []stage.Situation {
	all := slices.Concat(closedPorts(), crashes(), fastCloses(), timeouts(), unknowns(), injections(), programs(), tools(),
		further(), mixed())
	return append(all, noisy(all)...)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func withAddr(ap netip.AddrPort, a netip.Addr) netip.AddrPort {
	return netip.AddrPortFrom(a, ap.Port())
}
