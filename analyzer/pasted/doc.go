// Package pasted reads packets back from text: what tcpdump, tshark, Wireshark and other programs print, and people
// paste into tickets, mails and chats, with prose around it.
//
// [Recognise] tells whether a text shows packets; [NewReader] reads it, line by line and in bounded memory. Each
// program's print is a style with a file of its own. A style makes a [Packet] of lines, of which each field is known or
// is not; what its relative numbers and its times mean is found out behind that, for all styles alike (numbers.go,
// clock.go), and a [flows.Segment] comes out, whose Unknown says what the text did not hold.
//
// Nothing in a text is trusted: lines are cut at a bound, numbers that do not fit their fields make a line unreadable,
// and tables have a size that they do not outgrow. What could not be read is counted by reason ([Reader.Left]).
package pasted
