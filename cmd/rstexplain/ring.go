package main

import (
	"fmt"
	"path/filepath"
	"regexp"
)

// ringNames match the names that capture programs give to the files of a rotating capture; the first group, with the
// directory, is the same for all files of one capture, and the second counts them.
var ringNames = []*regexp.Regexp{
	// dumpcap, Wireshark: ring_00001_20240101000000.pcapng
	regexp.MustCompile(`^(.*)_(\d{5})_\d{14}(?:\.|$)`),
	// tcpdump -C: x.pcap, x.pcap1; with -W: x.pcap00
	regexp.MustCompile(`^(.*\.p?cap(?:ng)?)(\d{0,6})(?:\.(?:gz|zst|xz))?$`),
	// tcpdump -G with a time: x-20240101_000000.pcap
	regexp.MustCompile(`^(.*?)[-_.]?(\d{8}[-_T]?\d{4,6})(?:\.|$)`),
}

// ringOf returns the first file of a rotating capture of which paths contain several files, "" for none, and how many.
func ringOf(paths []string) (first string, count int) {
	for _, pattern := range ringNames {
		seen := map[string]map[string]bool{} // counters, by the rest of the name
		begin := map[string]string{}
		for _, path := range paths {
			m := pattern.FindStringSubmatch(filepath.Base(path))
			if m == nil {
				continue
			}
			key := filepath.Join(filepath.Dir(path), m[1])
			if seen[key] == nil {
				seen[key], begin[key] = map[string]bool{}, path
			}
			seen[key][m[2]] = true
		}
		for _, path := range paths {
			for key, from := range begin {
				if from == path && len(seen[key]) > 1 {
					return from, len(seen[key])
				}
			}
		}
	}
	return "", 0
}

// ringHint returns a line for captures that look like one rotating capture and are explained one by one, "" for others.
func ringHint(paths []string) string {
	first, count := ringOf(paths)
	if first == "" {
		return ""
	}
	return fmt.Sprintf("%s and %d more look like the files of one rotating capture; with --join they are explained as "+
		"one, and a connection that spans files is whole",
		first, count-1)
}
