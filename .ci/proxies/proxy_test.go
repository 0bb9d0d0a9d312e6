package proxies_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// proxy is a proxy that runs, as a client sees it.
type proxy struct {
	base   string // the URL, with the public host
	client *http.Client
}

// kind is a proxy that can be run before servers.
type kind struct {
	name  string
	start func(t *testing.T, program string, to []*server) *proxy
}

var kinds = []kind{{"caddy", caddy}, {"nginx", nginx}}

// each runs a test with each proxy that this machine has. CADDY and NGINX may name their programs.
func each(t *testing.T, test func(t *testing.T, start func(*testing.T, ...*server) *proxy)) {
	program(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			path, err := exec.LookPath(max(os.Getenv(strings.ToUpper(k.name)), k.name))
			if err != nil {
				path, err = exec.LookPath("/usr/sbin/" + k.name)
			}
			switch {
			case err != nil && os.Getenv("REQUIRE_PROXIES") == "1":
				t.Fatal(k.name, "is not here")
			case err != nil:
				t.Skip(k.name, "is not here")
			}
			if k.name == "caddy" {
				needs(t, path, 2, 11)
			}
			test(t, func(t *testing.T, to ...*server) *proxy { return k.start(t, path, to) })
		})
	}
}

// needs skips a test where Caddy is older than deploy/Caddyfile says. Caddy 2.6.2, which Debian 12
// has, tries no POST again while a dynamic upstream is away: calls are lost.
func needs(t *testing.T, caddy string, major, minor int) {
	t.Helper()
	out, err := exec.Command(caddy, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	var have [2]int
	if _, err := fmt.Sscanf(strings.TrimPrefix(string(out), "v"), "%d.%d", &have[0], &have[1]); err != nil {
		t.Fatalf("caddy version says %q: %v", out, err)
	}
	if slices.Compare(have[:], []int{major, minor}) < 0 {
		t.Skipf("Caddy %d.%d is older than the file needs: %d.%d", have[0], have[1], major, minor)
	}
}

// replace replaces each of the strings, in pairs; each must be there.
func replace(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the file has no %q any more", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// free returns an address of loopback that is free, while it is free at 127.0.0.2 too. Its port is none of those that
// Linux gives to connections going out (from 32768 on): one of them would take it while a server is started again.
func free(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := fmt.Sprint(10_000 + mathrand.N(22_000))
		one, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		two, err := net.Listen("tcp", "127.0.0.2:"+port)
		one.Close()
		if err == nil {
			two.Close()
			return "127.0.0.1:" + port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// caddy runs Caddy with deploy/Caddyfile. A DNS server of this test leads from the name talkover-mcp to the servers.
func caddy(t *testing.T, program string, to []*server) *proxy {
	addr, folder := free(t), t.TempDir()
	var ips []net.IP
	var port string
	for _, s := range to {
		host, p, _ := net.SplitHostPort(s.addr)
		ips, port = append(ips, net.ParseIP(host).To4()), p
	}
	_, public, _ := net.SplitHostPort(addr)
	file := filepath.Join(folder, "Caddyfile")
	write(t, file, replace(t, read(t, "../../deploy/Caddyfile"),
		"dynamic a talkover-mcp 8080 {", "dynamic a talkover-mcp "+port+" {\n\t\tresolvers udp/"+names(t, ips)))
	cmd := exec.Command(program, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = []string{"HOME=" + folder, "XDG_DATA_HOME=" + folder, "XDG_CONFIG_HOME=" + folder,
		"PUBLIC_HOST=http://" + publicHost + ":" + public}
	run(t, cmd, addr)
	return &proxy{"http://" + publicHost + ":" + public, client(addr, nil)}
}

// nginx runs nginx with deploy/nginx.conf.
func nginx(t *testing.T, program string, to []*server) *proxy {
	addr, folder := free(t), t.TempDir()
	certificate, key, roots := certify(t)
	for name, text := range map[string]string{"crt": certificate, "key": key} {
		write(t, filepath.Join(folder, name), text)
	}
	write(t, filepath.Join(folder, "talkover-mcp.conf"), replace(t, read(t, "../../deploy/nginx.conf"),
		"listen 443 ssl;", "listen "+addr+" ssl;",
		"talkover-mcp-1:8080", to[0].addr, "talkover-mcp-2:8080", to[len(to)-1].addr,
		"/etc/nginx/calls.example.com.", folder+"/"))
	main := "daemon off; pid pid; error_log stderr; worker_processes 2; events {}\nhttp {\n\taccess_log off; " +
		"include talkover-mcp.conf;\n"
	if os.Getuid() == 0 {
		main = "user root;\n" + main // for the folders of the test
	}
	for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += "\t" + what + "_temp_path " + what + ";\n"
	}
	write(t, filepath.Join(folder, "nginx.conf"), main+"}\n")
	run(t, exec.Command(program, "-e", "stderr", "-p", folder, "-c", "nginx.conf"), addr)
	return &proxy{"https://" + publicHost, client(addr, roots)}
}

// run runs a proxy until the test ends, and returns when it listens.
func run(t *testing.T, cmd *exec.Cmd, addr string) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &said, &said, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
		if t.Failed() {
			t.Logf("%s said: %s", cmd, said.String())
		}
	})
	for range 6000 { // two minutes
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", cmd, err, said.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not listen", cmd)
}

// client returns a client that finds every host at one address.
func client(addr string, roots *x509.CertPool) *http.Client {
	return &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 100,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}}
}

// request makes a request of a client that was let in.
func (p *proxy) request(method, path, body string) *http.Request {
	r, err := http.NewRequest(method, p.base+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer "+gateToken)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	return r
}

// post sends a message to /mcp.
func (p *proxy) post(message string) (status int, body string, err error) {
	res, err := p.client.Do(p.request(http.MethodPost, "/mcp", message))
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// certify makes a certificate for the public host.
func certify(t *testing.T) (certificate, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{publicHost},
		NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(certificate))
	return certificate, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), roots
}

// names runs a DNS server (RFC 1035) that answers with the addresses for every name, and returns where it listens.
func names(t *testing.T, ips []net.IP) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		query := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			end := 12 + bytes.IndexByte(query[12:n], 0) + 5 // the question: its name, type and class
			var answers []byte
			count := uint16(0)
			if binary.BigEndian.Uint16(query[end-4:]) == 1 { // A
				for _, ip := range ips {
					answers = append(append(answers, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4), ip...)
					count++
				}
			}
			head := binary.BigEndian.AppendUint16([]byte{query[0], query[1], 0x81, 0x80, 0, 1}, count)
			_, _ = conn.WriteTo(fmt.Append(nil, string(head), "\x00\x00\x00\x00", string(query[12:end]),
				string(answers)), from)
		}
	}()
	return conn.LocalAddr().String()
}
