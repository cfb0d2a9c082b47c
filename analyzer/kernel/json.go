package kernel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"

	"github.com/rstexplain/rstexplain/flows"
)

// maxValue is the largest event of a JSON record in bytes.
const maxValue = 1 << 20

// A bound ends reading where one value is larger than maxValue.
type bound struct {
	in   io.Reader
	read int64
	done func() int64
}

func (b *bound) Read(p []byte) (int, error) {
	if b.read-b.done() > maxValue {
		return 0, fmt.Errorf("the value at byte %d is larger than %d KiB", b.done(), maxValue>>10)
	}
	n, err := b.in.Read(p[:min(len(p), 64<<10)])
	b.read += int64(n)
	return n, err
}

// readJSON reads the events of retis, as one object with all of them or as one object each, and nstat --json. What is
// behind an error of the syntax is not read, and the error is returned.
func (r *Record) readJSON(in io.Reader) error {
	b := &bound{in: in}
	dec := json.NewDecoder(b)
	b.done = dec.InputOffset
	p := lines{Record: r}
	for {
		switch t, err := dec.Token(); {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("byte %d: %w", dec.InputOffset(), err)
		case t != json.Delim('{'):
			return fmt.Errorf("byte %d: JSON, but not the events of retis or the counters of nstat", dec.InputOffset())
		}
		var e retisEvent
		for dec.More() {
			t, err := dec.Token()
			if err == nil {
				err = p.member(dec, fmt.Sprint(t), &e)
			}
			if err != nil {
				return fmt.Errorf("byte %d: %w", dec.InputOffset(), err)
			}
		}
		if _, err := dec.Token(); err != nil {
			return fmt.Errorf("byte %d: %w", dec.InputOffset(), err)
		}
		p.retis(&e)
	}
}

// member reads one member of an object at the top.
func (p *lines) member(dec *json.Decoder, key string, e *retisEvent) error {
	if key == "events" {
		t, err := dec.Token()
		if err != nil || t != json.Delim('[') {
			return fmt.Errorf("events is no list")
		}
		for dec.More() {
			var e retisEvent
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			if json.Unmarshal(raw, &e) != nil {
				p.unknown()
				continue
			}
			p.retis(&e)
		}
		_, err = dec.Token()
		return err
	}
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	wrap, err := json.Marshal(map[string]json.RawMessage{key: raw})
	if err != nil {
		return err
	}
	if json.Unmarshal(wrap, e) == nil && !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) &&
		(key != "kernel" || e.Kernel.Symbol != "") {
		return nil
	}
	var counters map[string]json.Number
	if key == "kernel" && json.Unmarshal(raw, &counters) == nil {
		p.named("nstat")
		for _, name := range slices.Sorted(maps.Keys(counters)) {
			if n, err := counters[name].Int64(); err == nil {
				p.counter(name, n)
			}
		}
		p.Lines++
	}
	return nil
}

// A retisEvent is what of an event of retis matters here. Names of sections differ from version to version.
type retisEvent struct {
	Common struct {
		Timestamp int64 `json:"timestamp"`
		Task      struct {
			Comm string `json:"comm"`
		} `json:"task"`
	} `json:"common"`
	Kernel struct {
		Symbol string `json:"symbol"`
	} `json:"kernel"`
	Drop    *retisDrop `json:"skb-drop"`
	DropNew *retisDrop `json:"skb_drop"`
	SKB     retisSKB   `json:"skb"`
	IP      *retisIP   `json:"ip"`
	TCP     *retisTCP  `json:"tcp"`
}

type retisDrop struct {
	Reason string `json:"drop_reason"`
	Subsys string `json:"subsys"`
}

type retisSKB struct {
	IP  *retisIP  `json:"ip"`
	TCP *retisTCP `json:"tcp"`
}

type retisIP struct {
	Src string `json:"saddr"`
	Dst string `json:"daddr"`
}

type retisTCP struct {
	Src uint16 `json:"sport"`
	Dst uint16 `json:"dport"`
}

// retis keeps an event: a drop with its reason, or a packet that the kernel answers with a RST.
func (p *lines) retis(e *retisEvent) {
	drop, ip, tcp := e.Drop, e.SKB.IP, e.SKB.TCP
	if drop == nil {
		drop = e.DropNew
	}
	if ip == nil {
		ip = e.IP
	}
	if tcp == nil {
		tcp = e.TCP
	}
	if e.Common.Timestamp == 0 && drop == nil && e.Kernel.Symbol == "" {
		return // what retis says of itself
	}
	p.named("retis")
	p.Lines++
	p.at++
	ev := Event{Kind: Drop, Time: e.Common.Timestamp, Program: p.word(e.Common.Task.Comm)}
	if ip != nil && tcp != nil {
		src, err := netip.ParseAddr(ip.Src)
		dst, err2 := netip.ParseAddr(ip.Dst)
		if err == nil && err2 == nil && src.Zone() == "" && dst.Zone() == "" {
			ev.Src, ev.Dst = flows.AddrFrom(netip.AddrPortFrom(src, tcp.Src)), flows.AddrFrom(netip.AddrPortFrom(dst, tcp.Dst))
		}
	}
	known := ev.Src.Port != 0 && ev.Dst.Port != 0
	switch e.Kernel.Symbol {
	case "tcp_v4_send_reset", "tcp_v6_send_reset", "tcp:tcp_send_reset":
		if known {
			ev.Kind, ev.Src, ev.Dst = SendReset, ev.Dst, ev.Src // the packet is the one that is answered
			p.add(ev)
			return
		}
	}
	if drop == nil {
		p.Other++
		return
	}
	ev.Reason = p.dropReason(drop.Reason)
	p.drop(ev.Reason)
	if known {
		p.add(ev)
	}
}
