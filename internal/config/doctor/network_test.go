package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// certified starts a server with a certificate of its own for 127.0.0.1, valid from and
// until so long from now.
func certified(t *testing.T, from, until time.Duration) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(answers(200, oneOf4213))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients who leave are wanted here
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestDoctorWithoutAConnection(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := closed.Addr().String()
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // whose queue takes connections that nobody reads
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	plain := httptest.NewServer(answers(200, oneOf4213))
	t.Cleanup(plain.Close)
	const none, short = "", "500ms"
	for name, test := range map[string]struct{ base, timeout, want string }{
		"refused":                   {"http://" + refused, none, "could not be reached: it refuses connections. See whether the machine"},
		"silent":                    {"http://" + silent.Addr().String(), short, "does not answer within 500ms, nor does its /health"},
		"no TLS":                    {"https://" + plain.Listener.Addr().String(), none, "does not speak TLS as it should"},
		"a certificate of nobody":   {certified(t, -time.Hour, time.Hour), none, "not one that this machine trusts. Install the root certificate"},
		"a certificate of the past": {certified(t, -2*time.Hour, -time.Hour), none, "has expired, or is not valid yet: current time 20"},
		"a certificate to come":     {certified(t, time.Hour, 2*time.Hour), none, "has expired, or is not valid yet: current time 20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // one waits
			env := map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_BASE_URL": test.base + "/api/v1", "TALKOVER_TIMEOUT": test.timeout}
			found, logged := diagnose(t, env)
			diagnosed(t, found, "FAIL network|"+test.want+"|- token|not checked|- clock|not checked", "1 check failed: network.")
			secretive(t, found, logged)
		})
	}
}

// resolver answers DNS queries in memory: with 192.0.2.1 for the known names, and for all
// others that there is no such name.
func resolver(known ...string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe() // a stream: messages come after their length
		go func() {
			defer there.Close()
			head := make([]byte, 2)
			if _, err := io.ReadFull(there, head); err != nil {
				return
			}
			query := make([]byte, int(head[0])<<8|int(head[1]))
			if _, err := io.ReadFull(there, query); err != nil {
				return
			}
			reply := dnsReply(query, known)
			_, _ = there.Write(append([]byte{byte(len(reply) >> 8), byte(len(reply))}, reply...))
		}()
		return here, nil
	}}
}

// dnsReply answers a query by RFC 1035, section 4.
func dnsReply(query []byte, known []string) []byte {
	var labels []string
	at := 12
	for query[at] != 0 {
		size := int(query[at])
		labels = append(labels, string(query[at+1:at+1+size]))
		at += 1 + size
	}
	kind := query[at+2] // the low byte of the type: 1 for A
	question := query[12 : at+5]
	reply := append([]byte{query[0], query[1], 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	for _, name := range known {
		if name == strings.Join(labels, ".") {
			reply[3] = 0x80
			if kind == 1 {
				reply[7] = 1
				reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1)
			}
		}
	}
	return reply
}

// The doctor tells a host that does not exist from a network that does not work.
func TestDoctorTellsAWrongNameFromNoNetwork(t *testing.T) {
	before := net.DefaultResolver
	defer func() { net.DefaultResolver = before }()
	deaf := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "udp", Err: os.ErrDeadlineExceeded}
	}}
	for name, test := range map[string]struct {
		resolver *net.Resolver
		base     string
		want     string
	}{
		"a wrong name":       {resolver("app.talkover.ai"), "https://api.talkover.invalid/v1", "api.talkover.invalid could not be reached: its name is not found, while app.talkover.ai is. Correct TALKOVER_BASE_URL"},
		"no name is known":   {resolver(), "https://api.talkover.invalid/v1", "api.talkover.invalid could not be reached: its name is not found, nor is that of app.talkover.ai. See whether the machine"},
		"Talkover is not":    {resolver(), "https://app.talkover.ai/api/v1", "app.talkover.ai could not be reached: its name is not found. See whether the machine"},
		"no server of names": {deaf, "https://app.talkover.ai/api/v1", "app.talkover.ai did not answer in time: the name server does not answer. See whether the machine"},
	} {
		t.Run(name, func(t *testing.T) {
			net.DefaultResolver = test.resolver
			found, _ := diagnose(t, map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_BASE_URL": test.base})
			diagnosed(t, found, "FAIL network|"+test.want, "1 check failed: network.")
		})
	}
}
