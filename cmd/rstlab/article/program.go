//go:build linux

package article

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// Settings are what a client program needs, by name: url, ca, protocol, times, pause, upload, ….
type Settings map[string]string

// with returns the settings and some more.
func (s Settings) with(more Settings) Settings {
	all := Settings{}
	for _, m := range []Settings{s, more} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// args returns them as name=value arguments.
func (s Settings) args() []string {
	var args []string
	for k, v := range s {
		args = append(args, k+"="+v)
	}
	sort.Strings(args)
	return args
}

// A Program is a real program whose words are wanted: a client, or a proxy in front of the server.
type Program struct {
	Name    string // "okhttp"; key of Parts.versions
	Setting string // what is set differently from other rows of the same program: "retryOnConnectionFailure=false"
	Always  Settings
	skills  string // what it can do: pause between connect and request, reuse a connection, upload, h2
	command func(*Scene, Settings) *exec.Cmd
	proxy   *proxy                                 // for a proxy
	server  func(*Scene, netip.AddrPort) *exec.Cmd // for a server
}

func (p *Program) can(skill string) bool {
	for _, s := range strings.Fields(p.skills) {
		if s == skill {
			return true
		}
	}
	return false
}

// The clients, in the order of the tables.
var (
	curl       = &Program{Name: "curl", skills: "pause upload h2 tls timeouts", command: curlCommand}
	goClient   = &Program{Name: "go", skills: "pause reuse upload h2 tls timeouts", command: goCommand}
	httpClient = &Program{Name: "http.client", skills: "pause reuse upload tls timeouts", command: pythonCommand}
	urllib     = &Program{Name: "urllib", skills: "upload timeouts", command: pythonCommand}
	requests   = &Program{Name: "requests", skills: "reuse upload tls timeouts", command: pythonCommand}
	nodeHTTP   = &Program{Name: "node-http", skills: "pause reuse upload tls timeouts", command: nodeCommand}
	nodeFetch  = &Program{Name: "node-fetch", skills: "reuse upload tls timeouts", command: nodeCommand}
	nodeHTTP2  = &Program{Name: "node-http2", skills: "h2only pause", command: nodeCommand}
	okhttp     = &Program{Name: "okhttp", Setting: "retryOnConnectionFailure=true", skills: "pause reuse upload h2 tls " +
		"timeouts", command: javaCommand("OkHttp")}
	okhttpOnce = &Program{Name: "okhttp", Setting: "retryOnConnectionFailure=false", Always: Settings{"retry": "off"},
		skills: "pause reuse upload h2 tls timeouts", command: javaCommand("OkHttp")}
	urlConn = &Program{Name: "urlconnection", skills: "pause reuse upload tls timeouts",
		command: javaCommand("UrlConnection")}
	jdkClient = &Program{Name: "jdk-httpclient", skills: "reuse upload h2 tls timeouts",
		command: javaCommand("JdkHttpClient")}

	clientPrograms = []*Program{curl, goClient, httpClient, urllib, requests, nodeHTTP, nodeFetch, nodeHTTP2, okhttp,
		okhttpOnce, urlConn, jdkClient}
)

func goCommand(s *Scene, set Settings) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(exe, set.args()...)
	cmd.Args[0] = "gohttp"
	cmd.Env = append(os.Environ(), "RSTLAB_ROLE=gohttp")
	return cmd
}

func pythonCommand(s *Scene, set Settings) *exec.Cmd {
	return exec.Command("python3", append([]string{filepath.Join(s.parts.dir, "client.py")}, set.args()...)...)
}

func nodeCommand(s *Scene, set Settings) *exec.Cmd {
	set["client"] = strings.TrimPrefix(set["client"], "node-")
	cmd := exec.Command("node", append([]string{filepath.Join(s.parts.dir, "client.mjs")}, set.args()...)...)
	if ca := set["ca"]; ca != "" {
		cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+ca)
	}
	return cmd
}

func javaCommand(class string) func(*Scene, Settings) *exec.Cmd {
	return func(s *Scene, set Settings) *exec.Cmd {
		return exec.Command("java", append([]string{"-Xshare:auto", "-XX:TieredStopAtLevel=1",
			"-cp", s.parts.classpath, class}, set.args()...)...)
	}
}

// curlPause is how long strace holds curl back before it sends its request.
const curlPause = 1500 * time.Millisecond

// curlCommand makes curl's command line. curl has no place to pause between connect and request, so that
// strace holds its first sendto(2) back.
func curlCommand(s *Scene, set Settings) *exec.Cmd {
	args := []string{"curl", "-sS", "-o", "/dev/null", "-w", `\n@result %{http_code} %{size_download}\n`}
	if set["ca"] != "" {
		args = append(args, "--cacert", set["ca"])
	}
	switch set["protocol"] {
	case "h2":
		args = append(args, "--http2")
	case "h2c":
		args = append(args, "--http2-prior-knowledge")
	default:
		args = append(args, "--http1.1")
	}
	if t := set["connect-timeout"]; t != "" {
		args = append(args, "--connect-timeout", seconds(t))
	}
	if t := set["read-timeout"]; t != "" {
		args = append(args, "--max-time", seconds(t))
	}
	if set["upload"] != "" {
		args = append(args, "-X", "POST", "-T", "-", "-H", "Expect:")
	}
	args = append(args, set["url"])
	if set["pause"] == "connected" {
		args = append([]string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=sendto",
			"-e", fmt.Sprintf("inject=sendto:delay_enter=%d:when=1", curlPause.Microseconds())}, args...)
	}
	return exec.Command(args[0], args[1:]...)
}

func seconds(millis string) string {
	d, _ := time.ParseDuration(millis + "ms")
	return fmt.Sprint(d.Seconds())
}

// trickle feeds curl's upload in small pieces until curl ends.
func trickle(w io.Writer, gap time.Duration) {
	piece := make([]byte, 1024)
	for {
		if _, err := w.Write(piece); err != nil {
			return
		}
		time.Sleep(gap)
	}
}
