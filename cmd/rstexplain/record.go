package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// A recipe shows how to record a capture and the kernel's own record together.
type recipe struct {
	name, title, text string
}

// recipes are printed by record-help in this order.
var recipes = []recipe{
	{"tracefs", "Linux, with nothing installed but tcpdump (the reasons need Linux 6.10 or newer)", `
As root. An instance of its own leaves other users of the tracing system alone.

  mount -t tracefs nodev /sys/kernel/tracing 2>/dev/null
  T=/sys/kernel/tracing/instances/rst
  mkdir $T
  echo mono > $T/trace_clock
  echo 8192 > $T/buffer_size_kb
  for e in tcp/tcp_send_reset tcp/tcp_receive_reset tcp/tcp_retransmit_skb \
           sock/inet_sock_set_state; do echo 1 > $T/events/$e/enable; done
  nstat -az > nstat.before
  tcpdump -i any -w host.pcapng tcp &
  # ... let it happen, then:
  kill %1
  nstat -az > nstat.after
  cat $T/trace > host.trace
  echo 0 > $T/events/enable
  rmdir $T

  rstexplain --kernel host.trace --kernel nstat.before --kernel nstat.after host.pcapng

skb/kfree_skb adds the reasons why packets were dropped; on a busy host that is
much, and it names no addresses.
`},
	{"trace-cmd", "Linux, with trace-cmd", `
  tcpdump -i any -w host.pcapng tcp &
  trace-cmd record -C mono -e tcp:tcp_send_reset -e tcp:tcp_receive_reset \
      -e tcp:tcp_retransmit_skb -e sock:inet_sock_set_state -o host.dat
  # ... let it happen, then Ctrl-C, and:
  kill %1
  trace-cmd report -i host.dat > host.trace

  rstexplain --kernel host.trace host.pcapng
`},
	{"perf", "Linux, with perf", `
  tcpdump -i any -w host.pcapng tcp &
  perf record -a -k CLOCK_MONOTONIC -e tcp:tcp_send_reset -e tcp:tcp_receive_reset \
      -e tcp:tcp_retransmit_skb -e sock:inet_sock_set_state -o host.data
  # ... let it happen, then Ctrl-C, and:
  kill %1
  perf script -i host.data --ns > host.trace

  rstexplain --kernel host.trace host.pcapng
`},
	{"bpftrace", "Linux, with bpftrace (6.10 or newer)", `
  tcpdump -i any -w host.pcapng tcp &
  bpftrace -e '
    tracepoint:tcp:tcp_send_reset {
      printf("%llu tcp_send_reset: src=%rx dest=%rx state=%d reason=%d comm=%s\n", nsecs,
        buf(args->saddr, 28), buf(args->daddr, 28), args->state, args->reason, comm);
    }' > host.trace
  # ... let it happen, then Ctrl-C, and:
  kill %1

  rstexplain --kernel host.trace host.pcapng
`},
	{"bcc", "Linux before 6.10, with the tools of bcc", `
The tracepoint gives no reason there; states and drops still tell much.

  tcpdump -i any -w host.pcapng tcp &
  tcpstates -t > states.txt &
  tcpdrop > drops.txt &
  # ... let it happen, then:
  kill %1 %2 %3

  rstexplain --kernel states.txt --kernel drops.txt host.pcapng

tcpdrop prints whole seconds of the local time. pwru --output-tuple
--timestamp absolute and the events of retis (JSON) are read as well.
`},
	{"ss", "Linux: the sockets and counters at one moment", `
  ss -tienaO > sockets.txt
  nstat -az > nstat.before      # and again afterwards: nstat.after

  rstexplain --kernel sockets.txt --kernel nstat.before --kernel nstat.after host.pcapng

Give the record from before first. A Recv-Q that is not 0 is data that the
application has not read: closing the socket then sends a RST.
`},
	{"windows", "Windows: pktmon", `
  pktmon start --capture --pkt-size 0 --comp all -f host.etl
  rem ... let it happen, then:
  pktmon stop
  pktmon etl2pcap host.etl --out host.pcapng
  pktmon etl2txt host.etl --out host.txt

  rstexplain host.pcapng

etl2pcap loses the reason of a dropped packet; host.txt has it (Drop: Direction,
Reason). Windows records no reason for a RST that it sends. rstexplain reads
host.txt too, in place of the capture.
`},
	{"bsd", "FreeBSD and macOS", `
FreeBSD logs RSTs to closed ports, and counts the others:

  sysctl net.inet.tcp.log_in_vain=1 net.inet.tcp.log_debug=1
  netstat -sp tcp > tcp.before
  tcpdump -i em0 -w host.pcap tcp
  netstat -sp tcp > tcp.after   # compare by hand
  dtrace -n 'tcp:::send /args[4]->tcp_flags & 4/ { stack(); }'

The stack of dtrace names the function that sent the RST (tcp_dropwithreset
answers a segment, tcp_drop ends a connection). macOS:

  tcpdump -i pktap,en0 -k NP -w host.pcapng tcp

names the process of each packet. There is no reason in these records, and
rstexplain reads the captures only.
`},
}

// recordHelpCommand prints how to record what --kernel reads.
func recordHelpCommand() *cobra.Command {
	var names []string
	for _, r := range recipes {
		names = append(names, r.name)
	}
	return &cobra.Command{
		Use:   "record-help [WAY]",
		Short: "Print how to record capture and kernel trace together",
		Long: `record-help prints commands that record a capture and what the host's kernel says
of its own resets at the same time, for --kernel. A WAY prints only that one:
` + strings.Join(names, ", ") + `.

The files that --kernel reads are recognised by their content. Their clock may be
any: RSTs that are in both the trace and the capture give the difference.`,
		Example: `  rstexplain record-help
  rstexplain record-help perf`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			out := outOf(cmd)
			printed := 0
			for _, r := range recipes {
				if len(args) > 0 && r.name != args[0] {
					continue
				}
				if printed > 0 {
					fmt.Fprintln(out)
				}
				printed++
				if _, err := fmt.Fprintf(out, "%s: %s\n%s", r.name, r.title, r.text); err != nil {
					return outputError{"", err}
				}
			}
			if printed == 0 {
				return errUnknownValue("way to record", args[0], names)
			}
			return nil
		},
	}
}
