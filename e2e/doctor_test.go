package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/internal/cli"
)

// The doctor prints a line for each finding, and a summary.
func TestDoctorPrintsWhatItFound(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"success":true,"data":[{"id":"a"}],"pagination":{"current_page":1,"last_page":4213,"per_page":1,"total":4213}}`)
	}))
	defer s.Close()
	form := regexp.MustCompile(`^(ok|warn|FAIL|-) +([a-z ]+): (.+)$`)
	for token, want := range map[string]struct {
		code int
		last string
	}{
		canary: {cli.Success, "All is well."},
		"":     {cli.Failed, "1 check failed: configuration."},
	} {
		code, stdout, stderr := try(t, map[string]string{"TALKOVER_TOKEN": token, "TALKOVER_BASE_URL": s.URL}, "doctor")
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if code != want.code || stderr != "" || len(lines) != 6 || lines[5] != want.last {
			t.Errorf("exit %d, stderr %q, stdout:\n%s", code, stderr, stdout)
		}
		for _, line := range lines[:len(lines)-1] {
			if !form.MatchString(line) {
				t.Errorf("a line of no form: %q", line)
			}
		}
	}
}

// What -json prints is what its page says, so that scripts can rely on it.
func TestDoctorJSONIsAsItsPageSays(t *testing.T) {
	page, err := os.ReadFile("docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer s.Close()
	issuer := newIssuer(t)
	env := overHTTP("TALKOVER_BASE_URL", s.URL, "MCP_ADDR", "127.0.0.1:0", "OTEL_EXPORTER_OTLP_ENDPOINT", s.URL,
		"MCP_AUTH", "oidc", "MCP_OIDC_ISSUER", issuer.URL, "MCP_RESOURCE_URL", "https://calls.example.com/mcp")
	code, stdout, stderr := try(t, env, "doctor", "-json")
	var got struct {
		OK       bool   `json:"ok"`
		Summary  string `json:"summary"`
		Findings []struct {
			Check    string `json:"check"`
			Severity string `json:"severity"`
			Text     string `json:"text"`
		} `json:"findings"`
	}
	strict := json.NewDecoder(strings.NewReader(stdout))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&got); err != nil || code != cli.Failed || got.OK || got.Summary == "" || stderr != "" {
		t.Fatalf("exit %d, %v, stderr %s:\n%s", code, err, stderr, stdout)
	}
	var checks []string
	for _, f := range got.Findings {
		checks = append(checks, f.Check)
		for _, word := range []string{f.Check, f.Severity} {
			if !strings.Contains(string(page), "`"+word+"`") {
				t.Errorf("docs/commands.md does not name %q", word)
			}
		}
		if f.Text == "" {
			t.Errorf("%s has no text", f.Check)
		}
	}
	want := []string{"configuration", "address", "collector", "gate", "network", "token", "rate limit", "clock"}
	if !slices.Equal(checks, want) {
		t.Errorf("checks %q, want %q", checks, want)
	}
}

// A misspelt variable of the real environment is told.
func TestDoctorReadsTheNamesOfTheEnvironment(t *testing.T) {
	out, err := command(t, []string{"TALKOVER_DEMO=true", "TALKOVER_TIMEZON=" + canary}, "doctor").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "TALKOVER_TIMEZON is no setting of this program, so it does nothing; did you mean TALKOVER_TIMEZONE?") || strings.Contains(string(out), canary) {
		t.Errorf("%v: %s", err, out)
	}
}

// net/http reads the proxies of the environment once a process, so each case has its own.
func TestDoctorBehindAProxy(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer s.Close()
	for proxy, want := range map[string]string{
		"http://user:" + canary + "@" + s.Listener.Addr().String(): "the proxy that HTTPS_PROXY names does not connect to api.talkover.invalid: it answered 407. Correct HTTPS_PROXY, or add api.talkover.invalid to NO_PROXY",
		"http://127.0.0.1:1": "the proxy that HTTPS_PROXY names does not connect",
	} {
		cmd := command(t, []string{"TALKOVER_TOKEN=" + canary, "TALKOVER_BASE_URL=https://api.talkover.invalid", "HTTPS_PROXY=" + proxy}, "doctor")
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Error("it is well")
		}
		if code := cmd.ProcessState.ExitCode(); code != cli.Failed || !strings.Contains(string(out), "\nFAIL  network: "+want) ||
			!strings.HasSuffix(string(out), "\n1 check failed: network.\n") || strings.Contains(string(out), canary[5:12]) {
			t.Errorf("exit %d:\n%s", code, out)
		}
	}
}

func TestDoctorTakesNoArguments(t *testing.T) {
	for _, command := range []string{"doctor", "healthcheck"} {
		code, stdout, stderr := try(t, nil, command, "-demo", "now")
		if want := fmt.Sprintf("talkover-mcp: %q is no command", command+" now"); code != cli.Misconfigured || stdout != "" || !strings.HasPrefix(stderr, want) {
			t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	}
}
