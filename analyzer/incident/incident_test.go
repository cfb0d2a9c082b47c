package incident

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/rules"
)

// epoch is the time of second 0 of the scripts.
var epoch = flows.Time(time.Date(2026, 1, 1, 14, 0, 0, 0, time.UTC).UnixNano())

// A script is resets in the order of their times.
type script []*Reset

// at adds a reset at a second. The other arguments are what its rule has in common, client, server, and what else it is.
func (s *script) at(second float64, p rules.Pattern, client, server string, more ...func(*Reset)) *Reset {
	r := &Reset{
		Frame: len(*s) + 1, Stream: len(*s), Time: epoch + flows.Time(second*1e9), Client: client, Server: server, Sender: flows.Responder,
		Pattern: p, Detail: "rule-" + string(p), Title: "What the rule says", Cause: rules.PeerCrash, Severity: rules.Error,
	}
	for _, f := range more {
		f(r)
	}
	r.Silent = r.Sender.Peer()
	*s = append(*s, r)
	return r
}

func byClient(r *Reset) { r.Sender = flows.Originator }
func info(r *Reset)     { r.Severity = rules.Info }
func closed(r *Reset)   { r.Cause = rules.ClosedPort }

func detail(d string) func(*Reset)      { return func(r *Reset) { r.Detail = d } }
func idle(d time.Duration) func(*Reset) { return func(r *Reset) { r.Idle = d } }
func since(second float64) func(*Reset) {
	return func(r *Reset) { r.Since = epoch + flows.Time(second*1e9) }
}
func stream(n int) func(*Reset) { return func(r *Reset) { r.Stream = n } }
func before(second float64) func(*Reset) {
	return func(r *Reset) { r.AcceptedBefore = epoch + flows.Time(second*1e9) }
}
func after(second float64) func(*Reset) {
	return func(r *Reset) { r.AcceptedAfter = epoch + flows.Time(second*1e9) }
}

// find returns the incidents of s, and for each reset the index of its own among them.
func find(t *testing.T, s script) ([]Incident, []int) {
	t.Helper()
	f := NewFinder()
	var numbers []int
	for _, r := range s {
		n, _ := f.Add(r)
		numbers = append(numbers, n)
	}
	list, now := f.Incidents(), f.Of()
	var of []int
	counted := make([]int, len(list))
	for _, n := range numbers {
		i := slices.IndexFunc(list, func(in Incident) bool { return in.Number == now[n] })
		if i < 0 {
			t.Fatalf("number %d is of no incident", n)
		}
		if in := list[i]; in.Number != n && !slices.Contains(in.Also, n) {
			t.Errorf("incident %d does not list %d", in.Number, n)
		}
		of = append(of, i)
		counted[i]++
	}
	for i, in := range list {
		if in.Resets != counted[i] {
			t.Errorf("incident %d has %d resets and counts %d", in.Number, counted[i], in.Resets)
		}
	}
	return list, of
}

func port(host string, n int) string { return fmt.Sprintf("%s:%d", host, n) }

