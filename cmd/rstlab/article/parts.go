//go:build linux

package article

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

//go:embed programs
var programs embed.FS

// Parts are the programs of this machine that take part, and where their pieces are.
type Parts struct {
	dir       string // scratch: sources and compiled classes
	classpath string
	versions  map[string]string // by program name
	missing   []string
}

// Missing lists the programs that are not there; the experiments that need them are played without them.
func (p *Parts) Missing() []string { return p.missing }

// Close removes the scratch directory.
func (p *Parts) Close() { os.RemoveAll(p.dir) }

// Gather looks for the parts and compiles the Java programs.
func Gather() (*Parts, error) {
	dir, err := os.MkdirTemp("", "rstlab-article-")
	if err != nil {
		return nil, err
	}
	goVersion := strings.Replace(runtime.Version(), "go", "Go ", 1)
	p := &Parts{dir: dir, versions: map[string]string{"go": goVersion + " net/http",
		"go-server": goVersion + " net/http.Server"}}
	err = fs.WalkDir(programs, "programs", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := programs.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o644)
	})
	if err != nil {
		return nil, err
	}
	for _, x := range []struct {
		name, format, pattern string
		command               []string
	}{
		{"curl", "curl %s", `curl (\S+)`, []string{"curl", "--version"}},
		{"strace", "strace %s", `version (\S+)`, []string{"strace", "--version"}},
		{"http.client", "Python %s http.client", `Python (\S+)`, []string{"python3", "--version"}},
		{"urllib", "Python %s urllib.request", `Python (\S+)`, []string{"python3", "--version"}},
		{"requests", "requests %s", `requests (.+)`, []string{"python3", filepath.Join(dir,
			"client.py"), "client=requests", "version=1"}},
		{"node-http", "Node.js %s http.request", `v(\S+)`, []string{"node", "--version"}},
		{"node-http2", "Node.js %s http2", `v(\S+)`, []string{"node", "--version"}},
		{"node-fetch", "Node.js fetch (undici %s)", `(\S+)`, []string{"node", "-p", "process.versions.undici"}},
		{"python-server", "Python %s http.server", `Python (\S+)`, []string{"python3", "--version"}},
		{"node-server", "Node.js %s http.Server", `v(\S+)`, []string{"node", "--version"}},
		{"java", "OpenJDK %s", `version "([^"]+)"`, []string{"java", "-version"}},
		{"nginx", "nginx %s", `nginx/(\S+)`, []string{"nginx", "-v"}},
		{"haproxy", "HAProxy %s", `version (\S+)`, []string{"haproxy", "-v"}},
		{"caddy", "Caddy %s", `v?(\d\S+)`, []string{"caddy", "version"}},
		{"mitmproxy", "mitmproxy %s", `Mitmproxy: (\S+)`, []string{"mitmdump", "--version"}},
	} {
		out, err := exec.Command(x.command[0], x.command[1:]...).CombinedOutput()
		m := regexp.MustCompile(x.pattern).FindSubmatch(out)
		if err != nil || m == nil {
			p.missing = append(p.missing, fmt.Sprintf("%s (%s)", x.name, strings.Join(x.command, " ")))
			continue
		}
		p.versions[x.name] = fmt.Sprintf(x.format, bytes.TrimSpace(m[1]))
	}
	p.java()
	return p, nil
}

// java compiles the Java programs and finds OkHttp where Debian's libokhttp-java puts it, or where
// OKHTTP_CLASSPATH says.
func (p *Parts) java() {
	java := p.versions["java"]
	if java == "" {
		return
	}
	javac := func(files ...string) error {
		args := []string{"-d", p.dir, "-cp", p.classpath}
		for _, f := range files {
			args = append(args, filepath.Join(p.dir, f))
		}
		out, err := exec.Command("javac", args...).CombinedOutput()
		if err != nil {
			p.missing = append(p.missing, fmt.Sprintf("%s (javac: %v %s)", strings.Join(files, ", "), err, out))
		}
		return err
	}
	p.classpath = p.dir
	if javac("Step.java", "UrlConnection.java", "JdkHttpClient.java", "Server.java") == nil {
		p.versions["jdk-server"] = java + " com.sun.net.httpserver"
		p.versions["urlconnection"] = java + " HttpURLConnection"
		p.versions["jdk-httpclient"] = java + " java.net.http.HttpClient"
	}
	jars := os.Getenv("OKHTTP_CLASSPATH")
	if jars == "" {
		jars = "/usr/share/java/okhttp.jar:/usr/share/java/okio.jar"
	}
	version := ""
	for _, jar := range strings.Split(jars, ":") {
		if _, err := os.Stat(jar); err != nil {
			p.missing = append(p.missing, "okhttp ("+jar+", from libokhttp-java; or set OKHTTP_CLASSPATH)")
			return
		}
		if filepath.Base(jar) == "okhttp.jar" {
			version = okhttpVersion(jar)
		}
	}
	p.classpath = p.dir + ":" + jars
	if javac("Step.java", "OkHttp.java") == nil {
		p.versions["okhttp"] = fmt.Sprintf("OkHttp %s on %s", version, java)
	}
}

// okhttpVersion reads the version that OkHttp sends as its User-Agent from its jar.
func okhttpVersion(jar string) string {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return ""
	}
	defer z.Close()
	f, err := z.Open("okhttp3/internal/Version.class")
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(f)
	if m := regexp.MustCompile(`okhttp/(\d[\w.]*)`).FindSubmatch(b); m != nil {
		return string(m[1])
	}
	return ""
}

// has reports whether a program is there.
func (p *Parts) has(name string) bool { return p.versions[name] != "" }
