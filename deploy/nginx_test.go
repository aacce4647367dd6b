package deploy

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const host = "wechat.example.com"

func TestNginxForwardsOnlyWhatItShould(t *testing.T) {
	world := startNginx(t)
	big := strings.Repeat("x", 300<<10)
	query := "?signature=a%2Fb&timestamp=1760000000&nonce=83%2b6&encrypt_type=aes&msg_signature=0d42"
	for _, c := range []struct {
		name, scheme, method, path, body string
		status                           int  // of nginx, when the service answers 201
		forwarded                        bool // unchanged: method, path, query, body
	}{
		{"a ticket push", "https", "POST", "/wechattpp/component" + query, "<xml>票</xml>", 201, true},
		{"a ticket push without TLS is not redirected", "http", "POST", "/wechattpp/component" + query, "<xml/>", 201, true},
		{"a push for an account", "https", "POST", "/wechattpp/wx9f8e7d6c5b4a3f2e/message" + query, big, 201, true},
		{"a push for an account without TLS", "http", "POST", "/wechattpp/wx9f8e7d6c5b4a3f2e/message" + query, big, 201, true},
		{"a path that no account has", "https", "POST", "/wechattpp/a/b/message", "", 404, false},
		{"a callback of just under the limit", "https", "POST", "/wechattpp/component", strings.Repeat("x", 1<<20), 201, true},
		{"a callback over the limit", "https", "POST", "/wechattpp/component", strings.Repeat("x", 1<<20+1), 413, false},
		{"a send", "https", "POST", "/v1/sent", `{"aud_userid":["u-1"]}`, 201, true},
		{"a msgid with colons, slashes doubled and escaped", "https", "GET", "/v1/messages/v:1t:17p%2F//x?limit=2&cursor=a+b", "", 201, true},
		{"the API without TLS", "http", "POST", "/v1/sent", "{}", 308, false},
		{"the authorization page", "https", "GET", "/authorize/abc.def", "", 201, true},
		{"the return from WeChat", "https", "GET", "/authorize/callback?auth_code=q%40%40%40c&expires_in=600&state=s", "", 201, true},
		{"the page that binds", "https", "GET", "/bind/abc", "", 201, true},
		{"the return from a subscription", "https", "GET", "/subscribe/return?openid=o1&action=confirm&scene=1&reserved=r", "", 201, true},
		{"a file for WeCom", "https", "POST", "/v1/senders/hr/media", strings.Repeat("x", 20<<20+1000), 201, true},
		{"a long file through the proxy", "https", "POST", "/v1/senders/hr/proxy/cgi-bin/media/upload?type=file", strings.Repeat("x", 22<<20), 201, true},
		{"a crooked path of the proxy, which the service refuses", "https", "GET", "/v1/senders/hr/proxy/cgi-bin/..%2f//x", "", 201, true},
		{"a page that is none of these", "https", "GET", "/subscriber/x", "", 404, false},
		{"the reference page", "https", "GET", "/docs", "", 201, true},
		{"a file of the reference page", "https", "GET", "/docs/swagger-ui.css", "", 201, true},
		{"the document", "https", "GET", "/openapi.json", "", 201, true},
		{"the probe", "https", "GET", "/healthz", "", 201, true},
		{"metrics stay inside", "https", "GET", "/metrics", "", 404, false},
		{"metrics by a crooked path stay inside", "https", "GET", "/v1/..%2fmetrics", "", 404, false},
		{"readiness stays inside", "https", "GET", "/readyz", "", 404, false},
		{"a file that verifies the domain comes from a folder", "https", "GET", "/MP_verify_a1B2.txt", "", 200, false},
		{"the root is nothing", "https", "GET", "/", "", 404, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := world.ask(t, c.scheme, c.method, c.path, c.body)
			if got != c.status {
				t.Errorf("answered %d, want %d", got, c.status)
			}
			select {
			case seen := <-world.seen:
				if !c.forwarded {
					t.Fatalf("%s %s reached the service", seen.method, seen.uri)
				}
				if seen.method != c.method || seen.uri != c.path || seen.body != c.body {
					t.Errorf("arrived as %s %s with %d bytes", seen.method, seen.uri, len(seen.body))
				}
				if f := seen.header; f.Get("X-Forwarded-For") != "127.0.0.1" || f.Get("X-Forwarded-Proto") != c.scheme || seen.host != host {
					t.Errorf("forwarding headers: %v, host %s", f, seen.host)
				}
			default:
				if c.forwarded {
					t.Fatal("did not reach the service")
				}
			}
		})
	}
	log := world.logs(t)
	for _, secret := range []string{"msg_signature", "auth_code", "q%40%40", "abc.def"} {
		if strings.Contains(log, secret) {
			t.Errorf("the access log holds %q", secret)
		}
	}
}

