/*
Rstexplain reads packet captures and explains why their TCP connections were reset.

	rstexplain [flags] FILE...

For each capture it reports the number of packets, connections and resets, and for each reset who sent it,
which of five causes it has and how probable that is, which frames show it, what the application saw, and what
to do next. A FILE of - is standard input; a FILE that is a directory stands for the captures in and below it,
in the order of their names. Symbolic links are followed, but no directory is read twice. Several captures are
explained in parallel and reported in the order in which they are named, followed by a total.

Captures are pcapng or pcap, optionally compressed with gzip, zstd, lz4, bzip2 or xz; they are recognised by
content, not by name. Frame and stream numbers are the ones that Wireshark shows. Packet dissections exported by Wireshark
(JSON or PDML, tshark -T json or -T pdml) are read too, provided that they contain the TCP fields.

Text is read too: the packets that tcpdump, tshark, Wireshark's packet list and others print, with prose around them.
Reports then name lines of the text instead of frames. What the lines do not show, such as data, TTL or options, is
unknown, and nothing is concluded from it; tcpdump -nn -tttt -S -v shows most. Names stand for documentation addresses.

Captures of other programs, such as Network Monitor, snoop, ERF, Sniffer and K12, are read with --convert if Wireshark's
editcap is installed, which converts them; frames keep their numbers.

With --join the files of a rotating capture (Wireshark's ring buffer, tcpdump -C or -G) are read as one capture, in
the order of their first packets, so that a connection that spans files is one connection. Frames are numbered
across all files, as in the output of "mergecap -a"; each reset names its file, its frame number there, and a
display filter for each file that contains packets of its connection.

With --follow the capture may still be growing: a pipe, or a file that is being written. Each reset is reported
within 100 ms of its packet, and Ctrl-C ends the report with the counts and incidents, which are those of the whole
capture. A reset is reported once more if packets that arrived later change its finding or its incident; JSON Lines
then has "revised": true. The number of an incident is that of its first reset, in the order in which they appeared.

With --kernel, what a host's kernel recorded is joined with the capture: Linux knows why it sent each RST. FILE is the
text of tracefs, trace-cmd report, perf script, bpftrace, the tools of bcc, retis or pwru, or the counters of nstat and
ss; NAME=FILE names the host, and the flag may be repeated. Where the kernel gives its reason, that decides the cause;
a contradiction of the packets is reported. RSTs and drops in the trace that the capture lacks are listed. See
docs/kernel.md; rstexplain record-help prints the commands that record both.

Other commands, each with its own --help:

	rstexplain compare NAME=FILE NAME=FILE...  explain resets from captures of several places, such as client and server
	rstexplain render REPORT.json         print a JSON report in another format
	rstexplain annotate IN -o OUT.pcapng  copy a capture and add the explanation as packet comments
	rstexplain slice IN -o OUT.pcapng     reduce a capture to the connections of its resets
	rstexplain import TEXT -o OUT.pcapng  make a capture of packets that a program printed
	rstexplain plugin install             show explanations as fields in Wireshark and tshark
	rstexplain serve                      explain captures in a browser on this machine
	rstexplain mcp DIRECTORY...           answer an assistant's questions about captures
	rstexplain rules [ID]                 list the details, or document one
	rstexplain record-help [WAY]          print the commands that record a capture and the kernel's trace together
	rstexplain completion SHELL           print completions for bash, zsh, fish or powershell
	rstexplain help [COMMAND]             print the usage of a command; help glossary explains the terms

# Causes

	closed-port         it was asked to open a connection that nothing there accepts
	peer-crash          it had closed or lost the connection in mid-exchange
	unknown-connection  a segment reached it for a connection that it does not have
	retransmit-timeout  it gave up on a peer that stopped answering
	fast-close          it ended the connection on purpose, and no exchange was lost

Each reset also has a more specific detail. To list the details, or to read about one:

	rstexplain rules
	rstexplain rules keepalive-race

Resets that are one thing that happened, such as a service that was away, are one incident. Reports begin with the
incidents, numbered from the worst on, and show of each the finding that represents it best. In JSON, which is written
while the capture is read, a reset names its incident by the id, and not by the number.

# Flags

	-f, --format FORMAT  text (default), list, markdown, html, json, jsonl, csv or junit
	-o, --output FILE    write the report to FILE, which appears only when it is complete
	    --brief          with --format text or markdown: one paragraph per capture
	    --summary        with --format text: only the table of incidents
	    --all            with --format text or html: all findings in full, and not a few of each incident
	    --incident N     with --format text, markdown or html: the incident with number N of the table, with all its
	                     findings, or as many as fit
	    --no-color       no colours; the default if NO_COLOR is set or the output is not a terminal
	-q, --quiet          do not report unreadable parts on standard error, and show no progress
	    --glob PATTERN   in directories, read only files whose names match
	    --files-from LIST  read the names of captures from LIST, one per line or separated by NUL bytes
	    --convert        have editcap convert captures of other programs; also with annotate and slice
	    --join           explain the files of a rotating capture as one
	    --follow         explain a capture while it is being written; text, list, jsonl and csv
	    --max-connections N  track at most N connections at a time (default 1048576)
	    --max-memory SIZE    use about SIZE of memory in total (default 1G)
	    --kernel [NAME=]FILE join the trace of a host's kernel with the resets
	    --timeouts FILE      also compare with the idle timeouts in FILE, one per line: seconds; server, path,
	                         kernel or client; whose timeout it is; a source; separated by tabs
	    --version        print the version
	-h, --help           print the usage

To report only some resets. Each flag takes several values, separated by commas or by repeating the flag, any of which
may match (--severity error,warning); if there are several flags, all must match. The report counts the resets that are
filtered out.

	--host ADDRESS       connections of an address or network
	--port N             connections with this port on either side
	--frame N            the reset in frame N, or in line N of a text
	--stream N           Wireshark's tcp.stream N
	--cause CAUSE        a cause
	--detail DETAIL      a detail
	--severity SEVERITY  error, warning or info
	--sender WHO         sent by the originator, the responder, an address or network
	--since TIME         from this time on (2026-01-31T12:00:00Z), or from this long after the first packet (90s)
	--until TIME         before this time

For continuous integration:

	--fail-on CAUSE           exit with 3 if there is a finding with this cause or detail, or "any"
	--fail-severity SEVERITY  exit with 3 only for findings of this severity or worse; alone, whatever their cause

The message counts the findings, and the incidents that they belong to. In --format junit, incidents with such
findings are the failed tests; without these flags, those of severity error.

# Exit codes

	0  every capture was read completely
	1  something could not be read completely; what could be read is explained, and one line on
	   standard error reports what is wrong, where, and what to try
	2  usage error: nothing was read; also for --frame with a frame that is not a reset, and for --incident with a
	   number that no incident has
	3  there are findings that match --fail-on or --fail-severity, whatever else happened

# Environment

	NO_COLOR  if set, no colours
	COLUMNS   width of the report if the output is not a terminal

# Limitations

A capture shows packets, not programs. From packets alone, a process that was killed with unread data cannot be
distinguished from one that closed its socket in that state; a firewall's reject cannot be distinguished from a
closed port on the same host; and on loopback nothing shows who sent a RST. The report then names the possible
causes, how probable each is, and what to capture to decide between them.

A capture that starts in the middle of a connection, misses packets, or shows one direction only, supports weaker
conclusions, and the report says so. Payload is inspected only for the requests and responses of the two
applications, and encrypted payload only for its size.

Checksums are not verified: with checksum offload, packets are captured before the network card fills them in.
*/
package main
