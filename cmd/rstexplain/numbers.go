package main

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// numbers is the value of a flag that takes whole numbers, separated by commas or by repeating the flag.
type numbers struct {
	list []int
	flag string // with its dashes
	is   string // what a number is: "port"
	most int
	try  string // what to give instead
}

// The numbers that flags take.
func portNumbers() numbers {
	return numbers{flag: "--port", is: "port", most: 65535, try: "give a number from 0 to 65535, such as 443; service " +
		"names are not resolved"}
}

func streamNumbers() numbers {
	return numbers{flag: "--stream", is: "stream", most: 1<<31 - 1, try: "give the number that Wireshark shows as " +
		"tcp.stream, 0 or more"}
}

func frameNumbers() numbers {
	return numbers{flag: "--frame", is: "frame", most: 1<<31 - 1, try: "give the number of a frame with a RST, such as " +
		"131, or several: 131,140"}
}

var _ pflag.Value = (*numbers)(nil)

// String prints the numbers as they can be given, and nothing for none, so that the help shows no default.
func (n *numbers) String() string {
	var list []string
	for _, v := range n.list {
		list = append(list, strconv.Itoa(v))
	}
	return strings.Join(list, ",")
}

func (n *numbers) Type() string { return "N" }

func (n *numbers) Set(s string) error {
	for _, part := range strings.Split(s, ",") {
		v, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || v < 0 || v > n.most {
			return errNoNumber(n, part)
		}
		n.list = append(n.list, v)
	}
	return nil
}