func TestNginxPassesTheRefusalOfAServiceWithoutDatabase(t *testing.T) {
	world := startNginx(t)
	world.answer = http.StatusServiceUnavailable
	if got := world.ask(t, "https", "POST", "/wechattpp/component", "<xml/>"); got != 503 {
		t.Errorf("answered %d, want 503, so that WeChat tries again", got)
	}
}

// arrived is one request as the service saw it.
type arrived struct {
	method, uri, body, host string
	header                  http.Header
}

type proxy struct {
	dir       string
	http, tls string     // addresses of nginx
	sockets   []*os.File // that listen on them
	answer    int
	seen      chan arrived
	client    *http.Client
}

// startNginx runs nginx with nginx.conf on loopback ports before a service that only looks.
func startNginx(t *testing.T) *proxy {
	t.Helper()
	p := &proxy{dir: t.TempDir(), answer: http.StatusCreated, seen: make(chan arrived, 1)}
	p.http, p.tls = p.listen(t), p.listen(t)
	service := httptest.NewServer(http.HandlerFunc(p.look))
	t.Cleanup(service.Close)
	p.client = &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: writeCertificate(t, p.dir), ServerName: host}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(p.client.CloseIdleConnections)
	p.run(t, p.configure(t, strings.TrimPrefix(service.URL, "http://")))
	return p
}

func (p *proxy) look(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(p.answer)
	if p.answer == http.StatusCreated {
		p.seen <- arrived{r.Method, r.RequestURI, string(body), r.Host, r.Header}
	}
}

// configure writes nginx.conf with this test's ports, files and upstream, and a frame around it.
func (p *proxy) configure(t *testing.T, upstream string) string {
	t.Helper()
	site, err := os.ReadFile("nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"listen 80;", "listen " + p.http + ";"},
		{"listen 443 ssl", "listen " + p.tls + " ssl"},
		{"server 127.0.0.1:8080 ", "server " + upstream + " "},
		{"/etc/nginx/certs", p.dir},
		{"/var/log/nginx", p.dir},
		{"/var/www/wechattpp", p.dir},
	} {
		if !bytes.Contains(site, []byte(change[0])) {
			t.Fatalf("nginx.conf no longer says %q", change[0])
		}
		site = bytes.ReplaceAll(site, []byte(change[0]), []byte(change[1]))
	}
	write(t, filepath.Join(p.dir, "site.conf"), site)
	write(t, filepath.Join(p.dir, "MP_verify_a1B2.txt"), []byte("a1B2"))
	frame := "daemon off;\npid nginx.pid;\nerror_log error.log;\nevents {}\nhttp {\n"
	if os.Getuid() == 0 {
		frame = "user root;\n" + frame
	}
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		frame += fmt.Sprintf("  %s_temp_path %s/%s;\n", kind, p.dir, kind)
	}
	config := filepath.Join(p.dir, "frame.conf")
	write(t, config, []byte(frame+"  include site.conf;\n}\n"))
	return config
}

func (p *proxy) run(t *testing.T, config string) {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx" // Debian keeps it out of a user's PATH
	}
	arguments := []string{"-p", p.dir, "-e", p.dir + "/error.log", "-c", config}
	if out, err := exec.Command(nginx, append(arguments, "-t")...).CombinedOutput(); err != nil {
		t.Fatalf("nginx -t (Debian: apt-get install nginx): %v\n%s", err, out)
	}
	ctx, stop := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, nginx, arguments...)
	server.ExtraFiles, server.Env = p.sockets, append(os.Environ(), "NGINX=3;4;") // as nginx hands its sockets to its successor
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	server.WaitDelay = 10 * time.Second
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = server.Wait() // it was interrupted
	})
}

func (p *proxy) ask(t *testing.T, scheme, method, path, body string) int {
	t.Helper()
	address := p.tls
	if scheme == "http" {
		address = p.http
	}
	request, err := http.NewRequest(method, scheme+"://"+address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	request.Header.Set("X-Forwarded-For", "203.0.113.9") // a lie that must not arrive
	response, err := p.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

func (p *proxy) logs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "wechattpp.access.log"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"POST /wechattpp/component" 201`) {
		t.Fatalf("the access log does not tell of the pushes:\n%s", text)
	}
	return string(text)
}

// writeCertificate makes a certificate for host that is its own authority.
func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, filepath.Join(dir, "fullchain.pem"), public)
	write(t, filepath.Join(dir, "privkey.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(public)
	return pool
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// listen opens a socket for nginx to take over: a port that was found free might
// be another's by the time nginx listens on it.
func (p *proxy) listen(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	p.sockets = append(p.sockets, socket)
	return listener.Addr().String()
}
