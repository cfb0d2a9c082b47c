/*
Rstexplain reads packet captures and explains why their TCP connections were reset.

	rstexplain [flags] FILE...

For each capture it reports how many packets, connections and resets there are, and for each reset who sent
it, which of five causes it has, how certain that is, which frames show it, what the application saw, and
what to do next. A FILE of - is standard input; a FILE that is a directory stands for the captures in and below
it, in the order of their names. Symbolic links are followed, but to no directory twice. Several captures
are explained at the same time and reported in the order in which they are named, followed by a total.

Captures are pcapng or pcap, also compressed by gzip, zstd, lz4 or bzip2; they are recognised by content
and not by name. Frame and stream numbers are those that Wireshark shows. What Wireshark exports as packet
dissections (JSON or PDML, tshark -T json or -T pdml) is read too, as far as it holds the fields of TCP.

Text is read too: what tcpdump, tshark, Wireshark's packet list and others print, with prose around it. Reports then name
lines of the text where frames stand. What the lines do not show, as data, TTL or options, is unknown, and nothing is
concluded from it; most is shown by tcpdump -nn -tttt -S -v. Names stand for addresses of documentation.

With --join the files of a rotating capture (Wireshark's ring buffer, tcpdump -C or -G) are one capture, in
the order of their first packets, so that a connection across files is one connection. Frames are then
numbered through all files, as in the file that "mergecap -a" makes of them; each reset names its file, its
frame there, and a display filter for each file that holds packets of it.

With --follow the capture is one that is still being written, a pipe or a file that grows. Each reset is
reported within 100 ms of its packet, and Ctrl-C ends the report with the counts. Packets that come later
than that after a reset are not part of its explanation.

Other commands, each with its own --help:

	rstexplain render REPORT.json         print a JSON report in another format
	rstexplain annotate IN -o OUT.pcapng  copy a capture with the explanation as packet comments
	rstexplain slice IN -o OUT.pcapng     cut a capture down to the connections of its resets
	rstexplain import TEXT -o OUT.pcapng  make a capture of packets that a program printed
	rstexplain rules [ID]                 list the details, or document one
	rstexplain completion SHELL           print completions for bash, zsh, fish or powershell
	rstexplain help [COMMAND]             print the usage of a command; help glossary explains the terms

# Causes

	closed-port         it was asked to open a connection that nothing there accepts
	peer-crash          it had closed or lost the connection in mid-exchange
	unknown-connection  a segment reached it for a connection that it does not have
	retransmit-timeout  it gave up on a peer that stopped answering
	fast-close          it ended the connection on purpose, and no exchange was lost

Each reset has a finer detail too. To list the details, or to read all about one:

	rstexplain rules
	rstexplain rules keepalive-race

# Flags

	-f, --format FORMAT  text (default), markdown, html, json, jsonl, csv or junit
	-o, --output FILE    write the report to FILE, which appears only when it is complete
	    --brief          with --format markdown: one paragraph a capture
	    --no-color       no colours; also where NO_COLOR is set or the output is no terminal
	-q, --quiet          nothing on standard error about what could not be read, and no progress
	    --glob PATTERN   in directories, only files whose names match
	    --files-from LIST  read the names of captures from LIST, one per line or separated by NUL bytes
	    --join           explain the files of a rotating capture as one
	    --follow         explain a capture while it is written; text, jsonl and csv
	    --max-connections N  keep state for N connections at a time (default 1048576)
	    --max-memory SIZE    use about SIZE of memory in all (default 1G)
	    --timeouts FILE      compare with the idle times in FILE too, one per line: seconds, one of server,
	                         path, kernel and client, whose, and a source, separated by tabs
	    --version        print the version
	-h, --help           print the usage

Only some resets; each flag takes several values, and the report says how many resets it left out:

	--host ADDRESS       of connections of an address or network
	--port N             of connections of a port, on either side
	--stream N           of Wireshark's tcp.stream N
	--cause CAUSE        of a cause
	--detail DETAIL      of a detail
	--severity SEVERITY  error, warning or info
	--sender WHO         sent by the originator, the responder, an address or network
	--since TIME         from a time on (2026-01-31T12:00:00Z), or from an offset to the first packet (90s)
	--until TIME         before a time

For continuous integration:

	--fail-on CAUSE          exit with 3 when there is a finding of this cause or detail, or any
	--min-severity SEVERITY  exit with 3 only for findings of this severity or a worse one

Findings that fail are the failed tests of --format junit; without these flags, those of severity error.

# Exit codes

	0  every capture was read whole
	1  something could not be read whole; what could be read is explained, and one line on
	   standard error says what is wrong, where, and what to try
	2  wrong usage: nothing was read
	3  there are findings that --fail-on or --min-severity asks for, whatever else there is

# Environment

	NO_COLOR  when set to anything, no colours
	COLUMNS   width of the report where the output is no terminal

# Limitations

A capture shows packets and not programs. From packets alone, a process that was killed with unread data
cannot be distinguished from one that closed its socket in that state; a firewall's reject cannot be
distinguished from a closed port on the same host; and on loopback nothing shows who sent a RST. The report
then names the possible causes, how likely each is, and what to capture to decide.

A capture that starts in the middle of a connection, misses packets, or shows one direction only, says
less, and so does the report. Payload is looked at only for what the two applications asked and answered,
and encrypted payload only for its size.

Checksums are not verified: packets captured before the network card filled them in would all be wrong.
*/
package main
