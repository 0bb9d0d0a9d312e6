package httpserver

import (
	"net/http/httptest"
	"testing"
)

// What operators should know stands behind ok, and the replica stays ready.
func TestReadyTellsWhatOperatorsShouldKnow(t *testing.T) {
	line := ""
	s := &Server{Options: Options{Note: func() string { return line }}}
	for _, test := range []struct{ note, want string }{{"", "ok\n"}, {"Valkey is away", "ok\nValkey is away\n"}} {
		line = test.note
		w := httptest.NewRecorder()
		s.isReady(w, httptest.NewRequest("GET", "/readyz", nil))
		if w.Code != 200 || w.Body.String() != test.want {
			t.Errorf("%d %q, want %q", w.Code, w.Body, test.want)
		}
	}
}

// Linux would reach itself at 0.0.0.0 too; other systems do not.
func TestProbeAsksWhereTheServerCanBeReached(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:80":     "127.0.0.1:80",
		"[::]:80":        "127.0.0.1:80",
		":80":            "127.0.0.1:80",
		"[::1]:80":       "[::1]:80",
		"10.0.0.5:http":  "10.0.0.5:http",
		"calls.local:80": "calls.local:80",
	} {
		if got, err := probeAddr(addr); got != want || err != nil {
			t.Errorf("%s is asked at %s, %v", addr, got, err)
		}
	}
}
