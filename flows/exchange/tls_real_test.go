package exchange

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	gotls "crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRealTLS has a State hear what a real TLS stack says, handshake, tickets and goodbye, in every
// version that it still speaks and with the suites that differ in what can be seen.
func TestRealTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1<<33, 0), DNSNames: []string{"example.com"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert := gotls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	for _, c := range []struct {
		name    string
		version uint16
		suite   uint16
		cache   bool // the client takes tickets
		mutual  bool // the client shows a certificate
		want    string
	}{
		{"1.0", gotls.VersionTLS10, gotls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false, false, "TLS 1.0"},
		{"1.2 CBC", gotls.VersionTLS12, gotls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, true, false, "TLS 1.2"},
		{"1.2 GCM", gotls.VersionTLS12, gotls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true, false, "TLS 1.2"},
		{"1.2 ChaCha20", gotls.VersionTLS12, gotls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, false, true, "TLS 1.2"},
		{"1.3", gotls.VersionTLS13, 0, false, false, "TLS 1.3"},
		{"1.3 with tickets", gotls.VersionTLS13, 0, true, false, "TLS 1.3"},
		{"1.3 with a client's certificate", gotls.VersionTLS13, 0, true, true, "TLS 1.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := &gotls.Config{Certificates: []gotls.Certificate{cert}, MinVersion: c.version, MaxVersion: c.version, NextProtos: []string{"http/1.1"}}
			client := &gotls.Config{InsecureSkipVerify: true, ServerName: "example.com", MinVersion: c.version, MaxVersion: c.version, NextProtos: []string{"http/1.1"}}
			if c.suite != 0 {
				client.CipherSuites = []uint16{c.suite}
			}
			if c.cache {
				client.ClientSessionCache = gotls.NewLRUClientSessionCache(1)
			}
			if c.mutual {
				server.ClientAuth, client.Certificates = gotls.RequestClientCert, []gotls.Certificate{cert}
			}
			steps := talk(t, client, server)
			for i, want := range []string{"Finished", "unanswered", "answered", "goodbye"} {
				s := steps[i]
				ok := s.HandshakeOK && s.TLSVersion == c.want && s.SNI == "example.com" && s.ALPN == "http/1.1"
				switch want {
				case "Finished":
					ok = ok && s.Pending == 0 && s.Unused[0]
				case "unanswered":
					ok = ok && s.Pending == 1 && !s.Unused[0] && s.Last[0].Kind == Request
				case "answered":
					ok = ok && s.Pending == 0 && s.Last[1].Kind == Response
				case "goodbye":
					ok = ok && s.Pending == 0 && s.CloseNotify[0] != 0 && s.CloseNotify[1] != 0
				}
				if !ok {
					t.Errorf("%s: %s\n%+v", want, brief(s), s)
				}
			}
		})
	}
}

// talk has a client and a server shake hands, ask, answer and say goodbye, and returns the Summary after
// each of these.
func talk(t *testing.T, clientConf, serverConf *gotls.Config) (steps []Summary) {
	t.Helper()
	names, st, frame := NewNames(), new(State), 0
	var mu sync.Mutex
	say := func(side int, b []byte) {
		mu.Lock()
		defer mu.Unlock()
		frame++
		st.Say(names, side, frame, 1_700_000_000_000_000_000+int64(frame)*1e6, b, uint32(len(b)))
	}
	step := func() {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, st.Summary(names))
	}
	wires := [2]chan []byte{make(chan []byte, 100), make(chan []byte, 100)}
	client := gotls.Client(&wire{side: 0, say: say, out: wires[0], in: wires[1]}, clientConf)
	server := gotls.Server(&wire{side: 1, say: say, out: wires[1], in: wires[0]}, serverConf)
	next, done := make(chan struct{}), make(chan error)
	go func() { // the server takes each step when it is told to
		<-next
		_, err := io.ReadFull(server, make([]byte, 600))
		done <- err
		<-next
		_, err = server.Write([]byte(strings.Repeat("a", 3000)))
		done <- err
		<-next
		done <- server.Close()
	}()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	go server.Handshake()
	check(client.Handshake())
	step()
	_, err := client.Write([]byte(strings.Repeat("q", 600)))
	check(err)
	next <- struct{}{}
	check(<-done)
	step()
	next <- struct{}{}
	check(<-done)
	_, err = io.ReadFull(client, make([]byte, 3000))
	check(err)
	step()
	next <- struct{}{}
	check(<-done)
	client.Read(make([]byte, 1))
	client.Close()
	step()
	return steps
}

// A wire is a connection within the test that tells what is written to it.
type wire struct {
	net.Conn // the methods that nobody calls
	side     int
	say      func(int, []byte)
	out      chan<- []byte
	in       <-chan []byte
	rest     []byte
}

func (w *wire) Write(b []byte) (int, error) {
	b = append([]byte(nil), b...)
	w.say(w.side, b)
	w.out <- b
	return len(b), nil
}

func (w *wire) Read(b []byte) (int, error) {
	if len(w.rest) == 0 {
		p, ok := <-w.in
		if !ok {
			return 0, io.EOF
		}
		w.rest = p
	}
	n := copy(b, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

func (w *wire) Close() error {
	close(w.out)
	return nil
}

func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
