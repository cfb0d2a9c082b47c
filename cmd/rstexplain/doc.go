/*
Rstexplain reads packet captures and explains why their TCP connections were reset.

	rstexplain [flags] FILE...

For each capture it tells how many packets, connections and resets there are, and for each reset who sent
it, which of five causes it has, how sure that is, which frames show it, what the application saw, and what
to do next. A FILE of - is standard input.

Captures are pcapng or pcap, also compressed by gzip, zstd or lz4; they are recognised by content and not
by name. Frame and stream numbers are those that Wireshark shows.

# Causes

	closed-port         it was asked to open a connection that nothing there accepts
	peer-crash          it had let go of the connection with unfinished business
	unknown-connection  a segment reached it for a connection that it does not have
	retransmit-timeout  it gave up on a peer that stopped answering
	fast-close          it released a connection on purpose, and nothing was left undone

Each reset has a finer detail too. To list the details, or to read all about one:

	rstexplain rules
	rstexplain rules keepalive-race

# Flags

	-f, --format FORMAT  text (default), markdown, html, json, jsonl or csv
	-o, --output FILE    write the report to FILE, which appears only when it is complete
	    --no-color       no colours; also where NO_COLOR is set or the output is no terminal
	-q, --quiet          no word on standard error of what could not be read
	    --max-connections N  remember N connections at a time (default 1048576)
	    --max-memory SIZE    use about SIZE of memory in all (default 1G)
	    --version        print the version
	-h, --help           print the usage

# Exit codes

	0  every capture was read whole
	1  something could not be read whole; what could be read is explained, and one line on
	   standard error says what is wrong, where, and what to try
	2  wrong usage: nothing was read

# Environment

	NO_COLOR  when set to anything, no colours
	COLUMNS   width of the report where the output is no terminal

# Limitations

A capture shows packets and not programs. From packets alone, a process that was killed with unread data
cannot be told from one that closed its socket in that state; a firewall's reject cannot be told from a
closed port on the same host; and on loopback the sender of a RST cannot be told from anyone else. The
report then names the causes that stay open, how likely each is, and what to capture to decide.

A capture that starts in the middle of a connection, misses packets, or shows one direction only, says
less, and so does the report. Payload is looked at only for what the two applications asked and answered,
and encrypted payload only for its size.

Checksums are not verified: packets captured before the network card filled them in would all be wrong.
*/
package main
