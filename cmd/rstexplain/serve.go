package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/spf13/cobra"
)

// defaultListen is an address that no other machine reaches.
const defaultListen = "127.0.0.1:0"

func serveCommand() *cobra.Command {
	listen, page := defaultListen, ""
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Explain captures in a browser on this machine",
		Long: `serve offers a page on this machine's loopback interface: drop a capture or paste
text there, and it shows the HTML report. The browser itself reads the capture.
Nothing is uploaded, not even to this program, which serves that page alone.`,
		Example: `  rstexplain serve
  rstexplain serve --listen 127.0.0.1:8080`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), listen, page, outOf(cmd))
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&listen, "listen", defaultListen, "listen on `ADDRESS`; port 0 is any free one")
	f.StringVar(&page, "page", "", "serve the page in `FILE`, as cmd/rstpage builds it, and not the one in the program")
	return cmd
}

func serve(ctx context.Context, listen, path string, stdout io.Writer) error {
	page := embeddedPage
	if path != "" {
		b, err := awaited(ctx, path, func() ([]byte, error) {
			b, _, err := readSmall(path, maxPage)
			return b, err
		})
		switch {
		case errors.As(err, &interruptedError{}):
			return err
		case err != nil:
			return inputError{path, err}
		case len(b) > maxPage:
			return errNotPage(path)
		}
		page = b
	}
	if len(page) == 0 {
		return errNoPage
	}
	policy := pagePolicy.FindSubmatch(page[:min(len(page), 4096)])
	if policy == nil {
		return errNotPage(path)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return errListen(listen, err)
	}
	address := l.Addr().(*net.TCPAddr)
	server := &http.Server{Handler: pageHandler(page, string(policy[1]), address), ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout: time.Minute}
	if _, err := fmt.Fprintf(stdout, "http://%s/\n", address); err != nil {
		l.Close()
		return outputError{"", err}
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return errListen(listen, err)
	}
	return nil
}

// maxPage bounds a page of cmd/rstpage, in bytes.
const maxPage = 64 << 20

// pagePolicy finds the policy of a page of cmd/rstpage.
var pagePolicy = regexp.MustCompile(`http-equiv="Content-Security-Policy" content="(default-src 'none';[^"]*)"`)

// pageHandler serves the page to itself and to who types its address, and to no other site. On loopback it also wants
// the Host of its own address: the name of another site may have been made to resolve to it.
func pageHandler(page []byte, policy string, address *net.TCPAddr) http.Handler {
	hosts := map[string]bool{address.String(): true, fmt.Sprintf("localhost:%d", address.Port): true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy+"; frame-ancestors 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		site := r.Header.Get("Sec-Fetch-Site")
		switch {
		case address.IP.IsLoopback() && !hosts[r.Host], site != "" && site != "none" && site != "same-origin":
			http.Error(w, "this page is for the browser of this machine: type its address", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "nothing can be sent here", http.StatusMethodNotAllowed)
		case r.URL.Path != "/" && r.URL.Path != "/index.html":
			http.NotFound(w, r)
		default:
			h.Set("Content-Type", "text/html; charset=utf-8")
			h.Set("Content-Length", fmt.Sprint(len(page)))
			if r.Method == http.MethodGet {
				w.Write(page)
			}
		}
	})
}
