//go:build linux

package article

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/rstexplain/rstexplain/cmd/rstlab/actor"
)

func init() { actor.Register("goserver", playGoServer) }

// playGoServer is Go's net/http as the server of the experiments: /wait answers late, /drip piece by
// piece, /up reads a body. It says what fails.
func playGoServer(a *actor.Actor) {
	listen, _ := strings.CutPrefix(a.Args[0], "listen=")
	said := func(what string, err error) {
		if err == nil {
			return
		}
		words, _ := json.Marshal(what + err.Error())
		a.Say("@words %s", words)
		var errno syscall.Errno
		if errors.As(err, &errno) {
			a.Say("@errno %d", int(errno))
		}
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/wait":
			select {
			case <-time.After(600 * time.Millisecond):
			case <-r.Context().Done():
				said("r.Context(): ", r.Context().Err())
			}
			_, err := w.Write(filler(512))
			if err == nil {
				err = http.NewResponseController(w).Flush()
			}
			said("w.Write: ", err)
		case "/up":
			_, err := io.Copy(io.Discard, r.Body)
			said("r.Body.Read: ", err)
		default: // /drip, or /slow
			gap, pieces := 30*time.Millisecond, 40
			if r.URL.Path == "/slow" {
				gap, pieces = 300*time.Millisecond, 5
			}
			w.Header().Set("Content-Length", "100000")
			for range pieces {
				_, err := w.Write(filler(512))
				if err == nil {
					err = http.NewResponseController(w).Flush()
				}
				if err != nil {
					said("w.Write: ", err)
					return
				}
				time.Sleep(gap)
			}
		}
	}
	l, err := net.Listen("tcp", listen)
	a.Check(err)
	a.Say("@listening")
	_ = http.Serve(l, http.HandlerFunc(handler))
}
