// Package flows holds the words in which rstexplain speaks of TCP: what a capture shows of a connection, and of a RST.
//
// A Segment is what a capture point saw of one TCP segment. Package track follows segments, and makes a Reset of each
// RST: the segment itself, the Conn as it stood before it with its two Endpoints and a timeline of Events, the segment
// that the RST answers, and what came After it. Package rules explains a Reset.
//
// The package decides nothing and reads nothing. Sequence numbers have a type of their own, Seq, and are never compared
// with <. What is not known is a value of its own: the zero State is Unknown, and the zero Mark points nowhere.
package flows
