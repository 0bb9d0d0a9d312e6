package doctor_test

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"github.com/talkover/talkover-mcp/internal/config/doctor"
	"github.com/talkover/talkover-mcp/internal/httpserver"

	"github.com/mark3labs/mcp-go/server"
)

// Variables that are meant for this program and do nothing are told, and those of other
// programs are not.
func TestDoctorTellsOfMisspeltVariables(t *testing.T) {
	const none = "is not a setting of this program, so it does nothing"
	for name, want := range map[string]string{
		"TALKOVER_TIMEZON":     "did you mean TALKOVER_TIMEZONE?",
		"TALKOVER_TOKENS":      "did you mean TALKOVER_TOKEN?",
		"talkover_token":       "did you mean TALKOVER_TOKEN?",
		"TALKOVER_MASK_NUMBER": "did you mean TALKOVER_MASK_NUMBERS?",
		"MCP_ADRR":             "did you mean MCP_ADDR?",
		"MCP_ALLOWED_HOST":     "did you mean MCP_ALLOWED_HOSTS?",
		"TALKOVER_COLOUR":      "talkover-mcp -help lists those that there are",
		"MCP_TIMEOUT":          "", // of Claude Code
		"MCP_TOOL_TIMEOUT":     "",
		"TALKOVER_DEMO":        "",
		"PATH":                 "",
		"TALKOVER_\u202eX":     "",
		"TALKOVER_" + canary:   none, // a token in a name is hidden
	} {
		var log bytes.Buffer
		found := doctor.Diagnose(t.Context(), envconfig.MapLookuper(map[string]string{"TALKOVER_DEMO": "true"}), []string{"HOME", name}, "test", &log)
		text := found.String()
		told := strings.Contains(text, "warn  configuration: ") && strings.Contains(text, none)
		if told != (want != "") || !strings.Contains(text, want) || strings.Contains(text, canary) || len(found.Checks(doctor.Failure)) > 0 {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

// The doctor says what the server would: that it cannot listen.
func TestDoctorLooksForTheAddress(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	go func() {
		for {
			c, err := busy.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	running := httptest.NewServer(httpserver.New(server.NewMCPServer("test", "1"), httpserver.Options{}))
	defer running.Close()
	for name, test := range map[string]struct{ addr, metrics, want, last string }{
		"free":         {"127.0.0.1:0", "127.0.0.1:0", "ok address|MCP_ADDR: 127.0.0.1:0 is free|ok address|MCP_METRICS_ADDR: 127.0.0.1:0 is free", "All is well."},
		"in use":       {busy.Addr().String(), "", "FAIL address|MCP_ADDR: takes a port that is free; " + busy.Addr().String() + " is in use", "1 check failed: address."},
		"by a server":  {running.Listener.Addr().String(), "", "warn address|MCP_ADDR: a server answers at " + running.Listener.Addr().String() + " already", "No check failed; see the warning: address."},
		"metrics":      {"127.0.0.1:0", busy.Addr().String(), "ok address|MCP_ADDR|FAIL address|MCP_METRICS_ADDR: takes a port that is free", "1 check failed: address."},
		"of elsewhere": {"localhost:0", "192.0.2.1:9090", "ok address|MCP_ADDR|FAIL address|MCP_METRICS_ADDR: takes an address of this machine", "1 check failed: address."},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"TALKOVER_DEMO": "true", "MCP_TRANSPORT": "http", "MCP_ADDR": test.addr, "MCP_METRICS_ADDR": test.metrics}
			found, _ := diagnose(t, env)
			diagnosed(t, found, "ok configuration|http at|"+test.want, test.last)
		})
	}
}

// A token that cannot be one is told apart from one that Talkover does not know.
func TestDoctorKnowsTokensThatAreNone(t *testing.T) {
	for token, want := range map[string]string{
		`"` + canary + `"`: "FAIL configuration|TALKOVER_TOKEN: takes the token alone, without the quotation marks around it",
		`'` + canary + `'`: "FAIL configuration|TALKOVER_TOKEN: takes the token alone, without the quotation marks around it",
		`"`:                "FAIL configuration|TALKOVER_TOKEN: takes the token alone, without the quotation marks around it",
		"talq_your_environment_token_here": "FAIL configuration|TALKOVER_TOKEN: takes a Talkover API token, which is missing (to try without one: -demo). " +
			"What is set is the placeholder of the documents; put the token of your account in its place",
	} {
		found, logged := diagnose(t, map[string]string{"TALKOVER_TOKEN": token})
		diagnosed(t, found, want+"|- network|not checked", "1 check failed: configuration.")
		secretive(t, found, logged)
	}
}

// The doctor says which hosts the certificate of an API is for.
func TestDoctorNamesTheHostsOfACertificate(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler()) // for example.com, 127.0.0.1 and ::1
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	found, logged := diagnose(t, map[string]string{"TALKOVER_TOKEN": canary, "TALKOVER_BASE_URL": "https://localhost:" + port})
	text := found.String()
	if !strings.Contains(text, "its certificate is for another host: \"[example.com") || !strings.Contains(text, "127.0.0.1") || !strings.Contains(text, "If TALKOVER_BASE_URL is set, correct it") {
		t.Errorf("%s\n%s", text, logged)
	}
}
