package telemetry_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/internal/telemetry"
)

func TestMetricsAreAtOnePathAlone(t *testing.T) {
	m := telemetry.NewMetrics("1.2.3")
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/metrics", 200},
		{"HEAD", "/metrics", 200},
		{"POST", "/metrics", 405},
		{"GET", "/", 404},
		{"GET", "/metrics/", 404},
		{"GET", "/debug/pprof/", 404},
	} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest(test.method, "http://localhost"+test.path, nil))
		if w.Code != test.want || test.want == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: %d %v", test.method, test.path, w.Code, w.Header())
		}
		if found := strings.Contains(w.Body.String(), `version="1.2.3"`); found != (test.want == 200) {
			t.Errorf("%s %s: version told: %v", test.method, test.path, found)
		}
	}
}

// A page that rebinds its name to this address reads no metrics.
func TestMetricsHeedTheHost(t *testing.T) {
	m := telemetry.NewMetrics("1.2.3", "metrics.example.com")
	for host, want := range map[string]int{
		"localhost:9090": 200, "127.0.0.1": 200, "10.1.2.3:9090": 200, "[fd00::1]:9090": 200, "metrics.example.com": 200, "Metrics.Example.com.:9090": 200,
		"evil.example": 403, "evil.example:9090": 403, "metrics.example.com.evil.example": 403, "10.1.2.3.evil.example": 403, "": 403,
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Host = host
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		if w.Code != want || strings.Contains(w.Body.String(), "1.2.3") != (want == 200) {
			t.Errorf("%q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestMetricsTellWhetherReplicasShare(t *testing.T) {
	m := telemetry.NewMetrics("1")
	away := false
	m.WatchShared(func() (bool, int) { return away, 3 })
	for _, up := range []string{"1", "0"} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/metrics", nil))
		for _, want := range []string{"\ntalkover_mcp_valkey_up " + up + "\n", "\ntalkover_mcp_valkey_away_total 3\n"} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("no %q", want)
			}
		}
		away = true
	}
}

// A request that got no answer is counted as one, and its error comes through.
func TestRequestsWithoutAnAnswerAreCounted(t *testing.T) {
	m := telemetry.NewMetrics("1")
	r := httptest.NewRequest("GET", "http://127.0.0.1:1/calls", nil)
	if _, err := m.RoundTripper(failing{}).RoundTrip(r); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/metrics", nil))
	if !strings.Contains(w.Body.String(), `talkover_mcp_upstream_requests_total{endpoint="calls",status="none"} 1`) ||
		!strings.Contains(w.Body.String(), "talkover_mcp_upstream_up 0") {
		t.Error(w.Body)
	}
}

type failing struct{}

// RoundTrip implements [http.RoundTripper].
func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func TestServeEndsWithItsContext(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		telemetry.NewMetrics("1").Serve(t.Context(), ln, slog.New(slog.DiscardHandler))
		close(ended)
	}()
	res, err := http.Get("http://" + ln.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	t.Cleanup(func() { <-ended }) // the context ends before cleanups run
}