// Each script has the incidents that stand beside it, in the order of the report: a near miss of one kind is another.
func TestGroups(t *testing.T) {
	const service = "10.0.0.5:8080"
	for _, c := range []struct {
		name string
		play func(*script)
		want []string // kind: sentence
	}{
		{"a restart with what it cut, and refusals before the capture shows that the service accepts", func(s *script) {
			for i := range 5 {
				s.at(67+float64(i)/100, rules.Cut, port("10.1.0.1", 40000+i), service)
			}
			s.at(68, rules.Refusal, "10.1.0.2:41000", service, closed)
			for i := range 3 {
				s.at(70+float64(i)*10, rules.Outage, port("10.1.0.3", 42000+i), service, closed, before(60), after(102))
			}
		}, []string{"service-restart: 10.0.0.5:8080 was away from 14:01:07 to 14:01:42: 5 connections were cut, 4 attempts were refused, then it accepted connections again."}},
		{"no restart: cut long before", func(s *script) {
			s.at(10, rules.Cut, "10.1.0.1:40000", service)
			s.at(70, rules.Outage, "10.1.0.3:42000", service, closed, before(60), after(102))
		}, []string{
			"alike: A connection from 10.1.0.1 to 10.0.0.5:8080 was reset by the server at 14:00:10: what the rule says.",
			"service-restart: 10.0.0.5:8080 was away from 14:01:10 to 14:01:42: 1 attempt was refused, then it accepted connections again.",
		}},
		{"no restart: another port of the host", func(s *script) {
			s.at(69, rules.Cut, "10.1.0.1:40000", "10.0.0.5:9090")
			s.at(70, rules.Outage, "10.1.0.3:42000", service, closed, before(60))
		}, []string{
			"alike: A connection from 10.1.0.1 to 10.0.0.5:9090 was reset by the server at 14:01:09: what the rule says.",
			"service-restart: 10.0.0.5:8080 went away: 1 attempt was refused at 14:01:10; the capture does not show that it accepted connections again.",
		}},
		{"two restarts: it accepted in between", func(s *script) {
			s.at(10, rules.Outage, "10.1.0.3:1", service, closed, before(5), after(15))
			s.at(20, rules.Outage, "10.1.0.3:2", service, closed, before(15), after(25))
		}, []string{
			"service-restart: 10.0.0.5:8080 was away from 14:00:10 to 14:00:15: 1 attempt was refused, then it accepted connections again.",
			"service-restart: 10.0.0.5:8080 was away from 14:00:20 to 14:00:25: 1 attempt was refused, then it accepted connections again.",
		}},
		{"a host restart", func(s *script) {
			s.at(10, rules.Outage, "10.1.0.3:1", service, closed, before(5), after(40))
			s.at(20, rules.Outage, "10.1.0.4:2", "10.0.0.5:9090", closed, before(5), after(40))
		}, []string{"host-restart: 2 services of 10.0.0.5 were away from 14:00:10 to 14:00:40: 2 attempts were refused, then they accepted connections again."}},
		{"services of a host that were not there yet: one stays away", func(s *script) {
			s.at(10, rules.Outage, "10.1.0.3:1", service, closed, after(15))
			s.at(11, rules.Outage, "10.1.0.3:2", "10.0.0.5:9090", closed, after(12))
			s.at(13, rules.Outage, "10.1.0.3:3", "10.0.0.5:9090", closed, before(12))
		}, []string{"host-restart: 2 services of 10.0.0.5 were away from 14:00:10 to 14:00:15: 3 attempts were refused; 1 of them accepted connections again."}},
		{"services of a host that were not there yet: each comes up", func(s *script) {
			s.at(10, rules.Outage, "10.1.0.3:1", service, closed, after(15))
			s.at(18, rules.Outage, "10.1.0.3:2", "10.0.0.5:9090", closed, after(30))
			s.at(16, rules.Outage, "10.1.0.3:3", "10.0.0.5:9090", closed, after(30))
		}, []string{"host-restart: 2 services of 10.0.0.5 were not there yet from 14:00:10 to 14:00:30: 3 attempts were refused, then they accepted connections."}},
		{"a service that was not there yet", func(s *script) {
			s.at(10, rules.Outage, "10.1.0.3:1", service, closed, after(15))
		}, []string{"service-restart: 10.0.0.5:8080 was not there yet from 14:00:10 to 14:00:15: 1 attempt was refused, then it accepted connections."}},
		{"times have dates where days differ", func(s *script) {
			s.at(10, rules.Refusal, "10.1.0.1:1", service, closed)
			s.at(20, rules.Refusal, "10.1.0.1:1", service, closed)
			s.at(86400, rules.Refusal, "10.1.0.1:2", "10.0.0.6:80", closed)
		}, []string{
			"service-down: 10.0.0.5:8080 refused 2 connections from 10.1.0.1 between 2026-01-01 14:00:10 and 14:00:20; the capture shows none that it accepted.",
			"service-down: 10.0.0.6:80 refused 1 connection from 10.1.0.1 at 2026-01-02 14:00:00; the capture shows none that it accepted.",
		}},
		{"a service of one address in captures of different days, which are not one, and of the same", func(s *script) {
			in := func(file int) func(*Reset) { return func(r *Reset) { r.File = file } }
			const day = 86400
			s.at(0, rules.Refusal, "10.1.0.1:1", service, closed)
			s.at(5*day, rules.Refusal, "10.1.0.1:2", service, closed)
			s.at(5.5*day, rules.Refusal, "10.1.0.1:3", service, closed, in(1))
			s.at(9*day, rules.Refusal, "10.1.0.1:4", service, closed, in(2))
			s.at(9*day, rules.Race, "10.1.0.1:5", service, in(2))
			s.at(11*day, rules.Race, "10.1.0.1:6", service, in(3))
		}, []string{
			"service-down: 10.0.0.5:8080 refused 3 connections from 10.1.0.1 between 2026-01-01 14:00:00 and 2026-01-07 02:00:00; the capture shows none that it accepted.",
			"service-down: 10.0.0.5:8080 refused 1 connection from 10.1.0.1 at 2026-01-10 14:00:00; the capture shows none that it accepted.",
			"keep-alive-race: 10.0.0.5:8080 closed a connection that its client still used: data of the client reached the closed socket, at 2026-01-10 14:00:00.",
			"keep-alive-race: 10.0.0.5:8080 closed a connection that its client still used: data of the client reached the closed socket, at 2026-01-12 14:00:00.",
		}},
		{"a scan, recognised after its first ports, with one that was open", func(s *script) {
			for i := range 7 {
				s.at(float64(i)/10, rules.Refusal, port("10.9.9.9", 40000+i), port("10.0.0.5", 20+i), closed)
			}
			s.at(0.7, rules.Probe, "10.9.9.9:40008", "10.0.0.5:80", byClient, info)
			for i := range 30 {
				s.at(1+float64(i)/10, rules.Scan, port("10.9.9.9", 41000+i), port("10.0.0.5", 100+i), closed, info)
			}
		}, []string{"scan: 10.9.9.9 tried 38 ports of 10.0.0.5 between 14:00:00 and 14:00:03; 37 attempts were refused; 1 port was open: 80."}},
		{"a scan, and a client of its own that was refused by a port of it", func(s *script) {
			s.at(0, rules.Refusal, "10.1.0.1:40000", "10.0.0.5:100", closed)
			for i := range 9 {
				s.at(1+float64(i)/10, rules.Scan, port("10.9.9.9", 41000+i), port("10.0.0.5", 100+i), closed, info)
			}
		}, []string{
			"service-down: 10.0.0.5:100 refused 1 connection from 10.1.0.1 at 14:00:00; the capture shows none that it accepted.",
			"scan: 10.9.9.9 tried 9 ports of 10.0.0.5 at 14:00:01; 9 attempts were refused.",
		}},
		{"a scanner that retries one port, and is refused there for itself", func(s *script) {
			for i := range 9 {
				s.at(1+float64(i)/10, rules.Scan, port("10.9.9.9", 41000+i), port("10.0.0.5", 100+i), closed, info)
			}
			for i := range 5 {
				s.at(3+float64(i), rules.Refusal, port("10.9.9.9", 42000+i), "10.0.0.6:80", closed)
			}
		}, []string{
			"service-down: 10.0.0.6:80 refused 5 connections from 10.9.9.9 between 14:00:03 and 14:00:07; the capture shows none that it accepted.",
			"scan: 10.9.9.9 tried 9 ports of 10.0.0.5 at 14:00:01; 9 attempts were refused.",
		}},
		{"ports of a host refused in turn", func(s *script) {
			for i := range 4 {
				s.at(float64(i)*60, rules.Refusal, port("10.1.0.1", 41000+i), port("10.0.0.5", 100+i), closed)
			}
		}, []string{"ports-refused: 10.0.0.5 refused 4 attempts from 10.1.0.1 on 4 ports (100, 101, 102 and 103) between 14:00:00 and 14:03:00."}},
		{"two ports are two services", func(s *script) {
			for i := range 2 {
				s.at(float64(i)*60, rules.Refusal, port("10.1.0.1", 41000+i), port("10.0.0.5", 100+i), closed)
			}
		}, []string{
			"service-down: 10.0.0.5:100 refused 1 connection from 10.1.0.1 at 14:00:00; the capture shows none that it accepted.",
			"service-down: 10.0.0.5:101 refused 1 connection from 10.1.0.1 at 14:01:00; the capture shows none that it accepted.",
		}},
		{"a service that refuses many clients", func(s *script) {
			for i := range 200 {
				s.at(float64(i), rules.Refusal, port(fmt.Sprintf("10.1.0.%d", i), 41000), service, closed)
			}
		}, []string{"service-down: 10.0.0.5:8080 refused 200 connections from 200 clients between 14:00:00 and 14:03:19; the capture shows none that it accepted."}},
		{"idle connections of several services, forgotten after the same time", func(s *script) {
			for i := range 6 {
				s.at(float64(i), rules.Idle, port("10.1.0.1", 41000+i), port("10.0.0.5", 80+i%2), idle(350*time.Second+time.Duration(i)*10*time.Millisecond))
			}
		}, []string{"idle-timeout: 6 connections from 10.1.0.1 to 10.0.0.5 (2 ports) were ended by the server after 350.0 s to 350.1 s without data, between 14:00:00 and 14:00:05."}},
		{"two idle times are two", func(s *script) {
			for i := range 6 {
				s.at(float64(i), rules.Idle, port("10.1.0.1", 41000+i), port("10.0.0.5", 80+i%2), idle(time.Duration(60+i%2*290)*time.Second))
			}
		}, []string{
			"idle-timeout: 3 connections from 10.1.0.1 to 10.0.0.5:80 were ended by the server after 60.0 s without data, between 14:00:00 and 14:00:04.",
			"idle-timeout: 3 connections from 10.1.0.1 to 10.0.0.5:81 were ended by the server after 350.0 s without data, between 14:00:01 and 14:00:05.",
		}},
		{"a path that failed, whatever their owners noticed first", func(s *script) {
			for i := range 3 {
				s.at(30+float64(i)*20, rules.Silence, port("10.1.0.1", 41000+i), port(fmt.Sprintf("10.0.0.%d", i), 80), byClient, since(20+float64(i)))
			}
		}, []string{"stopped-answering: 3 services stopped answering 10.1.0.1 on 3 connections, which were reset between 14:00:30 and 14:01:10; last heard between 14:00:20 and 14:00:22."}},
		{"hosts that fell silent one after the other", func(s *script) {
			s.at(30, rules.Silence, "10.1.0.1:1", "10.0.0.1:80", byClient, since(10))
			s.at(50, rules.Silence, "10.1.0.1:2", "10.0.0.2:80", byClient, since(40))
		}, []string{
			"stopped-answering: 10.0.0.1:80 stopped answering 10.1.0.1 on one connection, which was reset at 14:00:30.",
			"stopped-answering: 10.0.0.2:80 stopped answering 10.1.0.1 on one connection, which was reset at 14:00:50.",
		}},
		{"a device that forgets a client's connections to several services, with a tick", func(s *script) {
			device := func(r *Reset) { r.Remote = true }
			for i := range 4 {
				s.at(float64(i), rules.Idle, port("10.1.0.1", 41000+i), port(fmt.Sprintf("10.0.0.%d", i%2), 80), device, idle(time.Duration(16000+500*i)*time.Millisecond))
			}
			s.at(20, rules.Idle, "10.1.0.2:1", "10.0.0.7:80", device, idle(16*time.Second))
		}, []string{
			"idle-timeout: 4 connections from 10.1.0.1 to 2 services were ended by a device on the path after 16.0 s to 17.5 s without data, between 14:00:00 and 14:00:03.",
			"idle-timeout: A connection from 10.1.0.2 to 10.0.0.7:80 was ended by a device on the path after 16.0 s without data, at 14:00:20.",
		}},
		{"data that does not arrive, though its receiver sends, whoever ends the connection", func(s *script) {
			for i := range 2 {
				r := s.at(float64(i)*100, rules.Silence, port("10.1.0.1", i), service, since(float64(i)*100))
				r.Silent, r.Heard = flows.Responder, true
			}
		}, []string{"stopped-answering: 10.0.0.5:8080 stopped acknowledging data from 10.1.0.1 on 2 connections, which were reset between 14:00:00 and 14:01:40."}},
		{"a path that fails in both directions", func(s *script) {
			for i := range 4 {
				r := s.at(float64(i), rules.Silence, port("10.1.0.1", i), service, since(0))
				r.Silent = flows.Side(i % 2)
			}
		}, []string{"stopped-answering: 10.1.0.1 and 10.0.0.5:8080 no longer reached each other on 4 connections, which were reset between 14:00:00 and 14:00:03; last heard at 14:00:00."}},
		{"a burst of aborts, and a service that aborts now and then", func(s *script) {
			for i := range 4 {
				s.at(float64(i)*100, rules.Cut, port("10.1.0.1", 41000+i), service)
			}
			for i := range 5 {
				s.at(1000+float64(i)/10, rules.Cut, port("10.1.0.1", 42000+i), service)
			}
		}, []string{
			"cut-at-once: 10.0.0.5:8080 cut 5 connections at once, at 14:16:40.",
			"alike: 4 connections from 10.1.0.1 to 10.0.0.5:8080 were reset by the server between 14:00:00 and 14:05:00: what the rule says.",
		}},
		{"repeats, and what follows on the connection, are of the first reset's", func(s *script) {
			s.at(0, rules.Cut, "10.1.0.1:1", service)
			s.at(0.1, rules.Cut, "10.1.0.1:1", service, stream(0), func(r *Reset) { r.Repeats = 1 })
			s.at(0.2, rules.Cut, "10.1.0.1:1", service, stream(0), byClient, func(r *Reset) { r.Repeats = 1 })
			s.at(5, rules.Aftermath, "10.1.0.1:1", service, stream(0), byClient, info)
		}, []string{"alike: A connection from 10.1.0.1 to 10.0.0.5:8080 was reset by both sides between 14:00:00 and 14:00:05: what the rule says."}},
		{"a device whose TTL varies at one service, and another rule at another", func(s *script) {
			for i := range 4 {
				s.at(float64(i), rules.Device, port("10.1.0.1", 41000+i), service, detail("a"), func(r *Reset) { r.TTL = uint8(60 + i%2) })
			}
			s.at(5, rules.Device, "10.1.0.1:1", "10.0.0.6:80", detail("b"), closed, func(r *Reset) { r.TTL = 60 })
		}, []string{
			"device: A device on the path cut 4 connections from 10.1.0.1 to 10.0.0.5:8080 between 14:00:00 and 14:00:03.",
			"device: A device on the path rejected 1 attempt to connect from 10.1.0.1 to 10.0.0.6:80 at 14:00:05; its RST has TTL 60 and window 0.",
		}},
		{"one habit at many services, and another at two", func(s *script) {
			for i := range 5 {
				s.at(float64(i), rules.Habit, "10.1.0.1:1", port(fmt.Sprintf("10.0.0.%d", i), 80), byClient, info)
			}
			for i := range 2 {
				s.at(10+float64(i), rules.Habit, "10.1.0.1:1", port(fmt.Sprintf("10.0.0.%d", i), 81), detail("b"), byClient, func(r *Reset) { r.Severity = rules.Warning })
			}
		}, []string{
			"alike: A connection from 10.1.0.1 to 10.0.0.0:81 was reset by the client at 14:00:10: what the rule says.",
			"alike: A connection from 10.1.0.1 to 10.0.0.1:81 was reset by the client at 14:00:11: what the rule says.",
			"closing-habit: 5 connections from 10.1.0.1 to 5 services were reset by the client between 14:00:00 and 14:00:04: what the rule says.",
		}},
		{"a SYN flood, and a few handshakes", func(s *script) {
			for i := range 40 {
				s.at(float64(i), rules.HalfOpen, port(fmt.Sprintf("10.1.0.%d", i), 1), service)
			}
			s.at(41, rules.HalfOpen, "10.1.0.1:2", "10.0.0.6:80")
		}, []string{
			"syn-flood: 40 handshakes from 40 hosts to 10.0.0.5:8080 were not completed between 14:00:00 and 14:00:39.",
			"alike: A connection from 10.1.0.1 to 10.0.0.6:80 was reset by the server at 14:00:41: what the rule says.",
		}},
		{"a SYN flood whose first handshakes looked like refusals", func(s *script) {
			for i := range 40 {
				p := rules.Refusal
				if i > 10 {
					p = rules.HalfOpen
				}
				s.at(float64(i)/2, p, port(fmt.Sprintf("10.1.0.%d", i), 1), service)
			}
			s.at(70, rules.Refusal, "10.2.0.1:2", service, closed)
		}, []string{
			"syn-flood: 40 handshakes from 40 hosts to 10.0.0.5:8080 were not completed between 14:00:00 and 14:00:19.",
			"service-down: 10.0.0.5:8080 refused 1 connection from 10.2.0.1 at 14:01:10; the capture shows none that it accepted.",
		}},
		{"backscatter", func(s *script) {
			for i := range 20 {
				s.at(float64(i), rules.Unasked, port(fmt.Sprintf("10.1.0.%d", i), 1), service, byClient, func(r *Reset) { r.ToSYNACK = true })
			}
		}, []string{"backscatter: 10.0.0.5:8080 answered 20 hosts that had not asked for a connection, between 14:00:00 and 14:00:19: somebody else most likely used their addresses."}},
		{"a client's time limit, and a server's", func(s *script) {
			for i := range 2 {
				s.at(float64(i), rules.TimeLimit, port("10.1.0.1", 41000+i), service, byClient, func(r *Reset) { r.Waited = 30 * time.Second })
			}
			s.at(5, rules.TimeLimit, "10.1.0.1:1", "10.0.0.6:80", func(r *Reset) { r.Waited = time.Minute })
		}, []string{
			"time-limit: 10.1.0.1 gave up on 2 requests to 10.0.0.5:8080 that had not been answered after 30.0 s, between 14:00:00 and 14:00:01.",
			"time-limit: 10.0.0.6:80 ended 1 connection with a request that it had not answered after 60.0 s, at 14:00:05.",
		}},
		{"a NAT that uses ports again", func(s *script) {
			for i := range 2 {
				s.at(float64(i), rules.Reuse, port("10.1.0.1", 41000+i), service)
			}
		}, []string{"port-reuse: 10.1.0.1 used addresses and ports again for 2 connections to 10.0.0.5:8080, which still had the old ones, between 14:00:00 and 14:00:01."}},
		{"a host that had lost its connections", func(s *script) {
			s.at(0, rules.Loss, "10.1.0.1:1", service)
			s.at(9, rules.Loss, "10.1.0.2:1", "10.0.0.5:22")
		}, []string{"host-restart: 10.0.0.5 had lost 2 connections on 2 of its ports, between 14:00:00 and 14:00:09."}},
		{"a keep-alive race, with its rate", func(s *script) {
			for i := range 13 {
				s.at(float64(i)*600, rules.Race, port("10.1.0.1", 41000+i), service)
			}
		}, []string{"keep-alive-race: 10.0.0.5:8080 closed 13 connections that clients still used: their data reached closed sockets, between 14:00:00 and 16:00:00: 6.5 an hour."}},
	} {
		var s script
		c.play(&s)
		list, _ := find(t, s)
		var got []string
		for _, in := range list {
			got = append(got, string(in.Kind)+": "+in.Says)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

// Which resets are one incident does not depend on what else happens between them.
func TestGroupsWhateverComesBetween(t *testing.T) {
	var plays []script
	for i := range 6 {
		var s script
		service := port(fmt.Sprintf("10.0.%d.5", i), 80)
		for n := range 40 {
			at := float64(n) / 10
			switch i % 3 {
			case 0:
				s.at(at, rules.Cut, port(fmt.Sprintf("10.1.%d.1", i), n), service)
				s.at(at+3.9, rules.Outage, port(fmt.Sprintf("10.1.%d.2", i), n), service, closed, before(0))
			case 1:
				p := rules.Scan
				if n < 8 {
					p = rules.Refusal
				}
				s.at(at, p, port(fmt.Sprintf("10.9.%d.9", i), n), port(fmt.Sprintf("10.0.%d.5", i), n), closed)
			case 2:
				s.at(at, rules.Probe, port(fmt.Sprintf("10.8.%d.8", i), n), service, byClient, info)
			}
		}
		slices.SortStableFunc(s, func(a, b *Reset) int { return int(a.Time - b.Time) })
		plays = append(plays, s)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var mixed script
		var of []int
		rest := make([]script, len(plays))
		copy(rest, plays)
		for {
			i := rnd.IntN(len(rest))
			if j := slices.IndexFunc(rest, func(s script) bool { return len(s) > 0 }); j < 0 {
				break
			} else if len(rest[i]) == 0 {
				i = j
			}
			r := *rest[i][0]
			rest[i] = rest[i][1:]
			r.Frame, r.Stream = len(mixed)+1, len(mixed)
			mixed, of = append(mixed, &r), append(of, i)
		}
		list, got := find(t, mixed)
		if len(list) != len(plays) {
			t.Fatalf("%d incidents, want %d", len(list), len(plays))
		}
		is := map[int]int{}
		for i, g := range got {
			if was, ok := is[g]; ok && was != of[i] {
				t.Fatalf("incident %d has resets of two", list[g].Number)
			}
			is[g] = of[i]
		}
	}
}

// Whatever comes, memory is bounded, no reset is lost, and the report says what was not kept apart.
func TestBounds(t *testing.T) {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	f := NewFinder()
	const n = 30_000
	for i := range n {
		var s script
		r := s.at(float64(i), rules.Cut, fmt.Sprintf("10.%d.%d.1:1", i>>8&255, i&255), fmt.Sprintf("11.%d.%d.1:80", i>>8&255, i&255), byClient)
		r.Frame, r.Stream = i+1, i
		f.Add(r)
	}
	const room = 8 << 20 // bytes
	if kept := heap() - before; kept > room {
		t.Errorf("%d bytes are kept, more than %d", kept, room)
	} else {
		t.Logf("%d bytes are kept", kept)
	}
	if len(f.strands) > MaxStrands+10 || len(f.conns) > recent || f.refs > MaxAllRefs {
		t.Errorf("%d strands, %d connections, %d resets are kept", len(f.strands), len(f.conns), f.refs)
	}
	list := f.Incidents()
	resets := 0
	var rest *Incident
	for i := range list {
		resets += list[i].Resets
		if list[i].Kind == NotKept {
			rest = &list[i]
		}
	}
	if resets != n {
		t.Errorf("%d resets of %d", resets, n)
	}
	if rest == nil || rest.Resets != n-MaxStrands || !rest.Clients.AtLeast {
		t.Fatalf("what was not kept apart: %+v", rest)
	}
	if !strings.Contains(rest.Says, "25,904 resets of 25,904 connections were counted together, because a report keeps 4,096 incidents apart") {
		t.Error(rest.Says)
	}
}

// A scan of all ports counts each of them, once.
func TestPortsAreCountedExactly(t *testing.T) {
	var s script
	for i := range 20_000 {
		s.at(float64(i)/1000, rules.Scan, port("10.9.9.9", i), port("10.0.0.5", 1+i%15_000), closed, info)
	}
	list, _ := find(t, s)
	if len(list) != 1 || list[0].Services != (Count{N: 15_000}) {
		t.Errorf("%+v", list)
	}
}

// BenchmarkAdd adds resets of 500 services and 20,000 clients, and reports the memory that is kept.
func BenchmarkAdd(b *testing.B) {
	var s script
	for i := range 1 << 16 {
		p := []rules.Pattern{rules.Cut, rules.Habit, rules.Race, rules.Refusal}[i%4]
		s.at(float64(i)/1000, p, port(fmt.Sprintf("10.%d.%d.1", i%20_000>>8, i&255), 1024+i%5000), port(fmt.Sprintf("172.16.%d.1", i*7919%500), 80))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f := NewFinder()
	b.ResetTimer()
	for i := range b.N {
		f.Add(s[i%len(s)])
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "MB")
	b.ReportMetric(float64(len(f.strands)), "strands")
	runtime.KeepAlive(f)
	runtime.KeepAlive(s)
}

// One incident that is asked for is the same as among all, by each number that it has had, and costs far less than all:
// a live report asks again and again while there may be thousands.
func TestOneIncidentOfMany(t *testing.T) {
	var s script
	for i := range 2000 {
		for k := range 3 {
			s.at(float64(i/10+k*30), rules.Refusal, fmt.Sprintf("192.0.2.%d", i%250), fmt.Sprintf("198.51.%d.%d:443", i/250, i%250))
		}
	}
	f := NewFinder()
	for _, r := range s {
		f.Add(r)
	}
	all, of := f.Incidents(), f.Of()
	byNumber := map[int]Incident{}
	for _, in := range all {
		byNumber[in.Number] = in
	}
	if len(all) < 100 {
		t.Fatalf("only %d incidents", len(all))
	}
	for n, number := range of {
		if n%50 != 0 {
			continue
		}
		in, ok := f.Incident(n)
		if want := byNumber[number]; !ok || in.Number != want.Number || in.Says != want.Says || in.Resets != want.Resets || !slices.Equal(in.Also, want.Also) {
			t.Fatalf("number %d: %+v, among all %+v", n, in, want)
		}
	}
	if _, ok := f.Incident(1 << 30); ok {
		t.Error("an incident of a number that there is not")
	}
	one := testing.AllocsPerRun(3, func() { f.Incident(1) })
	each := testing.AllocsPerRun(3, func() { f.Incidents() })
	if one > each/4 {
		t.Errorf("one costs %.0f allocations, all %d cost %.0f", one, len(all), each)
	}
}
