package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
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
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"success":true,"data":[{"id":"a"}],"pagination":{"current_page":1,"last_page":4213,`+
			`"per_page":1,"total":4213}}`)
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
	t.Parallel()
	page, err := os.ReadFile("docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer s.Close()
	issuer := newIssuer(t)
	env := overHTTP("TALKOVER_BASE_URL", s.URL, "MCP_ADDR", "127.0.0.1:0",
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
	want := []string{"configuration", "address", "gate", "network", "token", "rate limit", "clock"}
	if !slices.Equal(checks, want) {
		t.Errorf("checks %q, want %q", checks, want)
	}
}

// A misspelt variable of the real environment is told.
func TestDoctorReadsTheNamesOfTheEnvironment(t *testing.T) {
	t.Parallel()
	out, err := command(t, []string{"TALKOVER_DEMO=true", "TALKOVER_TIMEZON=" + canary}, "doctor").CombinedOutput()
	if err != nil || !strings.Contains(string(out),
		"TALKOVER_TIMEZON is not a setting of this program, so it does nothing; did you mean "+
			"TALKOVER_TIMEZONE?") || strings.Contains(string(out), canary) {
		t.Errorf("%v: %s", err, out)
	}
}

// Whatever stands in the way, the doctor, the tools and the log name the same cause, and
// show no password of a proxy. net/http reads the proxies of the environment once a
// process, so each case has its own.
func TestTheCauseIsNamedEverywhere(t *testing.T) {
	t.Parallel()
	proxy := func(status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
			_ *http.Request) {
			w.WriteHeader(status)
		}))
		t.Cleanup(s.Close)
		return "HTTPS_PROXY=http://user:" + canary + "@" + s.Listener.Addr().String()
	}
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // clients who leave are wanted here
	secure.StartTLS()
	t.Cleanup(secure.Close)
	const elsewhere = "https://api.talkover.invalid/api/v1"
	const again, never = "Try again in a minute.", "Trying again will not help."
	for _, test := range []struct{ base, env, cause, what, do, again string }{
		{elsewhere, proxy(407), "proxy_login",
			"the proxy that HTTPS_PROXY names wants a user and a password (407)", "Set them in HTTPS_PROXY", never},
		{elsewhere, proxy(403), "proxy_refuses", "the proxy that HTTPS_PROXY names does not let it through (403)",
			"Ask who runs the proxy", never},
		{elsewhere, "HTTPS_PROXY=http://user:" + canary + "@[proxy", "proxy_url",
			"HTTPS_PROXY holds no URL of a proxy", "Correct it: host:port", never},
		{elsewhere, "HTTPS_PROXY=http://" + canary + "@proxy:none", "proxy_url",
			"HTTPS_PROXY holds no URL of a proxy", "Correct it: host:port", never},
		{elsewhere, "HTTPS_PROXY=http://user:" + canary + "%zz@proxy:3128", "proxy_url",
			"HTTPS_PROXY holds no URL of a proxy", "Correct it: host:port", never},
		{elsewhere, "HTTPS_PROXY=http://127.0.0.1:1", "proxy_away",
			"the proxy that HTTPS_PROXY names gives no connection", "Correct HTTPS_PROXY, or add", again},
		{secure.URL, "", "certificate_unknown", "its certificate is not one that this machine trusts",
			"Install the root certificate", never},
		{"http://127.0.0.1:1", "", "refused", "it refuses connections",
			"See whether the machine of this server has a network", again},
	} {
		t.Run(test.cause, func(t *testing.T) {
			t.Parallel()
			env := []string{"TALKOVER_TOKEN=" + canary, "TALKOVER_BASE_URL=" + test.base, "LOG_FORMAT=json",
				"LOG_LEVEL=debug", test.env}
			var out bytes.Buffer
			doctor := command(t, env, "doctor")
			doctor.Stdout = &out
			if err := doctor.Run(); err == nil || doctor.ProcessState.ExitCode() != cli.Failed {
				t.Errorf("%s: the doctor says %v", test.cause, err)
			}
			if text := out.String(); !strings.Contains(text, "\nFAIL  network: ") ||
				!strings.Contains(text, " could not be reached: "+test.what) ||
				!strings.Contains(text, test.do) || !strings.HasSuffix(text, "\n1 check failed: network.\n") {
				t.Errorf("the doctor says\n%s", text)
			}
			answers, stderr := exchange(t, command(t, env),
				hello+`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_calls"}}`+"\n")
			text := string(answers["1"])
			for _, want := range []string{"Talkover could not be reached", ": " + test.what,
				test.again + " " + test.do, "`talkover-mcp doctor`"} {
				if !strings.Contains(text, want) {
					t.Errorf("%s: no %q in\n%s", test.cause, want, text)
				}
			}
			for _, line := range []string{"upstream request", "tool call"} {
				if !regexp.MustCompile(`"msg":"` + line + `".*"cause":"` + test.cause + `"`).MatchString(stderr) {
					t.Errorf("no cause %s in a line %q of\n%s", test.cause, line, stderr)
				}
			}
			if all := out.String() + text + stderr; strings.Contains(all, canary[5:12]) {
				t.Errorf("%s: a secret shows in\n%s", test.cause, all)
			}
		})
	}
}

// A variable that the host did not fill in is not sent on as a token without a word.
func TestATokenThatTheHostDidNotFillIn(t *testing.T) {
	t.Parallel()
	env := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/health" {
			io.WriteString(w, `{"status":"ok"}`)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"message":"Unauthorized"}`)
	})
	const said = "does not look like a Talkover token (it does not begin with talq_); the host may not have filled " +
		"it in"
	for token, foreign := range map[string]bool{"${TALKOVER_TOKEN}": true, "%TALKOVER_TOKEN%": true,
		"${input:token}": true, "undefined": true, "***": true, canary: false} {
		for _, args := range [][]string{{"doctor"}, {"call", "list_calls"}} {
			out, _ := command(t, append(env, "TALKOVER_TOKEN="+token), args...).Output()
			if got := strings.Contains(string(out), "What TALKOVER_TOKEN holds "+said); got != foreign ||
				!strings.Contains(string(out), "401 Unauthorized") {
				t.Errorf("%s with %s says\n%s", args[0], token, out)
			}
		}
	}
	base, _ := served(t, append(env, "TALKOVER_TOKEN=", "TALKOVER_TOKEN_SOURCE=client"), "-transport", "http")
	for token, foreign := range map[string]bool{"${TALKOVER_TOKEN}": true, canary: false} {
		_, text, err := post(base, listCall(1, 1), "X-Talkover-Token", token)
		if got := strings.Contains(text, "X-Talkover-Token") &&
			strings.Contains(text, "What it holds "+said); err != nil || got != foreign {
			t.Errorf("with %s of the client: %v, %s", token, err, text)
		}
	}
}

func TestDoctorTakesNoArguments(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"doctor", "healthcheck"} {
		code, stdout, stderr := try(t, nil, command, "-demo", "now")
		if want := fmt.Sprintf("talkover-mcp: %q is not a command", command+" now"); code != cli.Misconfigured ||
			stdout != "" || !strings.HasPrefix(stderr, want) {
			t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	}
}
